"""`d`: the bytes of a descriptor into a file, with progress in place of the keys."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper.api import Acquired
from fdtui.keeper.dump import Dumped
from fdtui.keeper.operations import Reply
from fdtui.keeper.ops.dump import dump_request, dumped_from
from fdtui.linux.procfs import Entry
from fdtui.render.pace import Pace
from fdtui.render.safe import safe
from fdtui.render.spans import Span, shown
from fdtui.render.units import bar, short_time, size_words
from fdtui.tui.screens.askline import AskLine
from fdtui.tui.screens.loan import about
from fdtui.tui.widgets.bars import InfoLine
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

_BAR = 24  # cells
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


def proposal(entry: Entry) -> str:
    """A name for the file: that of what is dumped, or its kind and number."""
    link = entry.link.removesuffix(" (deleted)")
    name = os.path.basename(link) if link.startswith("/") else _UNFIT.sub("-", link).strip("-")
    name = safe(name.removeprefix("memfd:"))
    return name if name not in ("", ".", "..") else f"fd-{entry.fd}"


def destination(typed: str, name: str) -> str:
    """The absolute path that is meant; a folder stands for a file of that name in it."""
    path = os.path.expanduser(typed)
    if not os.path.isabs(path) and _here():  # else open(2) will say what is wrong
        path = os.path.abspath(path)
    return os.path.join(path, name) if os.path.isdir(path) else path


def _here() -> str:
    """Where a relative path begins; "" where that folder has been removed."""
    try:
        return f"in {safe(os.getcwd())}"
    except FileNotFoundError:
        return ""


class Dumping:
    """Asks where to, dumps, says what came of it; never over another file without asking."""

    def __init__(
        self,
        screen: PlaceScreen,
        acquired: Acquired,
        *,
        borrowed: bool = False,
        then: Callable[[], object] | None = None,
    ) -> None:
        """`borrowed`: for this dump only, released at its end; `then` is called in any case."""
        self._screen, self._app = screen, screen.fdtui
        self._acquired, self._borrowed, self._then = acquired, borrowed, then
        self._name = proposal(acquired.entry)
        self._progress: Progress | None = None

    def ask(self, value: str | None = None, mistake: str = "") -> None:
        """Ask for the path."""
        line = AskLine(
            "dump to",
            self._name if value is None else value,
            syntax=_here(),
            check=_wrong,
            mistake=mistake,
        )
        self._app.push_screen(line, self._typed)

    def _typed(self, value: str | None) -> None:
        if value is None:
            self._end()
        else:
            self._dump(destination(value, self._name), overwrite=False)

    def _dump(self, path: str, *, overwrite: bool) -> None:
        progress = Progress(about(self._acquired), time.monotonic)
        before = _inode(path)

        def step(done: int, total: int) -> None:
            self._app.call_later(progress.at, done, total)

        future = self._app.keeper.perform(
            "dump",
            self._acquired.id,
            dump_request(path, overwrite=overwrite),
            progress=step,
        )

        def answered(reply: Reply) -> None:
            progress.close()
            self._done(dumped_from(reply))

        def refused(error: FdtuiError) -> None:
            progress.close()
            if isinstance(error, CallFailed) and error.errno == errno.EEXIST and _asks(error, path):
                self._app.push_screen(Overwrite(path), lambda key: self._overwrite(path, key))
            else:
                self._app.tell_error(error)
                self._end()

        self._app.push_screen(progress, lambda _: self._stop(future, path, before))
        self._app.when(future, answered, refused)

    def _overwrite(self, path: str, key: str | None) -> None:
        if key == "y":
            self._dump(path, overwrite=True)
        else:
            self.ask(path)

    def _stop(self, future: Future[Reply], path: str, before: int) -> None:
        """The progress has gone: because it is done, or because somebody wants no more of it."""
        if not future.cancel():
            return
        words = f"dump of {about(self._acquired)} to {path}"

        def over(_: object) -> None:
            """The keeper does something else: it has stopped, or was past stopping."""
            if _inode(path) != before:
                self._app.tell("dumped", about(self._acquired), f"to {path}: complete by then")
            else:
                self._app.tell("stopped", words, "nothing is left of it")
            self._end()

        self._app.show_result(f"stopping the {words}")
        self._app.when(self._app.keeper.perform("actions", self._acquired.id), over, over)

    def _done(self, dumped: Dumped) -> None:
        self._app.tell("dumped", about(self._acquired), result_words(dumped))
        self._end()

    def _end(self) -> None:
        if self._borrowed:
            self._app.keeper.release(self._acquired.id)
        if self._then is not None:
            self._then()


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return 0


def result_words(dumped: Dumped) -> str:
    """`to /tmp/x: 4.2 GB, 1.1 GB of data, the rest holes, by reflink in 0.2 s`."""
    words = f"to {dumped.path}: {size_words(dumped.size)}"
    if dumped.data < dumped.size:
        words += f", {size_words(dumped.data)} of data, the rest holes"
    if dumped.bad:
        words += f", {size_words(dumped.bad)} unreadable and zero"
    return f"{words}, by {dumped.by} in {short_time(dumped.seconds)}"


def _wrong(value: str) -> str:
    if not value:
        return "a name is needed"
    return "" if "\0" not in value else "a name has no zero byte"


def _asks(error: CallFailed, path: str) -> bool:
    """Is the file itself in the way, and not the rest of an interrupted dump?"""
    return error.call == f"open({path})"


class Overwrite(Dialog):
    """Answers `y` to replace the file that is there."""

    def __init__(self, path: str) -> None:
        try:
            size = f"of {size_words(os.stat(path).st_size)} "
        except OSError:
            size = ""
        lines = [
            DialogLine((*shown(path, "strong", cut="path"), Span(f"  {size}is there already"))),
            DialogLine(),
            DialogLine((Span("What is in it is gone once the dump is complete.", "danger"),)),
        ]
        buttons = [
            Button("esc", "choose another name", "focused"),
            Button("y", "overwrite", "dangerous"),
        ]
        super().__init__("Overwrite", lines, buttons)


class Progress(ModalScreen[None]):
    """How far it is, in place of the keys; escape stops it."""

    DEFAULT_CSS = """
    Progress { background: transparent; }
    Progress InfoLine { dock: bottom; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "stop", id="dump.stop", show=False),
    ]

    def __init__(self, subject: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self._subject, self._clock = subject, clock
        self._pace = Pace(clock())
        self._line = InfoLine()
        self._over = False

    def compose(self) -> ComposeResult:
        """The line alone."""
        yield self._line

    def on_mount(self) -> None:
        """Say that it has begun; it may have ended by now."""
        self._draw()
        if self._over:
            self.dismiss()

    def at(self, done: int, total: int) -> None:
        """So many bytes, of so many in all (0: nobody knows)."""
        self._pace.at(self._clock(), done, total)
        if self.is_attached:
            self._draw()

    def close(self) -> None:
        """It has ended by itself."""
        if self.is_attached and not self._over:
            self.dismiss()
        self._over = True

    def _draw(self) -> None:
        pace = self._pace
        drawn = bar(pace.done, pace.total, _BAR) + "  " if pace.total else ""
        self._line.show(
            (
                Span(f"dumping {self._subject}  "),
                Span(drawn, "accent", "never"),
                Span(pace.words()),
            ),
            (Span("esc", "key"), Span(" stops", "muted")),
        )
