"""The giving side of the inbox."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from fdtui.acquire.inbox import FRAME_SECONDS, MAX_LABEL, MAX_PER_MESSAGE
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux import scm
from fdtui.linux.scm import HasFileno

_TIMEOUT = struct.pack("ll", int(FRAME_SECONDS) + 1, 0)  # struct timeval


def send(path: Path, fds: Sequence[HasFileno], label: str) -> None:
    """Give descriptors to the session that listens at `path`; FdtuiError with its refusal."""
    data = os.fsencode(label)[:MAX_LABEL]
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        # The kernel's timeouts: a non-blocking connect() fails at once while others are queued.
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            sock.setsockopt(socket.SOL_SOCKET, option, _TIMEOUT)
        try:
            sock.connect(str(path))
        except OSError as error:
            raise CallFailed(f"connect({path})", error, "", "is that session running?") from error
        for start in range(0, len(fds), MAX_PER_MESSAGE):
            try:
                scm.send(
                    sock, data if len(data) > 1 else b"\0", fds[start : start + MAX_PER_MESSAGE]
                )
                answer = sock.recv(512).decode(errors="replace")
            except OSError as error:
                raise CallFailed("sendmsg(SCM_RIGHTS)", error, *_explain(error)) from error
            if not answer.startswith("ok"):
                raise FdtuiError(f"the session took none: {answer or 'it closed the connection'}")


def _explain(error: OSError) -> tuple[str, str]:
    match error:
        case BrokenPipeError() | ConnectionResetError():
            return "the session closed the connection: another user's, or too many", ""
        case BlockingIOError():
            return "the session does not answer", ""
        case _:
            return "", ""
