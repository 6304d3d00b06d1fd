"""fdtui's screen as a plain user, who may read neither the checkout nor the environment of root."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path

import fdtui
from tests.other_user import PYTHON, USER
from tests.terminal import Terminal

_NEEDED = ("textual", "psutil", "pyperclip", "lark", "platformdirs")


@cache
def installation() -> str:
    """Return a folder for PYTHONPATH that everybody may read: fdtui and all it depends on."""
    folder = Path(tempfile.mkdtemp(prefix="fdtui-user-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(fdtui.__file__).parent, folder / "fdtui", ignore=ignore)
    for name in _closure():
        for file in metadata.files(name) or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                (folder / file.parent).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), folder / file)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return str(folder)


def _closure() -> set[str]:
    """Names of the distributions that fdtui needs, and those that they need."""
    found: set[str] = set()
    waiting = list(_NEEDED)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another system or an extra
        found.add(name)
        for line in wanted:
            if "extra ==" not in line and (word := re.match(r"[\w.-]+", line)):
                waiting.append(word[0])
    return found


def python() -> str:
    """Return a Python of this version that everybody may run."""
    own = os.path.realpath(sys.executable)
    open_to_all = all(parent.stat().st_mode & 0o001 for parent in Path(own).parents)
    return own if open_to_all else PYTHON


@contextmanager
def screen_as(uid: int, runtime: Path, *arguments: str, **size: int) -> Iterator[Terminal]:
    """Run the screen as that user; `runtime` is theirs, for the inbox and the settings."""
    os.chown(runtime, uid, uid)
    who = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
    environment: Mapping[str, str] = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": installation(),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_CONFIG_HOME": str(runtime),
        "HOME": str(runtime),
        "USER": USER,
        "LOGNAME": USER,
        "TEXTUAL_SPEEDUPS": "0",
        "TERM": "xterm-256color",
    }
    command = [*who, python(), "-B", "-m", "fdtui"]
    with Terminal(arguments, command=command, environment=environment, clean=True, **size) as term:
        yield term
