"""A lock that says who lives, and those who ask."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from fdtui.linux.lockfile import LockFile, holder_text


def _ask(path: Path) -> None:
    while True:
        holder_text(path)


def test_who_asks_whether_it_is_held_does_not_hold_it(tmp_path: Path) -> None:
    """Asking takes a shared lock for a moment: other sessions do it when they start."""
    path = tmp_path / "lock"
    asking = multiprocessing.get_context("fork").Process(target=_ask, args=(path,), daemon=True)
    asking.start()
    try:
        for number in range(2000):
            lock = LockFile(path, f"session {number}")
            assert holder_text(path) == f"session {number}"
            lock.close()
    finally:
        asking.kill()
        asking.join()


def test_one_that_is_held_is_refused(tmp_path: Path) -> None:
    lock = LockFile(tmp_path / "lock", "me")
    with pytest.raises(FileExistsError, match="is locked"):
        LockFile(tmp_path / "lock", "another")
    lock.close()
    assert list(tmp_path.iterdir()) == []
