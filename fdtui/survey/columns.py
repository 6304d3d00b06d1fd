"""The columns of `ls -o`, of filters and of the Machine place: names, lsfd's names, types, help.

`NAME` and `COMMAND` mean what they mean in lsfd: the target and the process's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from fdtui.linux.lean import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import TypeAlias


Value: TypeAlias = "str | int | float | bool | tuple[str, ...] | tuple[int, ...] | None"


class Type(Enum):
    """How a column compares.  A tuple matches when one of its values does."""

    TEXT = "text"
    NUMBER = "number"  # also of seconds; a text in it (cwd) equals no number
    SIZE = "size"  # bytes
    BOOLEAN = "true or false"


class Column(NamedTuple):
    """One column.  `key` is its place in `ls --jsonl`, `aliases` are its names in lsfd."""

    name: str
    type: Type
    key: str
    help: str
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()  # offered as completion; others may occur
    normal: Callable[[str], str] | None = None  # lsfd's spelling of a value to ours

    @property
    def numeric(self) -> bool:
        return self.type in (Type.NUMBER, Type.SIZE)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KIND_NAMES = _words(
    "regular directory block char tty ptmx pipe fifo unix tcp udp udplite raw ping sctp netlink "
    "packet vsock socket memfd secretmem eventfd timerfd signalfd epoll inotify fanotify pidfd "
    "namespace mqueue io_uring userfaultfd perf_event bpf-map bpf-prog bpf-link bpf-btf "
    "landlock-ruleset seccomp-notify fscontext mount dma-buf drm kvm symlink o-path anon unknown"
)
_TYPES = _words("REG DIR CHR BLK FIFO SOCK LINK UNKN UNIX TCP UDP NETLINK")
_STATES = _words(
    "ESTAB SYN_SENT SYN_RECV FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT CLOSE CLOSE_WAIT LAST_ACK LISTEN "
    "CLOSING"
)


def _mode(text: str) -> str:
    """`rw-` of lsfd is our `rw`; `---` is what O_PATH gives."""
    if len(text) == 3 and not set(text) - set("rwx-"):
        return text.rstrip("-").lstrip("-") or "path"
    return text


def _state(text: str) -> str:
    """lsfd writes states out where ss(8) shortens them."""
    return {"ESTABLISHED": "ESTAB"}.get(text.upper(), text.upper().replace("-", "_"))


_T, _N, _S, _B = Type.TEXT, Type.NUMBER, Type.SIZE, Type.BOOLEAN

COLUMNS: tuple[Column, ...] = (
    Column("pid", _N, "pid", "process id"),
    Column("start", _N, "start_time", "start of the process, clock ticks since boot"),
    Column("ppid", _N, "ppid", "process id of the parent"),
    Column("comm", _T, "comm", "name of the process", ("COMMAND",)),
    Column("user", _T, "user", "user of the process"),
    Column("uid", _N, "uid", "user id of the process"),
    Column("container", _T, "container", "container or systemd unit of the process"),
    Column("kthread", _B, "kthread", "the process is a kernel thread"),
    Column("fd", _N, "fd", "descriptor number; cwd, exe, root or mem for what is held otherwise"),
    Column("assoc", _T, "fd", "the same as text", values=("cwd", "exe", "root", "mem")),
    Column("kind", _T, "kind", "what it is, as fdtui names it", values=KIND_NAMES),
    Column("type", _T, "type", "what it is, as lsfd names it", values=_TYPES),
    Column("sttype", _T, "sttype", "file type of stat(2), as lsfd names it", values=_TYPES[:7]),
    Column(
        "mode",
        _T,
        "mode",
        "access: r, w, rw or path",
        values=("r", "w", "rw", "path"),
        normal=_mode,
    ),
    Column("xmode", _T, "xmode", "access, D deleted, l locked, as in lsfd: rw-D--"),
    Column("flags", _T, "flags", "flags of open(2): wronly, rdwr, append, nonblock, cloexec ..."),
    Column("pos", _N, "pos", "offset of the description, bytes"),
    Column("size", _S, "size", "size of the file or bytes queued"),
    Column("blocks", _S, "blocks", "bytes on disk"),
    Column("dev", _T, "dev", "device of the file system, major:minor", ("MAJ:MIN",)),
    Column("rdev", _T, "rdev", "the device itself, major:minor"),
    Column("ino", _N, "ino", "inode number", ("INODE",)),
    Column("mnt_id", _N, "mnt_id", "mount it was opened through", ("MNTID",)),
    Column("mount", _T, "mount", "mount point", ("MOUNTPOINT",)),
    Column("source", _T, "source", "device or file system mounted there", ("SOURCE",)),
    Column("fstype", _T, "fstype", "type of the file system"),
    Column("nlink", _N, "nlink", "names the file has"),
    Column("deleted", _B, "deleted", "no name is left"),
    Column("fuid", _N, "fuid", "user id of the file's owner"),
    Column("owner", _T, "owner", "user who owns the file"),
    Column("target", _T, "target", "what it refers to: path, socket, pipe", ("NAME",)),
    Column("shared", _N, "shared", "descriptors of the same description, this one included"),
    Column("sharing", _T, "sharing", "id of the description, equal for those that share it"),
    Column("peer", _T, "peer", "other end: PID:FD and name", ("ENDPOINTS",)),
    Column("peer.pid", _N, "peers.pid", "process id of the other end"),
    Column("peer.fd", _N, "peers.fd", "descriptor number of the other end"),
    Column("peer.comm", _T, "peers.comm", "name of the process at the other end"),
    Column("state", _T, "info.state", "state of a socket", ("SOCK.STATE",), _STATES, _state),
    Column("family", _T, "info.family", "address family: inet, inet6, unix ..."),
    Column("protocol", _T, "info.protocol", "its protocol", ("SOCK.PROTONAME", "PROTONAME")),
    Column("sock.type", _T, "info.type", "stream, dgram, seqpacket ...", ("SOCK.TYPE",)),
    Column("listening", _B, "info.listening", "the socket listens", ("SOCK.LISTENING",)),
    Column("netns", _N, "info.netns", "network namespace of a socket, its inode", ("SOCK.NETNS",)),
    Column(
        "laddr",
        _T,
        "info.laddr",
        "local address",
        ("INET.LADDR", "INET6.LADDR", "TCP.LADDR", "UDP.LADDR", "UDPLITE.LADDR"),
    ),
    Column("lport", _N, "info.lport", "local port", ("TCP.LPORT", "UDP.LPORT", "UDPLITE.LPORT")),
    Column(
        "raddr",
        _T,
        "info.raddr",
        "remote address",
        ("INET.RADDR", "INET6.RADDR", "TCP.RADDR", "UDP.RADDR", "UDPLITE.RADDR"),
    ),
    Column("rport", _N, "info.rport", "remote port", ("TCP.RPORT", "UDP.RPORT", "UDPLITE.RPORT")),
    Column("path", _T, "info.path", "name of a unix socket", ("UNIX.PATH",)),
    Column("recv_queue", _S, "info.recv_queue", "bytes received and not read"),
    Column("send_queue", _S, "info.send_queue", "bytes sent and not acknowledged"),
    Column("age", _N, "age", "seconds since it was first seen"),
    Column("rate", _S, "rate", "bytes a second its offset moves"),
    Column("error", _T, "error.name", "errno of what could not be read: EACCES ..."),
)

TEXTS = _words(  # where plain words are looked for
    "target comm kind user assoc laddr raddr lport rport path peer container state mount pid"
)


class Vocabulary:
    """The columns that the filters of one kind of rows may name."""

    def __init__(
        self,
        columns: Sequence[Column],
        texts: Sequence[str],
        listed: str = "",
        strangers: Callable[[str], str] = lambda name: "",
    ) -> None:
        """`texts`: where plain words are looked for; `listed`: where all columns are told.

        `strangers` says of a name whose column it is, "" where it is nobody's.
        """
        self.columns, self.texts, self.listed, self.strangers = columns, texts, listed, strangers
        self._by_name: dict[str, Column] = {}
        for column in columns:
            for name in (column.name, *column.aliases):
                self._by_name.setdefault(name.lower(), column)

    def find(self, name: str) -> Column | None:
        """The column of that name or alias, in any case of letters."""
        return self._by_name.get(name.lower())

    def similar(self, name: str) -> str | None:
        """The name that was perhaps meant."""
        import difflib

        found = difflib.get_close_matches(name.lower(), self._by_name, 1)
        return found[0] if found else None

    def names(self) -> Iterator[str]:
        """The names themselves, then the aliases."""
        yield from (column.name for column in self.columns)
        for column in self.columns:
            yield from column.aliases


DESCRIPTORS = Vocabulary(COLUMNS, TEXTS, "fdtui ls --list-columns")
find, similar, names = DESCRIPTORS.find, DESCRIPTORS.similar, DESCRIPTORS.names
