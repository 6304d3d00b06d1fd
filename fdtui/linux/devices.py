"""Device numbers in words: drivers, miscellaneous devices, terminals, disks and partitions."""

from __future__ import annotations

import os
import time

from fdtui.linux.lean import Literal, NamedTuple, cache, lru_cache
from fdtui.linux.procfs import read_file

Class = Literal["char", "block"]
Number = tuple[int, int]  # major, minor

MISC_MAJOR = 10
DRM_MAJOR = 226
PTMX = (5, 2)


def kernel_dev(number: int) -> Number:
    """Return major and minor of a dev_t as the kernel prints it: 20 bits of minor."""
    return number >> 20, number & 0xFFFFF


def parse_devices(text: bytes) -> dict[Class, dict[int, str]]:
    """Parse /proc/devices; the first name of a major that several drivers share."""
    found: dict[Class, dict[int, str]] = {"char": {}, "block": {}}
    section: Class = "char"
    for line in text.decode(errors="surrogateescape").split("\n"):
        if line.startswith("Block"):
            section = "block"
        major, _, name = line.strip().partition(" ")
        if major.isdigit():
            found[section].setdefault(int(major), name.strip())
    return found


def parse_misc(text: bytes) -> dict[int, str]:
    """Parse /proc/misc: minor to name."""
    found = {}
    for line in text.decode(errors="surrogateescape").split("\n"):
        minor, _, name = line.strip().partition(" ")
        if minor.isdigit():
            found[int(minor)] = name.strip()
    return found


class TtyDriver(NamedTuple):
    """One line of /proc/tty/drivers; minors first to last."""

    name: str
    major: int
    first: int
    last: int
    type: str


def parse_tty_drivers(text: bytes) -> tuple[TtyDriver, ...]:
    """Parse /proc/tty/drivers: name, device path, major, minors, type."""
    drivers = []
    for line in text.decode(errors="surrogateescape").split("\n"):
        words = line.split()
        if len(words) >= 5 and words[2].isdigit():
            first, _, last = words[3].partition("-")
            drivers.append(
                TtyDriver(words[0], int(words[2]), int(first), int(last or first), words[4])
            )
    return tuple(drivers)


def _read(path: str) -> bytes:
    try:
        return read_file(path)
    except OSError:
        return b""


@cache
def _tables() -> tuple[dict[Class, dict[int, str]], dict[int, str], tuple[TtyDriver, ...]]:
    return (
        parse_devices(_read("/proc/devices")),
        parse_misc(_read("/proc/misc")),
        parse_tty_drivers(_read("/proc/tty/drivers")),
    )


@lru_cache(maxsize=4096)
def driver_of(kind: Class, number: Number) -> str:
    """Return the driver's name: `mem`, `virtblk`; empty when no driver has the number."""
    name = _tables()[0][kind].get(number[0])
    if name is None:  # a module loaded since
        _tables.cache_clear()
        name = _tables()[0][kind].get(number[0], "")
    return name


@lru_cache(maxsize=4096)
def misc_name(minor: int) -> str:
    """Return the name of a miscellaneous device: `tun`, `fuse`, `kvm`."""
    name = _tables()[1].get(minor)
    if name is None:
        _tables.cache_clear()
        name = _tables()[1].get(minor, "")
    return name


@lru_cache(maxsize=4096)
def tty_driver(number: Number) -> TtyDriver | None:
    """Return the terminal driver that has the number, None for what is no terminal."""
    for driver in _tables()[2]:
        if driver.major == number[0] and driver.first <= number[1] <= driver.last:
            return driver
    if number[0] in (4, 5) or 136 <= number[0] <= 143:  # fixed, where /proc/tty is not mounted
        return TtyDriver("", number[0], number[1], number[1], "")
    return None


def uevent(kind: Class, number: Number) -> dict[str, str]:
    """Return what sysfs says of a device: DEVNAME, DEVTYPE, PARTN ...; empty when it has none."""
    return _uevent(kind, number, _this_second())


def _this_second() -> int:
    """A part of the key of what is remembered: numbers go to other devices."""
    return int(time.monotonic())


@lru_cache(maxsize=4096)
def _uevent(kind: Class, number: Number, _second: int) -> dict[str, str]:
    text = _read(f"/sys/dev/{kind}/{number[0]}:{number[1]}/uevent").decode(errors="surrogateescape")
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def block_size(number: Number) -> int | None:
    """Return the size of a disk or partition in bytes, None when sysfs does not know it."""
    text = _read(f"/sys/dev/block/{number[0]}:{number[1]}/size").strip()
    return int(text) * 512 if text.isdigit() else None


def disk_of(number: Number) -> str:
    """Return the disk a partition is on: `sda` for sda1; empty for a whole disk."""
    return _disk_of(number, _this_second())


@lru_cache(maxsize=4096)
def _disk_of(number: Number, _second: int) -> str:
    try:
        path = os.path.realpath(f"/sys/dev/block/{number[0]}:{number[1]}")
    except OSError:
        return ""
    is_partition = os.path.exists(f"{path}/partition")
    return os.path.basename(os.path.dirname(path)) if is_partition else ""


def block_extras(number: Number) -> dict[str, str | bool | list[str]]:
    """Return what else sysfs knows of a disk, as far as it does.

    `backing_file` of a loop, `volume` of a device mapper, `read_only`, `holders`: the volumes and
    arrays that it is part of.
    """
    path = f"/sys/dev/block/{number[0]}:{number[1]}"
    found: dict[str, str | bool | list[str]] = {}
    for key, name in (("backing_file", "loop/backing_file"), ("volume", "dm/name")):
        if value := _read(f"{path}/{name}").rstrip(b"\n"):
            found[key] = os.fsdecode(value)
    if _read(f"{path}/ro").strip() == b"1":
        found["read_only"] = True
    try:
        holders = sorted(os.listdir(f"{path}/holders"))
    except OSError:
        holders = []
    if holders:
        found["holders"] = holders
    return found
