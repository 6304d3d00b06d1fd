"""Running a piece of fdtui as somebody else: an unprivileged user, or one who may use sudo."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import fdtui

USER = f"fdtuitest{os.getpid()}"  # of this run alone: another may go on beside it
NOBODY = 65534
PYTHON = "/usr/bin/python3"
SUDOERS = Path(f"/etc/sudoers.d/{USER}")


@cache
def package() -> str:
    """Return a folder with a copy of fdtui that everybody may read, as the checkout may not be."""
    folder = tempfile.mkdtemp(prefix="fdtui-copy-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(fdtui.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__", "tui")
    shutil.copytree(source, f"{folder}/fdtui", ignore=ignore)
    for path in [Path(folder), *Path(folder).rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def argv_as(uid: int, code: str, *args: str) -> list[str]:
    """Return a command line that runs `code` as that user, with fdtui to import."""
    prelude = f"import sys; sys.path.insert(0, {package()!r})\n"
    who = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
    return [*who, PYTHON, "-I", "-B", "-c", prelude + code, *args]


def run_as(uid: int, code: str, *args: str, timeout: float = 30) -> str:
    """Run it and return what it printed; stderr is part of a failure."""
    done = subprocess.run(
        argv_as(uid, code, *args),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_user() -> int:
    """Return the uid of the user for sudo, made if it is not there."""
    try:
        return pwd.getpwnam(USER).pw_uid
    except KeyError:
        subprocess.run(["useradd", "--no-create-home", "--shell", "/bin/sh", USER], check=True)
        atexit.register(subprocess.run, ["userdel", USER], check=False, capture_output=True)
        return pwd.getpwnam(USER).pw_uid


@contextmanager
def sudoers(*defaults: str, password: str = "") -> Iterator[int]:
    """Let the test user run Python as root under these Defaults, asked for a password or not."""
    uid = test_user()
    lines = [f"Defaults:{USER} {line}" for line in defaults]
    tag = "PASSWD" if password else "NOPASSWD"
    rule = f"{USER} ALL=(root) {tag}: {os.path.realpath(PYTHON)}"
    if password:
        subprocess.run(["chpasswd"], input=f"{USER}:{password}\n", text=True, check=True)
    SUDOERS.write_text("\n".join([*lines, rule, ""]))
    SUDOERS.chmod(0o440)
    try:
        yield uid
    finally:
        SUDOERS.unlink()
