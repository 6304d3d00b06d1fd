"""What fdtui says of every specimen beside what Debian's lsfd(1) and lsof(8) say of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any, NamedTuple

import pytest

from fdtui.kinds import classify
from fdtui.linux.abi import open_flag_names
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.users import user_name
from tests.specimens.registry import SPECIMENS
from tests.zoo_process import ZooProcess, zoo

__all__ = ["zoo"]

NAMES = list(SPECIMENS)
COLUMNS = (
    "FD,TYPE,MODE,FLAGS,POS,SIZE,DELETED,INODE,NLINK,MNTID,SOURCE,CHRDRV,BLKDRV,MISCDEV,"
    "PROTONAME,RDEV,NAME,DEV,DEVTYPE,MAJ:MIN,PARTITION,FUID,OWNER"
)
SOCKETS = {
    *("unix", "tcp", "udp", "udplite", "raw", "ping", "sctp", "netlink", "packet", "vsock"),
    "socket",
}
ANONYMOUS = {
    *("eventfd", "timerfd", "signalfd", "epoll", "inotify", "fanotify", "pidfd", "io_uring"),
    *("userfaultfd", "perf_event", "bpf-map", "bpf-prog", "bpf-link", "bpf-btf", "kvm", "anon"),
    *("landlock-ruleset", "seccomp-notify", "fscontext"),
}
# Kinds that the kernel tells nothing about but the name.
MUTE = {"landlock-ruleset", "fscontext"}
LSFD_TYPES = {
    **dict.fromkeys(("regular", "memfd", "secretmem", "mqueue", "namespace"), "REG"),
    **dict.fromkeys(("directory", "mount"), "DIR"),
    **dict.fromkeys(("char", "tty", "ptmx", "drm"), "CHR"),
    **dict.fromkeys(("pipe", "fifo"), "FIFO"),
    **dict.fromkeys(SOCKETS, "SOCK"),
    **dict.fromkeys(ANONYMOUS, "UNKN"),
    "block": "BLK",
    "symlink": "LINK",
}
LSOF_TYPES = {
    **{kind: word for kind, word in LSFD_TYPES.items() if word not in ("SOCK", "UNKN")},
    **dict.fromkeys(ANONYMOUS, "a_inode"),
    "unix": "unix",
    "netlink": "netlink",
    "packet": "pack",
}
LSOF_STATES = {
    "ESTABLISHED": "ESTAB",
    "LISTEN": "LISTEN",
    "CONNECTED": "ESTAB",
    "UNCONNECTED": "UNCONN",
}


class Ours(NamedTuple):
    """What fdtui says of one specimen."""

    entry: Entry
    kind: str
    info: Info


class Others(NamedTuple):
    """Rows of the other programs by descriptor number."""

    lsfd: dict[int, dict[str, Any]]
    lsof: dict[int, dict[str, str]]


def run(*command: str) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return done.stdout


def lsof_rows(text: str) -> dict[int, dict[str, str]]:
    """Parse -F: one field a line, `f` opens a descriptor; TCP's T fields by their names."""
    rows: dict[int, dict[str, str]] = {}
    row: dict[str, str] = {}
    for line in text.splitlines():
        key, value = line[:1], line[1:]
        if key == "f":
            row = rows.setdefault(int(value), {}) if value.isdigit() else {}
        elif key == "T":
            name, _, value = value.partition("=")
            row[f"T{name}"] = value
        elif key:
            row[key] = value
    return rows


@pytest.fixture(scope="module")
def others(zoo: ZooProcess) -> Others:
    pid = str(zoo.pid)
    listed = json.loads(run("lsfd", "-J", "-p", pid, "-o", COLUMNS), strict=False)["lsfd"]
    return Others(
        {row["fd"]: row for row in listed if row["fd"] is not None},
        lsof_rows(run("lsof", "-nP", "-p", pid, "-Tqs", "-F", "fatlDdsoikPTnr")),
    )


def ours(zoo: ZooProcess, name: str) -> Ours:
    entry = zoo.entry(name)
    kind = classify(entry)
    info = kind.describe(entry)
    if kind.examines:
        with zoo.acquire(name) as owned:
            info = {**info, **kind.examine(Peek(owned), entry)}
    return Ours(entry, kind.name, info)


