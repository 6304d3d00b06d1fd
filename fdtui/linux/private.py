"""PrivatePeek: looking through a description of our own, whose offset nobody shares."""

from __future__ import annotations

import errno
import os

from fdtui.linux.peek import Peek


class PrivatePeek(Peek):
    """Made from what `Peek.open_anew` returned, never from what was acquired."""

    __slots__ = ()

    def next_data(self, offset: int) -> int | None:
        """lseek(2) SEEK_DATA: where the next bytes that are no hole begin; None: only holes follow.

        A file system that knows no holes answers with the offset itself.
        """
        try:
            return os.lseek(self._fd(), offset, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return None
            if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
                return offset
            raise
