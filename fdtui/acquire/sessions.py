"""Where running sessions listen, and which there are.

`$XDG_RUNTIME_DIR/fdtui`, or a folder of one's own with mode 0700 in /tmp.  A session is a socket
`inbox-ID.sock` beside `inbox-ID.lock`, whose flock tells whether it lives.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path

from fdtui.errors import FdtuiError
from fdtui.linux.lean import NamedTuple
from fdtui.linux.lockfile import holder_text

_SUN_PATH = 108  # bytes, unix(7)
_NAME = re.compile(r"inbox-([0-9a-f]{4,16})\.(sock|lock)")


class Session(NamedTuple):
    """A running fdtui that takes descriptors."""

    id: str
    pid: int
    tty: str  # "" when it has none
    started: float  # time.time()
    socket: Path

    @property
    def text(self) -> str:
        """What its lock file holds."""
        return json.dumps({"pid": self.pid, "tty": self.tty, "started": self.started})


def refusal(folder: Path) -> str:
    """Return why a folder is not safe to listen in, or ''."""
    try:
        info = folder.lstat()
    except OSError as error:
        return f"{folder}: {os.strerror(error.errno or 0)}"
    if not stat.S_ISDIR(info.st_mode):
        return f"{folder} is no directory"
    if info.st_uid != os.geteuid():
        return f"{folder} belongs to uid {info.st_uid}"
    if info.st_mode & 0o077:
        return f"{folder} is open to others (mode {info.st_mode & 0o777:04o})"
    return ""


def _bases() -> list[Path]:
    """The user's runtime folder, where there is one."""
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    found = [Path(named)] if named.startswith("/") else []
    found.append(Path(f"/run/user/{os.geteuid()}"))
    return [base for base in found if not refusal(base) and _fits(base)][:1]


def _fits(base: Path) -> bool:
    """Is there room for the path of a socket in a struct sockaddr_un?"""
    return len(os.fsencode(base / "fdtui" / "inbox-0000.sock")) < _SUN_PATH


def _tmp() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # all disks are full, but who listens there already can be found
        return Path("/tmp")  # noqa: S108


def _in_tmp() -> list[Path]:
    uid, root = os.geteuid(), _tmp()
    return [root / f"fdtui-{uid}", *sorted(root.glob(f"fdtui-{uid}-*"))]


def folders() -> list[Path]:
    """Return the safe folders of this user where sessions may listen."""
    candidates = [base / "fdtui" for base in _bases()] + _in_tmp()
    return [folder for folder in dict.fromkeys(candidates) if not refusal(folder)]


def make_folder() -> Path:
    """Return the folder for a new session, made if it is not there; never one of others."""
    for base in _bases():
        if not _make(base / "fdtui"):
            return base / "fdtui"
    first, *others = _in_tmp()
    why = ""
    for folder in [first, *(other for other in others if not refusal(other))]:
        if not (why := why or _make(folder)):
            return folder
        if not refusal(folder):
            return folder
    # The name is taken by somebody else: one that nobody could foresee.
    return Path(tempfile.mkdtemp(prefix=f"{first.name}-", dir=first.parent))


def _make(folder: Path) -> str:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    except OSError as error:
        return str(error)
    return refusal(folder)


def new_id(folder: Path) -> str:
    """Return four hexadecimal digits that no session here has."""
    while True:
        candidate = secrets.token_hex(2)
        if not (folder / f"inbox-{candidate}.lock").exists():
            return candidate


def sessions() -> list[Session]:
    """Return the sessions of this user that live, oldest first."""
    found = []
    for folder in folders():
        for path in folder.glob("inbox-*.lock"):
            match = _NAME.fullmatch(path.name)
            text = holder_text(path) if match else None
            if match is None or text is None:
                continue
            try:
                about = json.loads(text)
                session = Session(
                    id=match[1],
                    pid=int(about["pid"]),
                    tty=str(about["tty"]),
                    started=float(about["started"]),
                    socket=path.with_suffix(".sock"),
                )
            except (ValueError, KeyError, TypeError):
                continue  # it is writing it this moment, or it is none of ours
            found.append(session)
    return sorted(found, key=lambda session: session.started)


def choose(id: str | None = None) -> Session:
    """Return the session named, or the only one; FdtuiError lists them otherwise."""
    known = sessions()
    if id is not None:
        known = [session for session in known if session.id == id]
        if not known:
            raise FdtuiError(f"no session {id} is running", _listing(sessions()))
    if not known:
        raise FdtuiError("no fdtui is running to send to", "start fdtui in another terminal")
    if len(known) > 1:
        raise FdtuiError(f"{len(known)} sessions are running: choose one", _listing(known))
    return known[0]


def _listing(known: list[Session]) -> str:
    rows = [f"--session {s.id}  pid {s.pid} on {s.tty or 'no terminal'}" for s in known]
    return ", or ".join(rows)


def clean(folder: Path) -> int:
    """Remove what dead sessions of this user left; whatever is not ours stays.  Returns how many.

    A file counts only with our name pattern, our uid, the right type and a lock nobody holds.
    """
    removed = 0
    for path in sorted(folder.glob("inbox-*")):
        match = _NAME.fullmatch(path.name)
        if match is None or holder_text(path.with_suffix(".lock")) is not None:
            continue
        try:
            info = path.lstat()
            right = stat.S_ISSOCK if match[2] == "sock" else stat.S_ISREG
            if info.st_uid == os.geteuid() and right(info.st_mode):
                path.unlink()
                removed += match[2] == "sock"
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
    return removed
