"""Specimens of character devices and of handles on the kernel's own objects."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import time
from pathlib import Path

from tests.specimens.registry import (
    Absent,
    Keep,
    Make,
    buffer,
    number_of,
    reads,
    specimen,
    syscall,
)

_libc = ctypes.CDLL(None, use_errno=True)


def _device(name: str) -> Make:
    return lambda keep: os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)


for _name in ("full", "urandom", "random", "fuse", "loop-control", "kvm", "vsock", "userfaultfd"):
    specimen(f"char {_name}", "char", unseen=_name != "full")(_device(_name))
specimen("char null", "char", content=b"")(_device("null"))
specimen("char zero", "char", consume=reads(2), expected=b"\0\0")(_device("zero"))
specimen("char cpu_dma_latency", "char", unseen=True)(_device("cpu_dma_latency"))

_records: dict[int, bytes] = {}


def _same_record(fd: int) -> bytes:
    return b"same" if os.read(fd, 8192) == _records.pop(fd) else b"moved on"


@specimen("char kmsg", "char", consume=_same_record, expected=b"same", unseen=True)
def _kmsg(keep: Keep) -> int:
    fd, other = (os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK) for _ in range(2))
    _records[fd] = os.read(other, 8192)
    os.close(other)
    return fd


@specimen("char tun", "char", unseen=True)
def _tun(keep: Keep) -> int:
    tunsetiff, tap_without_header = 0x400454CA, 0x1002
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, tunsetiff, struct.pack("16sH22s", b"fdtui%d", tap_without_header, b""))
    return fd


@specimen("tun-unattached", "char", unseen=True)
def _tun_unattached(keep: Keep) -> int:
    return os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)


@specimen("kvm-vm", "kvm")
def _kvm_vm(keep: Keep) -> int:
    kvm_create_vm = 0xAE01
    kvm = os.open("/dev/kvm", os.O_RDWR)
    try:
        return fcntl.ioctl(kvm, kvm_create_vm, 0)
    finally:
        os.close(kvm)


@specimen("drm", "drm")
def _drm(keep: Keep) -> int:
    cards = sorted(Path("/dev/dri").iterdir()) if os.path.isdir("/dev/dri") else []
    if not cards:
        raise Absent("a device in /dev/dri")
    return os.open(cards[0], os.O_RDWR)


@specimen("dma-buf", "dma-buf")
def _dma_buf(keep: Keep) -> int:
    dma_heap_ioctl_alloc = 0xC0184800
    heap = os.open("/dev/dma_heap/system", os.O_RDONLY)
    request = bytearray(struct.pack("QIIQ", 4096, 0, os.O_RDWR, 0))
    fcntl.ioctl(heap, dma_heap_ioctl_alloc, request, True)
    os.close(heap)
    return int(struct.unpack_from("I", request, 8)[0])


_MOV_R0_0 = struct.pack("<BBhi", 0xB7, 0, 0, 0)
_MOV_R0_1 = struct.pack("<BBhi", 0xB7, 0, 0, 1)
_EXIT = struct.pack("<BBhi", 0x95, 0, 0, 0)


def _bpf(command: int, attributes: bytes) -> int:
    return syscall("bpf", command, buffer(attributes, 148), 148)


def _program(kind: int, code: bytes) -> int:
    instructions, license_ = buffer(code), buffer(b"GPL\0")
    addresses = ctypes.addressof(instructions), ctypes.addressof(license_)
    head = struct.pack("IIQQ", kind, len(code) // 8, *addresses)
    return _bpf(5, head + struct.pack("IIQII16s", 0, 0, 0, 0, 0, b"zooprog"))


@specimen("bpf-map", "bpf-map")
def _bpf_map(keep: Keep) -> int:
    hash_, key, value, entries = 1, 4, 8, 16
    return _bpf(0, struct.pack("IIIIIII16s", hash_, key, value, entries, 0, 0, 0, b"zoomap"))


@specimen("bpf-prog", "bpf-prog")
def _bpf_prog(keep: Keep) -> int:
    socket_filter = 1
    return _program(socket_filter, _MOV_R0_0 + _EXIT)


@specimen("bpf-link", "bpf-link")
def _bpf_link(keep: Keep) -> int:
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    group = next((line.split()[4] for line in mounts if " - cgroup2 " in line), None)
    if group is None:
        raise Absent("a cgroup2 file system")
    cgroup_skb, ingress, allow_multi = 8, 0, 2
    program = _program(cgroup_skb, _MOV_R0_1 + _EXIT)
    directory = os.open(group, os.O_RDONLY)
    assert allow_multi
    try:
        return _bpf(28, struct.pack("IIII", program, directory, ingress, 0))
    finally:
        os.close(program)
        os.close(directory)


@specimen("bpf-btf", "bpf-btf")
def _bpf_btf(keep: Keep) -> int:
    get_fd_by_id, vmlinux = 19, 1
    return _bpf(get_fd_by_id, struct.pack("II", vmlinux, 0))


@specimen("anon bpf-stats", "anon")
def _bpf_stats(keep: Keep) -> int:
    """A handle that no kind decodes: it stands for everything that comes after this program."""
    enable_stats, run_time = 32, 0
    return _bpf(enable_stats, struct.pack("I", run_time))


@specimen("landlock-ruleset", "landlock-ruleset")
def _landlock(keep: Keep) -> int:
    return syscall("landlock_create_ruleset", buffer(struct.pack("Q", 1)), 8, 0)


@specimen(
    "fscontext",
    "fscontext",
    consume=lambda fd: os.read(fd, 200)[:2],
    expected=b"e ",
)
def _fscontext(keep: Keep) -> int:
    set_string = 1
    fd = syscall("fsopen", buffer(b"tmpfs\0"), 0)
    try:
        syscall("fsconfig", fd, set_string, buffer(b"bad\0"), buffer(b"option\0"), 0)
    except OSError:
        pass  # meant: the message about it is what waits to be read
    return fd


@specimen("seccomp-notify", "seccomp-notify")
def _seccomp(keep: Keep) -> int:
    """A child that supervises itself sends its listener; its getppid(2) waits for an answer."""
    near, far = socket.socketpair()
    child = os.fork()
    if child == 0:
        os.close(1)
        os.open("/dev/null", os.O_WRONLY)
        _supervise(far)
        os._exit(0)
    far.close()
    _, (fd,), _, _ = socket.recv_fds(near, 10, 1)
    keep.append(near)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if Path(f"/proc/{child}/stat").read_text().rsplit(")")[1].split()[0] == "Z":
            break
        if Path(f"/proc/{child}/syscall").read_text().startswith(f"{number_of('getppid')} "):
            break
    return fd


def _supervise(far: socket.socket) -> None:
    no_new_privs, death_signal, sigkill = 38, 1, 9
    _libc.prctl(death_signal, sigkill, 0, 0, 0)
    _libc.prctl(no_new_privs, 1, 0, 0, 0)
    load, equal, answer = 0x20, 0x15, 6
    notify, allow = 0x7FC00000, 0x7FFF0000
    steps = (
        (load, 0, 0, 0),
        (equal, 0, 1, number_of("getppid")),
        (answer, 0, 0, notify),
        (answer, 0, 0, allow),
    )
    code = buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = buffer(struct.pack("H6xQ", len(steps), ctypes.addressof(code)))
    set_mode_filter, new_listener = 1, 8
    fd = syscall("seccomp", set_mode_filter, new_listener, program)
    socket.send_fds(far, [b"x"], [fd])
    os.close(fd)
    os.getppid()
