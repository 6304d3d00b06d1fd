"""Small file systems of one's own (root): one that is soon full, one that shares blocks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BTRFS_BYTES = 128 << 20  # the least that mkfs.btrfs takes is 109 MiB


@contextmanager
def small_disk(folder: Path, size: str = "1m") -> Iterator[Path]:
    """A tmpfs of 1 MiB."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield folder
    finally:
        _run("umount", str(folder))


@contextmanager
def sharing_disk(folder: Path) -> Iterator[Path]:
    """A btrfs on a loop device."""
    if shutil.which("mkfs.btrfs") is None:
        pytest.skip("mkfs.btrfs is missing (package btrfs-progs)")
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(BTRFS_BYTES)
    _run("mkfs.btrfs", "--quiet", str(image))
    folder.mkdir()
    try:
        _run("mount", "-o", "loop", str(image), str(folder))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no btrfs on a loop device here: {error.stderr.strip()}")
    try:
        yield folder
    finally:
        _run("umount", str(folder))


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=30, capture_output=True, text=True)
