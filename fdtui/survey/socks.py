"""State, addresses and queues of sockets by inode, as the kernel's dumps tell them.

What the bpf engine sees of each socket by itself.  Sockets that no dump lists (unbound ones, and
families without one) are not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fdtui.linux.procfs import Failure
from fdtui.linux.record import Sock
from fdtui.survey.scan import all_pids

if TYPE_CHECKING:
    from fdtui.survey.sockdumps import Dump


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

    def _load(self, dumps: tuple[tuple[str, Dump], ...]) -> dict[int, Sock]:
        from fdtui.linux.netlink import open_socket
        from fdtui.linux.netns import netns_of, open_socket_in
        from fdtui.survey.socket_peers import namespaces

        known: dict[int, Sock] = {}
        try:
            own = netns_of()
        except OSError:
            own = -1
        if self._spaces is None:
            self._spaces = namespaces(all_pids()) or {own: 0}
        for netns, pid in self._spaces.items():
            try:
                sock = open_socket() if netns == own else open_socket_in(pid)
            except OSError as error:
                self.failures[netns] = Failure("setns", error.errno or 0)
                continue
            with sock:
                for name, dump in dumps:
                    try:
                        known.update(dump(sock, netns))
                    except OSError as error:  # ENOENT: this kernel has no such family
                        self.failures.setdefault(netns, Failure(name, error.errno or 0))
        return known
