"""The app: the places, the poller that looks for them, the way in and the way out."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import Screen

from fdtui.render.safe import safe
from fdtui.survey.processes import ProcessTable, Snapshot
from fdtui.tui.garbage import CHECK, Garbage
from fdtui.tui.linefilter import TerminalGuard
from fdtui.tui.machine import Machine
from fdtui.tui.poller import Job, Poller
from fdtui.tui.readahead import SETTLED, read_ahead
from fdtui.tui.sessionapp import SessionApp
from fdtui.tui.settings import Settings
from fdtui.tui.terminal import leave_on_signals, leave_with_the_terminal

if TYPE_CHECKING:
    from fdtui.tui.helping import Helping


def _processes() -> Screen[None]:
    from fdtui.tui.screens.processes import Processes

    return Processes()


def _machine() -> Screen[None]:
    from fdtui.tui.screens.machine import MachineScreen

    return MachineScreen()


def _held() -> Screen[None]:
    from fdtui.tui.screens.held import Held

    return Held()


def _palette() -> type[Provider]:
    from fdtui.tui.palette import Everything

    return Everything


class FdtuiApp(SessionApp):
    """One poller thread, one keeper process, three places, each with its own stack of screens."""

    CSS_PATH = "fdtui.tcss"
    TITLE = "fdtui"
    ENABLE_COMMAND_PALETTE = True
    PAUSE_GC_ON_SCROLL = True
    MODES: ClassVar[dict[str, Callable[[], Screen[None]]]] = {  # type: ignore[assignment]
        "processes": _processes,
        "machine": _machine,
        "held": _held,
    }
    DEFAULT_MODE = "processes"
    COMMANDS: ClassVar[set[Callable[[], type[Provider]]]] = {_palette}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "place('processes')", "Processes", id="place.processes", show=False),
        Binding("2", "place('machine')", "Machine", id="place.machine", show=False),
        Binding("3", "place('held')", "Held", id="place.held", show=False),
        Binding("q", "quit", "quit", id="app.quit", show=False),
        Binding("ctrl+c", "copy_or_leave", "quit", id="app.interrupt", show=False, priority=True),
    ]

    @dataclass
    class Seen(Message, bubble=False):
        """The poller has looked."""

        job: Job
        result: object

        def can_replace(self, message: Message) -> bool:
            """A slow screen needs only the last look."""
            return isinstance(message, FdtuiApp.Seen) and message.job is self.job

    def __init__(
        self,
        machine: Machine | None = None,
        open_at: tuple[int, int | None] | None = None,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(machine, settings)
        self.process_table = ProcessTable(self.machine.procfs, self.machine.clock)
        self.last_sweep: Snapshot | None = None
        self.poller = Poller(
            lambda job, result: self.post_message(self.Seen(job, result)),
            lambda error: self.call_later(self.tell_error, error),
            lambda error: self.call_later(self._handle_exception, error),
        )
        self.frozen_at: float | None = None
        self.blurred = False
        self.crash: list[str] = []  # lines of the traceback, without the values of variables
        self._open_at = open_at
        self._opened = self.ahead.hold()  # until there is a screen to type at
        self.garbage = Garbage()

    # Starting and ending

    def on_mount(self) -> None:
        """Show the home place, then start what is not needed for the first paint."""
        self.set_keymap(self.settings.keys)
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        leave_on_signals(self.leave)
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.poller.start()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.garbage.begin()
        if self.machine.live:
            self.set_interval(CHECK, self.garbage.tidy)
            self.set_timer(SETTLED, read_ahead)
            leave_with_the_terminal(0, lambda: self.call_later(self.leave, 129))
        _ = self.keeper
        self.equip()
        if self._open_at is not None:
            pid, fd = self._open_at
            self.open_process(pid, fd)
        self._opened()

    async def on_event(self, event: events.Event) -> None:
        """Take note of every key and click, whoever it is for."""
        if isinstance(event, events.InputEvent):
            self.garbage.touched()
        if isinstance(event, events.Key | events.Paste) and self.ahead.takes(event):
            return
        await super().on_event(event)

    def leave(self, status: int = 0) -> None:
        """End with this exit status; the terminal is restored by the driver."""
        self.exit(status, return_code=status)

    async def action_quit(self) -> None:
        """Quit; everything held is released by the keeper's end."""
        self.leave()

    def action_command_palette(self) -> None:
        """Ask which command is meant, unless that is being asked."""
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            from fdtui.tui.palette import Palette

            self.push_screen(Palette(id="--command-palette"))

    def action_copy_or_leave(self) -> None:
        """ctrl+c ends, as everywhere else."""
        self.leave(130)

    def on_unmount(self) -> None:
        """Let go of everything; nothing here may block."""
        self.poller.stop()
        self.let_go()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """No control byte of a stranger reaches the terminal, whichever way it came here."""
        return [*super().get_line_filters(), TerminalGuard(ascii_only=self.settings.ascii_only)]

    def _fatal_error(self) -> None:
        """Report a crash without the values of variables: they may be a target's secrets."""
        self.bell()
        text = "".join(traceback.format_exception(self._exception)) if self._exception else ""
        lines = [safe(line) for line in text.splitlines()]
        self._exit_renderables.append("fdtui crashed; this is a defect of fdtui.")
        self.crash = lines
        self._close_messages_no_wait()

    @property
    def helping(self) -> Helping:
        """What starts a helper that runs as root, and watches it."""
        if self._helping is None:
            from fdtui.tui.helping import Helping

            self._helping = Helping(self)
        return self._helping

    # Moving about

    def action_place(self, mode: str) -> None:
        """Go to a place; its own stack of screens is as it was left."""
        if mode == self.current_mode:
            while len(self.screen_stack) > 1:
                self.pop_screen()
        else:
            self.switch_mode(mode)

    def open_process(self, pid: int, fd: int | None = None, *, look: bool = True) -> None:
        """Show the descriptors of a process, and look into one of them when `fd` is given."""
        from fdtui.tui.screens.descriptors import Descriptors

        try:
            start_time = self.machine.procfs.start_time(pid)
        except OSError as error:
            from fdtui.errors import CallFailed

            self.tell_error(CallFailed(f"open /proc/{pid}/stat", error, "no such process"))
            return
        self.push_screen(Descriptors(pid, start_time, select=fd, look=look and fd is not None))

    # Looking

    def on_fdtui_app_seen(self, message: Seen) -> None:
        """Hand what the poller saw to the screen that wanted it."""
        from fdtui.tui.screens.place import PlaceScreen

        for screen in self.screen_stack:
            if isinstance(screen, PlaceScreen) and screen.job is message.job:
                screen.seen(message.result)
                screen.known = True

    def freeze(self) -> None:
        """Stop refreshing, or go on."""
        self.frozen_at = None if self.frozen_at is not None else self.machine.clock()
        self._rest()

    def on_app_blur(self, _: events.AppBlur) -> None:
        """The terminal is not in front: nobody sees a refresh."""
        self.blurred = True
        self._rest()

    def on_app_focus(self, _: events.AppFocus) -> None:
        """The terminal is in front again."""
        self.blurred = False
        self._rest()

    def _rest(self) -> None:
        self.poller.sleep(self.frozen_at is not None or self.blurred)
        self.redraw_bars()
