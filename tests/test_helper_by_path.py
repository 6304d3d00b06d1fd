"""A helper that connects to a socket of ours, where sudo puts something else in place of stdin."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from fdtui.acquire.helper_process import _Attempt


@pytest.mark.parametrize("runtime", ["/no/such/folder", "", None])
def test_a_runtime_folder_that_is_not_there_is_no_obstacle(
    runtime: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After su(1) it is still named in the environment, and somebody else's or gone."""
    if runtime is None:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    with tempfile.TemporaryFile() as errors:
        started = _Attempt("self", False, True, False, 5.0, errors).by_path()
    assert started is not None
    assert started.client.counts([os.getpid()])
    started.close()
