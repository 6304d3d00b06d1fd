"""What each column says of one descriptor: the getters that filters and sorting are made of."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping

from fdtui.errors import errno_name
from fdtui.linux import abi
from fdtui.linux.abi_net import FAMILIES, TYPES
from fdtui.linux.json_types import Json
from fdtui.linux.lean import socket
from fdtui.linux.record import Record, Sock
from fdtui.linux.users import user_name
from fdtui.survey import columns
from fdtui.survey.columns import Value
from fdtui.survey.facts import Facts, peer_words

_TYPE_WORDS = {
    stat.S_IFREG: "REG",
    stat.S_IFDIR: "DIR",
    stat.S_IFCHR: "CHR",
    stat.S_IFBLK: "BLK",
    stat.S_IFIFO: "FIFO",
    stat.S_IFSOCK: "SOCK",
    stat.S_IFLNK: "LINK",
}
_NAMED = {kind for kind in _TYPE_WORDS if kind != stat.S_IFSOCK}


def type_words(record: Record) -> tuple[str, ...]:
    """TYPE of lsfd, old and new: `REG`; `SOCK`, `UNIX-STREAM`, `UNIX`; `UNKN`, `eventfd`."""
    word = sttype(record)
    if record.sockproto:
        proto = record.sockproto
        return tuple(dict.fromkeys((word, proto, proto.partition("-")[0])))
    if word == "UNKN" and record.link.startswith("anon_inode:"):
        return word, record.link.removeprefix("anon_inode:").strip("[]")
    return (word,)


def sttype(record: Record) -> str:
    """The file type of stat(2) in lsfd's letters; UNKN for anonymous inodes."""
    return _TYPE_WORDS.get(stat.S_IFMT(record.mode), "UNKN")


def mode(record: Record) -> str:
    """`r`, `w`, `rw`, `path`; "" where it is not known."""
    if record.flags >= 0:
        return "" if record.flags & 0o10000003 == 3 else abi.access_mode(record.flags)
    return {4: "r", 2: "w", 6: "rw", 0: "path"}.get(record.access, "")


def flags(record: Record) -> str:
    """As lsfd: `wronly,append,cloexec`; reading alone is not named."""
    if record.flags < 0:
        return ""
    words = abi.open_flag_names(record.flags)
    return ",".join(w.removeprefix("O_").lower() for w in words if w not in _UNSAID)


_UNSAID = ("O_RDONLY", "O_LARGEFILE")


def deleted(record: Record) -> bool:
    """No name is left, by the link count: a real name may end in ` (deleted)`."""
    return record.nlink == 0 and stat.S_IFMT(record.mode) in _NAMED


def xmode(record: Record) -> str:
    """As lsfd: `rw-D--`, with L for a lock."""
    access = mode(record)
    letters = ("r" if "r" in access else "-") + ("w" if "w" in access else "-") + "-"
    if access == "path":
        letters = "---"
    lock = "L" if "lock:" in record.extra else "-"
    return f"{letters}{'D' if deleted(record) else '-'}{lock}-"


def _known(number: int) -> int | None:
    return number if number >= 0 else None


def device(number: int) -> str | None:
    return f"{os.major(number)}:{os.minor(number)}" if number >= 0 else None


def _in_info(key: str) -> Callable[[Facts], Value]:
    """From the kind's decoded facts, or from what the bpf engine saw of the socket."""

    def get(facts: Facts) -> Value:
        value: Json = facts.info.get(key)
        if value is None and facts.record.sock is not None:
            return _of_sock(facts.record.sock, key)
        return value if isinstance(value, str | int | float) else None

    return get


def _of_sock(sock: Sock, key: str) -> Value:
    inet = bool(sock.laddr)
    if key == "state":
        return abi.TCP_STATES.get(sock.state) if inet or sock.family == socket.AF_UNIX else None
    if key == "family":
        return FAMILIES.get(sock.family, str(sock.family))
    if key == "type":
        return TYPES.get(sock.type, str(sock.type))
    if key in ("laddr", "lport", "raddr", "rport") and not inet:
        return None
    value = getattr(sock, key)
    return value if isinstance(value, str | int) and value != "" else None


