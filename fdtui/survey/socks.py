"""State, addresses and queues of sockets by inode, as the kernel's dumps tell them.

What the bpf engine sees of each socket by itself.  Sockets that no dump lists (unbound ones, and
families without one) are not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.procfs import Failure
from fdtui.linux.record import Sock

if TYPE_CHECKING:
    from socket import socket

    from fdtui.survey.sockdumps import Dump

_RAW, _LISTEN = 3, 10


class Socks:
    """Dumps every network namespace there is, when first asked (60 ms for 25,000 sockets)."""

    def __init__(self) -> None:
        self.failures: dict[int, Failure] = {}  # by namespace
        self._spaces: dict[int, int] | None = None
        self._unix: dict[int, Sock] | None = None
        self._others: dict[int, Sock] | None = None

    def of(self, ino: int) -> Sock | None:
        """Return what is known of a socket."""
        found = self.unix(ino)
        if found is None:
            if self._others is None:
                from fdtui.survey.sockdumps import OTHERS

                self._others = self._load(OTHERS)
            found = self._others.get(ino)
        return found

    def unix(self, ino: int) -> Sock | None:
        """Return what is known of a unix socket; the others are not asked for."""
        if self._unix is None:
            from fdtui.survey.sockdumps import unix

            self._unix = self._load((("unix_diag", unix),))
        return self._unix.get(ino)

    def of_port(self, port: int) -> list[int]:
        """Return the inodes of sockets that have a port, those that listen first.

        Where nobody has it here, those connected to it elsewhere.
        """
        self.of(-1)  # dump everything
        inet = [(ino, sock) for ino, sock in (self._others or {}).items() if sock.laddr]
        inet = [(ino, sock) for ino, sock in inet if sock.type != _RAW]
        local = [(sock.state != _LISTEN, ino) for ino, sock in inet if sock.lport == port]
        return [ino for _, ino in sorted(local)] or [
            ino for ino, sock in inet if sock.rport == port
        ]

    def bound_to(self, path: str, dev: tuple[int, int], ino: int) -> list[int]:
        """Return the inodes of the unix sockets that are bound to a file, or accepted there."""
        from fdtui.linux import sockdiag

        found: list[int] = []
        for _, sock in self._namespaces():
            for one in sockdiag.unix_names(sock):
                # The device of an overlay or of btrfs is another one here.
                same = one.file is not None and one.file[2] == ino
                if same and (one.file == (*dev, ino) or one.path == path):
                    found.append(one.ino)
        return sorted(found)

    def _load(self, dumps: tuple[tuple[str, Dump], ...]) -> dict[int, Sock]:
        known: dict[int, Sock] = {}
        for netns, sock in self._namespaces():
            for name, dump in dumps:
                try:
                    known.update(dump(sock, netns))
                except OSError as error:  # ENOENT: this kernel has no such family
                    self.failures.setdefault(netns, Failure(name, error.errno or 0))
        return known

    def _namespaces(self) -> Iterator[tuple[int, socket]]:
        """Yield each namespace with a socket in it that asks, open until the next."""
        from fdtui.linux.netlink import open_socket
        from fdtui.linux.netns import netns_of, open_socket_in
        from fdtui.survey.socket_peers import namespaces

        try:
            own = netns_of()
        except OSError:
            own = -1
        if self._spaces is None:
            from fdtui.survey.scan import all_pids

            self._spaces = namespaces(all_pids()) or {own: 0}
        for netns, pid in self._spaces.items():
            try:
                sock = open_socket() if netns == own else open_socket_in(pid)
            except OSError as error:
                self.failures[netns] = Failure("setns", error.errno or 0)
                continue
            with sock:
                yield netns, sock
