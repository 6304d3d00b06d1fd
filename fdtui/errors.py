"""What fdtui raises.  Every message fits one line: the call, the target, the cause, the errno."""

from __future__ import annotations

import errno as errno_names
import os


class FdtuiError(Exception):
    """Something a person can be told in one line, with what would change it in `remedy`."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message


class WrongUsage(FdtuiError):
    """Words that a command cannot be given: exit status 2."""


def errno_name(code: int) -> str:
    """`EPERM` for 1; the number itself for a code this C library has no name for."""
    return errno_names.errorcode.get(code, str(code))


class CallFailed(FdtuiError):
    """A system call that refused: `pidfd_getfd(pid 812, fd 7): no right to attach (EPERM)`.

    `cause` replaces strerror where strerror would mislead; `remedy` is a command or a sentence.
    """

    def __init__(self, call: str, error: OSError | int, cause: str = "", remedy: str = "") -> None:
        code = error if isinstance(error, int) else (error.errno or 0)
        self.call = call
        self.errno = code
        # What Python itself refuses, as a path too long for a socket, is no errno but a sentence.
        self.cause = cause or (os.strerror(code) if code else str(error))
        name = f" ({errno_name(code)})" if code else ""
        super().__init__(f"{call}: {self.cause}{name}", remedy)
