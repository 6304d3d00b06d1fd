"""Ownership of a descriptor number: exactly one owner closes it."""

from __future__ import annotations

import errno
import os
from types import TracebackType

from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class OwnedFd:
    """A descriptor this process must close.  Closing twice is harmless."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def duplicate_of(cls, fd: int) -> Self:
        """Own a close-on-exec duplicate; the number given stays with its owner."""
        return cls(os.dup(fd))

    def fileno(self) -> int:
        """Return the number; ValueError once it is closed or given away."""
        if self._fd < 0:
            raise ValueError("descriptor is already closed")
        return self._fd

    def release(self) -> int:
        """Hand the number to another owner, who closes it."""
        fd, self._fd = self.fileno(), -1
        return fd

    @property
    def closed(self) -> bool:
        """True once it is closed or given away."""
        return self._fd < 0

    def close(self) -> None:
        """Close.  May block for as long as a hung FUSE or NFS server wants (->flush)."""
        if self._fd >= 0:
            os.close(self.release())

    def let_go(self) -> None:
        """Close what a stranger gave: an error of its file is the stranger's, and the number free.

        close(2): EIO, or ENOTCONN of a server that died; EBADF would be a bug of ours.
        """
        try:
            self.close()
        except OSError as error:
            if error.errno == errno.EBADF:
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"OwnedFd({self._fd})"
