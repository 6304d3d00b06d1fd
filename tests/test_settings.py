"""`config.toml`: what is wrong with it is said in one line, wherever it is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from fdtui.errors import FdtuiError
from fdtui.tui.settings import Settings, load_settings
from tests.other_user import NOBODY
from tests.user_screen import installation, python


def test_a_file_that_is_there_and_one_that_is_not(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.toml") == Settings()
    file = tmp_path / "config.toml"
    file.write_text('theme = "nord"\n[keys]\n"fd.steal" = "u"\n')
    assert load_settings(file) == Settings("nord", {"fd.steal": "u"})
    assert load_settings(file / "below.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"theme = ", "config.toml: "),
        (b"\xff", "config.toml: "),
        (b"them = 1\n", "unknown setting them"),
        (b"theme = 1\n", "theme is a text"),
        (b"ascii = 1\n", "true or false"),
        (b'[keys]\n"fd.steal" = 1\n', "keys.fd.steal is no text"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: bytes, words: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text)
    with pytest.raises(FdtuiError, match=words):
        load_settings(file)
    with pytest.raises(FdtuiError, match="Is a directory"):
        load_settings(tmp_path)


@pytest.mark.needs_root
def test_a_folder_that_may_not_be_entered_is_no_crash(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    code = (
        "from pathlib import Path; import sys; from fdtui.errors import FdtuiError\n"
        "from fdtui.tui.settings import load_settings\n"
        "try: load_settings(Path(sys.argv[1]) / 'fdtui' / 'config.toml')\n"
        "except FdtuiError as error: print(error.message)\n"
    )
    who = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    done = subprocess.run(
        [*who, python(), "-B", "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env={"PYTHONPATH": installation(), "PATH": "/usr/bin"},
    )
    assert "Permission denied" in done.stdout
