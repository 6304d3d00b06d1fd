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
    for index in range(2, 200):  # the kernel frees a number a moment later
        found = partition(disk, index)
        try:
            if found == first:
                until(lambda: uevent("block", first)["DEVNAME"] == f"{name}p{index}", 2.0)  # noqa: B023  called at once
                break
        finally:
            subprocess.run(["delpart", disk, str(index)], check=True)
    else:
        raise AssertionError("no number was given twice")
    until(lambda: disk_of(first) == "", 2.0)
