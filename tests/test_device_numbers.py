"""Numbers of devices go to other devices: what was said of one is not said of the next."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.linux.devices import disk_of, uevent
from tests.puppets import until


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[str]:
    """A loop device of 64 KiB."""
    image = tmp_path / "disk"
    image.write_bytes(bytes(1 << 16))
    command = ["losetup", "--find", "--show", str(image)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    yield name
    subprocess.run(["losetup", "--detach", name], check=True)


def partition(disk: str, number: int) -> tuple[int, int]:
    """Add one, by its number, for not every kernel reads partition tables."""
    subprocess.run(["addpart", disk, str(number), "8", "16"], check=True)
    name = f"{Path(disk).name}p{number}"
    major, _, minor = Path(f"/sys/class/block/{name}/dev").read_text().strip().partition(":")
    return int(major), int(minor)


@pytest.mark.needs_root
def test_a_number_that_another_partition_has_now(disk: str) -> None:
    name = Path(disk).name
    first = partition(disk, 1)
    try:
        assert uevent("block", first)["DEVNAME"] == f"{name}p1"
        assert disk_of(first) == name
    finally:
        subprocess.run(["delpart", disk, "1"], check=True)
    second = partition(disk, 2)
    try:
        assert second == first  # the kernel gives the lowest one that is free
        until(lambda: uevent("block", second)["DEVNAME"] == f"{name}p2", 2.0)
    finally:
        subprocess.run(["delpart", disk, "2"], check=True)
    until(lambda: disk_of(second) == "", 2.0)
