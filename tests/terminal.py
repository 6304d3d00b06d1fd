"""fdtui in a real pseudo-terminal, with pyte as the terminal that shows it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "end": "\x1b[F",
    "home": "\x1b[H",
    "pagedown": "\x1b[6~",
    "pageup": "\x1b[5~",
    "delete": "\x1b[3~",
    "space": " ",
}


ESCAPE_PAUSE = 0.2  # seconds
COMMAND = [sys.executable, "-m", "fdtui"]


class Terminal:
    """A program on a pty of `columns` x `lines`; `raw` keeps every byte it wrote."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        columns: int = 120,
        lines: int = 40,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
        clean: bool = False,
    ) -> None:
        """`clean`: the environment is all there is, not added to ours."""
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self.read_at = 0.0  # perf_counter() when the last bytes came
        self._master, self._slave = pty.openpty()
        self._size(columns, lines)
        self.before = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            # Between fork and exec nothing but one ioctl runs, whatever threads there are here.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            env={**({} if clean else os.environ), "TERM": "xterm-256color", **(environment or {})},
            cwd="/" if clean else None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the program whatever it does, and the terminal."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for fd in (self._master, self._slave):
            if fd >= 0:
                os.close(fd)
        self._master = self._slave = -1

    def hang_up(self) -> None:
        """Take the terminal away, as a dying ssh does."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def _size(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(lines, columns)
        self._size(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    def press(self, *keys: str) -> None:
        """Type keys by name, or text as it is."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())
            if key == "escape":
                # A person's next key comes later than the rest of an escape sequence would.
                deadline = time.monotonic() + ESCAPE_PAUSE
                while time.monotonic() < deadline:
                    self.pump(0.02)

    def pump(self, seconds: float = 0.05) -> bool:
        """Show what the program wrote; False when nothing came."""
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.read_at = time.perf_counter()
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, wanted: str | Callable[[str], bool], seconds: float = 15.0) -> str:
        """Return the screen once it shows what is wanted; AssertionError with it otherwise."""
        holds = wanted if callable(wanted) else lambda text: wanted in text
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if holds(self.text):
                return self.text
            self.pump()
        raise AssertionError(f"never shown: {wanted}\n{self.text}")

    def wait_exit(self, seconds: float = 5.0) -> int:
        """Return the exit status; AssertionError when it does not end in time."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running\n{self.text}")
            if self._master >= 0:
                self.pump(0.02)
            else:
                time.sleep(0.02)
        while self._master >= 0 and self.pump(0.05):
            pass
        return self.process.returncode

    def restored(self) -> list[str]:
        """Return what the program left changed in the terminal; empty when all is as before."""
        left = []
        if termios.tcgetattr(self._slave)[:4] != self.before[:4]:
            left.append("terminal settings")
        for name, on, off in (
            ("alternate screen", b"\x1b[?1049h", b"\x1b[?1049l"),
            ("mouse", b"\x1b[?1000h", b"\x1b[?1000l"),
            ("bracketed paste", b"\x1b[?2004h", b"\x1b[?2004l"),
            ("hidden cursor", b"\x1b[?25l", b"\x1b[?25h"),
            ("kitty keyboard", b"\x1b[>1u", b"\x1b[<u"),
        ):
            if on in self.raw and self.raw.rfind(off) < self.raw.rfind(on):
                left.append(name)
        return left
