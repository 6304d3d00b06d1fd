"""Parsers of the kernel's tables: mounts, devices, locks, TCP_INFO, handles."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from fdtui.linux.devices import kernel_dev, parse_devices, parse_misc, parse_tty_drivers
from fdtui.linux.handles import Handle, paths_of
from fdtui.linux.locks import Lock, parse_lock
from fdtui.linux.mountinfo import mounts_of, own_mount_of, parse_mountinfo, unescape
from fdtui.linux.owned import OwnedFd
from fdtui.linux.tcpinfo import parse_tcp_info
from tests.specimens.registry import buffer, syscall

MOUNTS = (
    b"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    b"41 31 0:38 / /mnt/a\\040b\\011c\\134d rw shared:5 master:1 - fuse.x name\\012x rw\n"
    b"42 31 0:39 /sub /x ro - tmpfs  rw\n"
    b"a line cut sh"
)


def test_mountinfo_with_optional_fields_and_octal_escapes() -> None:
    mounts = parse_mountinfo(MOUNTS)
    assert sorted(mounts) == [27, 41, 42]
    assert mounts[27].point == "/"
    assert (mounts[41].point, mounts[41].source) == ("/mnt/a b\tc\\d", "name\nx")
    assert (mounts[41].dev, mounts[41].fstype) == ((0, 38), "fuse.x")
    assert (mounts[42].root, mounts[42].source) == ("/sub", "")


def test_bytes_that_are_no_utf8_survive() -> None:
    assert os.fsencode(unescape(b"\\377\xfe")) == b"\xff\xfe"


def test_our_own_mounts() -> None:
    assert any(mount.point == "/" for mount in mounts_of(os.getpid()).values())
    assert mounts_of(2**22) == {}


def test_devices() -> None:
    text = (
        b"Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n 10 misc\n\n"
        b"Block devices:\n  7 loop\n259 blkext\n"
    )
    found = parse_devices(text)
    assert found["char"] == {1: "mem", 4: "/dev/vc/0", 10: "misc"}
    assert found["block"] == {7: "loop", 259: "blkext"}
    assert parse_misc(b"200 tun\n 60 x y\n") == {200: "tun", 60: "x y"}


def test_tty_drivers() -> None:
    drivers = parse_tty_drivers(
        b"pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
        b"/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
    )
    assert (drivers[0].major, drivers[0].last, drivers[0].type) == (136, 1048575, "pty:slave")
    assert (drivers[1].first, drivers[1].last) == (0, 0)


@pytest.mark.parametrize(
    ("line", "lock"),
    [
        (
            "1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF",
            Lock("flock", "advisory", "write", 359, 0, None),
        ),
        (
            "2: POSIX  ADVISORY  READ 12 fe:00:7 10 19",
            Lock("posix", "advisory", "read", 12, 10, 19),
        ),
        (
            "3: OFDLCK ADVISORY  READ -1 fe:00:7 2 3",
            Lock("ofd", "advisory", "read", -1, 2, 3),
        ),
        (
            "4: LEASE  ACTIVE    READ 7 fe:00:7 0 EOF",
            Lock("lease", "active", "read", 7, 0, None),
        ),
        ("5: -> FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF", None),
        ("", None),
    ],
)
def test_locks(line: str, lock: Lock | None) -> None:
    assert parse_lock(line) == lock


def test_tcp_info_of_a_live_connection() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0] as accepted,
    ):
        client.sendall(b"x" * 1000)
        assert accepted.recv(1000)
        raw = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 512)
    info = parse_tcp_info(raw)
    assert info["ca_state"] == "Open"
    assert info["bytes_sent"] == 1000
    rtt = info["rtt"]
    assert isinstance(rtt, float)
    assert 0 < rtt < 5


def test_tcp_info_of_an_old_kernel_ends_early() -> None:
    whole = bytearray(104)
    struct.pack_into("I", whole, 68, 38_200)
    struct.pack_into("I", whole, 76, 0x7FFFFFFF)
    info = parse_tcp_info(bytes(whole))
    assert info["rtt"] == pytest.approx(0.0382)
    assert info["snd_ssthresh"] is None
    assert "pacing_rate" not in info
    assert parse_tcp_info(b"") == {}


def test_a_device_number_as_the_kernel_prints_it() -> None:
    assert kernel_dev(0xFE00000) == (254, 0)
    assert kernel_dev(0x15) == (0, 21)


@pytest.mark.needs_root
def test_a_handle_becomes_a_path_and_no_watcher_sees_how(tmp_path: Path) -> None:
    """The mount's root is watched for opens, and so is the file itself."""
    watched = tmp_path / "with a blank"
    watched.touch()
    dev = os.stat(watched).st_dev
    mount = own_mount_of((os.major(dev), os.minor(dev)))
    assert mount is not None
    in_open, in_isdir = 0x20, 0x40000000
    with OwnedFd(syscall("inotify_init1", os.O_NONBLOCK | os.O_CLOEXEC)) as inotify:
        for path in (str(watched), mount.point):
            syscall("inotify_add_watch", inotify.fileno(), buffer(path.encode() + b"\0"), in_open)
        lines = Path(f"/proc/self/fdinfo/{inotify.fileno()}").read_text().splitlines()
        pairs = [dict(word.split(":") for word in line.split()[1:]) for line in lines[4:]]
        handles = [
            Handle(
                kernel_dev(int(found["sdev"], 16)),
                int(found["fhandle-type"], 16),
                bytes.fromhex(found["f_handle"]),
            )
            for found in pairs
        ]
        here = os.getcwd()
        assert sorted(paths_of(handles), key=str) == sorted((mount.point, str(watched)))
        assert paths_of([handles[0]._replace(data=b"\0" * 8)]) == [None]
        assert os.getcwd() == here
        events = b""
        try:
            events = os.read(inotify.fileno(), 4096)
        except BlockingIOError:
            pass
    # Others on this machine may open the root; whoever does reads it as a directory.
    assert not any(
        mask & in_open and not mask & in_isdir
        for _, mask, _, _ in struct.iter_unpack("iIII", events)
    )


def test_no_handle_no_thread() -> None:
    assert paths_of([]) == []
