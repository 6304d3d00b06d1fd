"""A file whose flock(2) says that its owner lives: unlike a pid in a file it cannot go stale."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from fdtui.linux.owned import OwnedFd


class LockFile:
    """An exclusive lock on `path`, with a text in it, until close() or the end of the process."""

    def __init__(self, path: Path, text: str) -> None:
        """Create and lock; FileExistsError when somebody living has it, OSError as open(2)."""
        self.path = path
        self._fd = self._locked()
        os.ftruncate(self._fd.fileno(), 0)
        os.pwrite(self._fd.fileno(), text.encode(), 0)

    def _locked(self) -> OwnedFd:
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            fd = OwnedFd(os.open(self.path, flags, 0o600))
            try:
                fcntl.flock(fd.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Between open and lock somebody may have taken it for a dead one's and removed it.
                if os.path.samestat(os.fstat(fd.fileno()), os.stat(self.path)):
                    return fd
            except FileNotFoundError:
                pass
            except BlockingIOError as error:
                fd.close()
                if holder_text(self.path) is None:
                    continue  # it was somebody who asked whether it is held, as this does
                raise FileExistsError(f"{self.path} is locked") from error
            fd.close()

    def close(self) -> None:
        """Remove the file, then unlock it: in this order nobody locks a name that goes away."""
        if not self._fd.closed:
            self.path.unlink(missing_ok=True)
            self._fd.close()


def holder_text(path: Path) -> str | None:
    """Return what the living owner of a lock file wrote; None when nobody holds the lock."""
    try:
        fd = OwnedFd(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError:
        return None
    with fd:
        try:
            fcntl.flock(fd.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return os.pread(fd.fileno(), 4096, 0).decode(errors="replace")
        return None
