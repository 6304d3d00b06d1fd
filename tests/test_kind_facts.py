"""Telling kinds apart where no specimen can be had: invented rows of other machines."""

from __future__ import annotations

import itertools
import stat

import pytest

from fdtui.kinds import all_kinds, classify, judge
from fdtui.kinds._usual import usual
from fdtui.kinds.facts import Facts, facts_of
from fdtui.linux.procfs import Entry, FdInfo
from fdtui.linux.pseudofs import pseudofs
from fdtui.linux.syscalls import Statx

O_PATH = 0o10000000
DISK = (254, 0)
NOWHERE = (0, 4095)  # an internal file system that nobody made a specimen of


def row(
    link: str,
    mode: int = 0,
    dev: tuple[int, int] = DISK,
    *,
    rdev: tuple[int, int] = (0, 0),
    size: int = 0,
    flags: int = 2,
    lines: tuple[tuple[str, str], ...] = (),
    nlink: int = 1,
) -> Entry:
    """An invented row."""
    stat_ = Statx(mode, 7, *dev, *rdev, nlink, 0, 0, size, 0, 4096, 0, 1)
    return Entry(1, 3, 6, link, FdInfo(0, flags, 1, 7, lines), stat_, "", None)


def device(name: str) -> tuple[int, int]:
    found: tuple[int, int] | None = getattr(pseudofs(), name)
    assert found is not None
    return found


REG, CHR, LNK = stat.S_IFREG, stat.S_IFCHR, stat.S_IFLNK


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (row("/run/netns/blue", REG | 0o444, device("ns")), "namespace"),
        (row("/run/process", REG | 0o700, device("pidfd")), "pidfd"),
        (row("/run/process", 0o700, device("pidfd")), "pidfd"),
        (row("/dmabuf:frame", 0o600, NOWHERE), "dma-buf"),
        (row("/dmabuf:frame", REG | 0o600, NOWHERE, lines=(("exp_name", "i915"),)), "dma-buf"),
        (row("/dmabuf:frame", REG | 0o600, DISK), "regular"),
        (row("/memfd:x (deleted)", REG, NOWHERE), "regular"),
        (row("/memfd:x (deleted)", REG, device("shmem")), "memfd"),
        (row("/SYSV00000000 (deleted)", REG, device("shmem")), "regular"),
        (row("/dev/zero (deleted)", REG, device("shmem")), "regular"),
        (row("/dev/dri/card0", CHR, rdev=(226, 0)), "drm"),
        (row("/dev/accel/accel0", CHR, rdev=(261, 0), lines=(("drm-driver", "ivpu"),)), "drm"),
        (row("/dev/ptmx", CHR, rdev=(5, 2)), "ptmx"),
        (row("/dev/pts/ptmx", CHR, rdev=(5, 2)), "ptmx"),
        (row("/anything", CHR, rdev=(136, 7)), "tty"),
        (row("/dev/pts/7", CHR, rdev=(10, 7)), "char"),
        (row("anon_inode:kvm-vcpu:3", 0o600, device("anon_inode")), "kvm"),
        (row("anon_inode:[kvm-gmem]", 0o600, NOWHERE), "kvm"),
        (row("anon_inode:sync_file", 0o600, device("anon_inode")), "anon"),
        (row("anon_inode:[eventfd]", REG | 0o600, device("anon_inode")), "eventfd"),
        (row("/link", LNK | 0o777, flags=O_PATH), "symlink"),
        (row("/dev/pts/7", CHR, rdev=(136, 7), flags=O_PATH), "o-path"),
        (row("socket:[1]", stat.S_IFSOCK, device("socket"), flags=O_PATH), "o-path"),
        (row("pipe:[1]", stat.S_IFIFO, device("pipe"), flags=O_PATH), "o-path"),
        (row("socket:[1]", stat.S_IFSOCK, device("socket")), "socket"),
        (row("/run/s", stat.S_IFSOCK, flags=O_PATH), "o-path"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.link,
)
def test_told_apart(entry: Entry, kind: str) -> None:
    assert classify(entry).name == kind


def test_a_path_is_not_among_the_facts() -> None:
    for link in ("/a", "/memfd:x", "/anon_inode:[eventfd]", "/socket:[1]", "/a (deleted)"):
        assert facts_of(row(link, REG)) == facts_of(row("/other", REG))


def test_deleted_is_a_matter_of_links() -> None:
    assert row("/a", REG, nlink=0).deleted
    assert not row("/a (deleted)", REG, nlink=1).deleted


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_a_row_without_anything_is_still_described(kind: object) -> None:
    """Every kind must cope with rows whose calls all failed."""
    chosen = next(one for one in all_kinds() if one is kind)
    empty = Entry(0, 3, -1, "", None, None, "", None)
    info = chosen.describe(empty)
    assert isinstance(chosen.target(empty, info), tuple)
    assert isinstance(chosen.details(empty, info), tuple)
    assert isinstance(chosen.state(empty, info), tuple)
    assert chosen.position(empty) is None
    assert isinstance(chosen.hold_cost(empty, info), str)


def test_two_equal_claims_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts(REG, "", "", "", (0, 0), False, "")
    regular = judge(facts)
    twice = (*all_kinds(), type(regular)())
    monkeypatch.setattr("fdtui.kinds.all_kinds", lambda: twice)
    with pytest.raises(LookupError, match=r"regular.*regular"):
        judge(facts)


_WHERE = ("", "anon_inode", "shmem", "socket", "pipe", "ns", "pidfd", "mqueue", "secretmem")
_WORDS = ("", "memfd", "eventfd", "eventpoll", "timerfd", "signalfd", "inotify", "io_uring", "odd")
_PROTOCOLS = ("", "TCP", "TCPv6", "UDP", "UDPv6", "UNIX", "UNIX-STREAM", "NETLINK", "PACKET")
_DEVICES = ((0, 0), (1, 3), (5, 2), (4, 1), (136, 0), (143, 7), (226, 0), (10, 200))


@pytest.mark.parametrize(
    "kind", [0, REG, stat.S_IFDIR, CHR, LNK, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK]
)
def test_the_usual_kinds_are_what_all_would_say(kind: int) -> None:
    told = 0
    for where, name, protocol in itertools.product(_WHERE, _WORDS, _PROTOCOLS):
        for device, path_only, line in itertools.product(_DEVICES, (False, True), ("", "drm-x")):
            facts = Facts(kind, where, name, protocol, device, path_only, line)
            if (said := usual(facts)) is not None:
                told += 1
                assert said == judge(facts).name, facts
    assert told or kind in (stat.S_IFBLK, LNK)