def lsfd_flags(flags: int) -> set[str]:
    """Our names as lsfd spells them, but for those it does not know or tell apart."""
    names = {name.removeprefix("O_").lower() for name in open_flag_names(flags)}
    return names - {"rdonly", "largefile", "async", "nofollow", "directory", "tmpfile"}


@pytest.mark.parametrize("name", NAMES)
def test_lsfd_says_the_same(zoo: ZooProcess, others: Others, name: str) -> None:
    zoo.require(name)
    row = others.lsfd[zoo.fds[name]]
    entry, kind, _ = ours(zoo, name)
    assert entry.stat is not None
    assert entry.info is not None
    if kind != "o-path":
        assert row["type"] == LSFD_TYPES[kind]
    assert row["pos"] == entry.info.pos
    assert row["mntid"] == entry.info.mnt_id
    access = entry.access
    assert row["mode"].replace("-", "") == ("r" if access & 4 else "") + ("w" if access & 2 else "")
    if kind not in ("mount", "pidfd"):  # there lsfd shows the row above once more
        assert row["inode"] == entry.stat.ino
        assert row["nlink"] == entry.stat.nlink
        assert row["size"] == entry.stat.size
        assert row["deleted"] == entry.deleted
        assert row["dev"] == f"{entry.stat.dev_major}:{entry.stat.dev_minor}"
        assert row["fuid"] == entry.stat.uid
        assert row["owner"] == user_name(entry.stat.uid)
    assert row["rdev"] == f"{entry.stat.rdev_major}:{entry.stat.rdev_minor}"
    theirs = set((row["flags"] or "").split(",")) - {"", "directory", "_tmpfile"}
    assert theirs == lsfd_flags(entry.info.flags)


@pytest.mark.parametrize("name", NAMES)
def test_lsfd_knows_the_same_devices_and_protocols(
    zoo: ZooProcess, others: Others, name: str
) -> None:
    zoo.require(name)
    row = others.lsfd[zoo.fds[name]]
    entry, kind, info = ours(zoo, name)
    if row.get("protoname") and kind != "o-path":
        assert row["protoname"] == entry.sockproto
    if row.get("blkdrv"):
        assert row["blkdrv"] == info["driver"]
    if row.get("chrdrv") and kind == "char":
        assert row["chrdrv"] == info["driver"]
    if row.get("miscdev"):
        assert row["miscdev"] == info["misc"]
    if kind == "block":
        assert row["devtype"] == "blk"
        if info["device_size"]:  # /proc/partitions leaves empty ones out
            assert row["partition"] == info["device"]
    if kind in ("block", "char", "tty", "ptmx"):
        assert row["maj:min"] == info.get("rdev", "5:2")
    if kind in ("regular", "directory") and "source" in info:
        assert row["source"] in (info["source"], str(info["source"]).removeprefix("/dev/"))


@pytest.mark.parametrize("name", NAMES)
def test_lsfd_calls_it_the_same(zoo: ZooProcess, others: Others, name: str) -> None:
    zoo.require(name)
    row = others.lsfd[zoo.fds[name]]
    entry, kind, _ = ours(zoo, name)
    assert entry.stat is not None
    if kind in ("mount", "pidfd"):
        return  # there lsfd shows the row above once more
    if row.get("protoname"):
        assert row["name"] == f"{entry.sockproto}:[{entry.stat.ino}]"
    else:
        assert escaped(row["name"]) == escaped(entry.link)


def escaped(text: str) -> str:
    """Without what programs that print to terminals write in other ways."""
    return "".join(c for c in re.sub(r"\\x[0-9a-f]{2}", "", text) if c.isprintable())


def inet_name(info: Info) -> str:
    """The addresses as lsof prints them: `local->remote`."""

    def end(prefix: str) -> str:
        host = str(info[f"{prefix}addr"])
        return (
            f"[{host}]:{info[f'{prefix}port']}"
            if ":" in host
            else f"{host}:{info[f'{prefix}port']}"
        )

    return end("l") + (f"->{end('r')}" if info.get("raddr") else "")