def _listening(facts: Facts) -> Value:
    state = GETTERS["state"](facts)
    return None if state is None else state == "LISTEN"


def _peer(facts: Facts) -> Value:
    return tuple(map(peer_words, facts.peers)) if facts.peers else None


_INFO_KEYS = {
    "state": "state",
    "family": "family",
    "sock.type": "type",
    "netns": "netns",
    "laddr": "laddr",
    "lport": "lport",
    "raddr": "raddr",
    "rport": "rport",
    "path": "path",
    "recv_queue": "recv_queue",
    "send_queue": "send_queue",
}

GETTERS: Mapping[str, Callable[[Facts], Value]] = {
    "pid": lambda f: f.owner.pid,
    "start": lambda f: f.owner.start_time,
    "ppid": lambda f: f.owner.ppid,
    "comm": lambda f: f.owner.comm,
    "user": lambda f: user_name(f.owner.uid),
    "uid": lambda f: f.owner.uid,
    "container": lambda f: f.container or None,
    "kthread": lambda f: f.owner.kernel,
    "fd": lambda f: None if f.special else f.record.fd,
    "assoc": lambda f: f.special or str(f.record.fd),
    "kind": lambda f: f.kind,
    "type": lambda f: type_words(f.record),
    "sttype": lambda f: sttype(f.record),
    "mode": lambda f: mode(f.record),
    "xmode": lambda f: xmode(f.record),
    "flags": lambda f: flags(f.record),
    "pos": lambda f: _known(f.record.pos),
    "size": lambda f: _known(f.record.size),
    "blocks": lambda f: f.record.blocks * 512 if f.record.blocks >= 0 else None,
    "dev": lambda f: device(f.record.dev),
    "rdev": lambda f: device(f.record.rdev),
    "ino": lambda f: _known(f.record.ino),
    "mnt_id": lambda f: _known(f.record.mnt_id),
    "mount": lambda f: f.mount[0] if f.mount else None,
    "source": lambda f: f.mount[1] if f.mount else None,
    "fstype": lambda f: f.mount[2] if f.mount else None,
    "nlink": lambda f: _known(f.record.nlink),
    "deleted": lambda f: deleted(f.record),
    "fuid": lambda f: _known(f.record.uid),
    "owner": lambda f: user_name(f.record.uid) if f.record.uid >= 0 else None,
    "target": lambda f: f.record.link,
    "shared": lambda f: f.shared,
    "sharing": lambda f: f.sharing,
    "peer": _peer,
    "peer.pid": lambda f: tuple(p.pid for p in f.peers) if f.peers else None,
    "peer.fd": lambda f: tuple(p.fd for p in f.peers if p.fd is not None) if f.peers else None,
    "peer.comm": lambda f: tuple(p.comm for p in f.peers) if f.peers else None,
    "protocol": lambda f: f.record.sockproto or None,
    "listening": _listening,
    "age": lambda f: f.age,
    "rate": lambda f: f.rate,
    "error": lambda f: errno_name(f.record.error[1]) if f.record.error else None,
    **{name: _in_info(key) for name, key in _INFO_KEYS.items()},
}
assert {column.name for column in columns.COLUMNS} == set(GETTERS)


def getter(name: str) -> Callable[[Facts], Value]:
    """For compile_filter(): the function of a column."""
    return GETTERS[name]


def haystack(facts: Facts) -> str:
    """What plain words are looked for in, in lower case; put together for every call."""
    record, info, owner = facts.record, facts.info, facts.owner
    parts = [record.link, owner.comm, facts.kind, user_name(owner.uid), facts.container]
    parts += [str(owner.pid), str(record.fd)]
    if facts.peers:
        parts += map(peer_words, facts.peers)
    parts += [str(info[key]) for key in _SEARCHED if key in info]
    return "\n".join(parts).lower()


_SEARCHED = ("laddr", "lport", "raddr", "rport", "path", "state")