def lsof_word(kind: str, info: Info, row: dict[str, str]) -> str | None:
    """The TYPE lsof must print; None where its word depends on what it could find out."""
    if kind in ("tcp", "udp", "udplite"):
        bound = row["t"] != "sock"  # lsof knows only what /proc/net lists
        return ("IPv6" if info["family"] == "inet6" else "IPv4") if bound else "sock"
    if kind == "raw":
        return "raw6" if info["family"] == "inet6" else "raw"
    return LSOF_TYPES.get(kind)


@pytest.mark.parametrize("name", NAMES)
def test_lsof_says_the_same(zoo: ZooProcess, others: Others, name: str) -> None:
    zoo.require(name)
    row = others.lsof[zoo.fds[name]]
    entry, kind, info = ours(zoo, name)
    assert entry.stat is not None
    word = lsof_word(kind, info, row)
    if word is not None and row["t"] != "sock":
        assert row["t"] == word
    if "i" in row and kind != "pidfd":
        assert int(row["i"]) == entry.stat.ino
    if "s" in row and kind in ("regular", "memfd", "directory"):
        assert int(row["s"]) == entry.stat.size
    if kind in ("tcp", "udp", "udplite") and row["t"] != "sock":
        assert row["n"].strip() == inet_name(info)
    if "TST" in row and kind == "tcp":
        assert LSOF_STATES[row["TST"]] == info["state"]
    if "TQR" in row and info.get("state") == "ESTAB" and kind == "tcp":
        assert int(row["TQR"]) == info["recv_queue"]
        assert int(row["TQS"]) == info["send_queue"]
    if "TQR" in row and info.get("state") == "LISTEN" and kind == "tcp":
        assert int(row["TQR"]) == info["recv_queue"]  # connections waiting
    if "TQR" in row and kind == "udp":
        memory = info["meminfo"]
        assert isinstance(memory, dict)
        assert int(row["TQR"]) == memory["rmem_alloc"]  # there it counts memory
    if kind == "unix":
        assert f"type={str(info['type']).upper()}" in row["n"]
        assert LSOF_STATES[row["TST"]] == info["state"]
        if info["path"]:
            assert str(info["path"]).split("\x01")[0] in row["n"]
    if kind == "netlink" and row["t"] == "netlink":
        assert row["n"] == str(info["protocol"]).upper()


@pytest.mark.parametrize("name", NAMES)
def test_lsof_sees_the_same_in_anonymous_inodes(zoo: ZooProcess, others: Others, name: str) -> None:
    zoo.require(name)
    text = others.lsof[zoo.fds[name]]["n"]
    _, kind, info = ours(zoo, name)
    match = re.fullmatch(r"\[(\w+):([\d,.]+)\]", text.split(" ")[0])
    if kind == "epoll" and match:
        tfds = info["tfds"]
        assert isinstance(tfds, list)
        assert sorted(map(int, match[2].split(","))) == sorted(tfd["tfd"] for tfd in tfds)
    elif kind == "pidfd" and match:
        assert int(match[2]) == info["pid"]
    elif kind == "eventfd" and match:
        assert int(match[2]) == info["eventfd_id"]


@pytest.mark.parametrize(
    ("name", "letter"), [("flock", "W"), ("posix-lock", "w"), ("ofd-lock", "r")]
)
def test_lsof_sees_the_same_locks(zoo: ZooProcess, others: Others, name: str, letter: str) -> None:
    """W: exclusive, all of the file; w: a part of it; r: shared, a part."""
    row = others.lsof[zoo.fds[zoo.require(name).name]]
    locks = ours(zoo, name).info["locks"]
    assert isinstance(locks, list)
    (lock,) = locks
    whole = lock["start"] == 0 and lock["end"] is None
    word = "w" if lock["access"] == "write" else "r"
    assert (word.upper() if whole else word) == letter
    if row.get("l", " ").strip():  # lsof finds owners of flock and POSIX locks only
        assert row["l"] == letter


@pytest.mark.parametrize("name", NAMES)
def test_fdtui_says_more_where_they_have_nothing(
    zoo: ZooProcess, others: Others, name: str
) -> None:
    zoo.require(name)
    _, kind, info = ours(zoo, name)
    if others.lsfd[zoo.fds[name]]["type"] == "UNKN" and kind not in MUTE:
        assert info
