"""The helper that runs as root for this session: started, shared with the keeper, watched."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from fdtui.errors import FdtuiError
from fdtui.linux.users import user_name
from fdtui.survey.helped import HelpedProcFs
from fdtui.tui.terminal import leave_on_signals

if TYPE_CHECKING:
    from fdtui.acquire.helper_process import HelperProcess, Via
    from fdtui.tui.app import FdtuiApp

Done = Callable[[], object]
Failed = Callable[[FdtuiError], object]
_SIGNALS_SETTLE = 0.3  # seconds until a Ctrl-C meant for the password prompt has been read
_INTRODUCTION = (
    "\nfdtui asks {via} for a helper that runs as root.  It takes descriptors and lists tables, "
    "nothing else;\n`fdtui helper --source` prints it.  Ctrl-C leaves it.\n"
)


class Helping:
    """At most one helper.  The screen's own channel takes no descriptor: those go to the keeper."""

    def __init__(self, app: FdtuiApp) -> None:
        self._app = app
        self._process: HelperProcess | None = None
        self._starting = False
        self._ended = False

    @property
    def running(self) -> bool:
        """Does one run?"""
        return self._process is not None and self._process.client.alive

    def start(self, done: Done, failed: Failed) -> None:
        """Start one through sudo, pkexec or doas; the screen makes way when a password is asked."""
        if self.running:
            done()
            return
        if self._starting:
            return
        tools = self._app.machine.raising()
        if not tools:
            failed(FdtuiError("no sudo, pkexec or doas is installed here", "fdtui helper --help"))
            return
        self._starting = True
        if tools[0] == "pkexec":  # its agent would ask on this terminal at once
            self._ask(tools[0], done, failed)
        else:
            threading.Thread(
                target=self._quietly, args=(tools[0], done, failed), name="helper", daemon=True
            ).start()

    def _quietly(self, via: Via, done: Done, failed: Failed) -> None:
        """Try without a password, while the screen goes on."""
        from fdtui.acquire import helper_process

        try:
            process = helper_process.start(via, descriptors=False)
        except helper_process.HelperFailed as error:
            if error.needs_password:
                self._app.call_later(self._ask, via, done, failed)
            else:
                self._app.call_later(self._failed, failed, error)
        else:
            self._app.call_later(self._started, process, done, failed)

    def _ask(self, via: Via, done: Done, failed: Failed) -> None:
        """Let it ask on the terminal; nothing else happens here until it is answered."""
        from fdtui.acquire.helper_process import HelperProcess

        try:
            # Nothing may be raised in there: the screen would not come back.
            with self._app.suspend():
                print(_INTRODUCTION.format(via=via), flush=True)
                answer = self._answer(via)
        except SuspendNotSupported:
            answer = FdtuiError("this terminal cannot make way for the password")
        if isinstance(answer, HelperProcess):
            self._started(answer, done, failed)
        else:
            self._failed(failed, answer)

    def _answer(self, via: Via) -> HelperProcess | FdtuiError:
        """Start it with the terminal in the foreground; a Ctrl-C there is not meant for fdtui."""
        from fdtui.acquire import helper_process

        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGINT)
        try:
            return helper_process.start(via, ask=True, descriptors=False)
        except helper_process.HelperFailed as error:
            # What went wrong was told on the terminal; here is only that nothing came of it.
            remedy = "sudo -l  tells what you may run" if via == "sudo" else error.remedy
            why = "not the password, given up, or not permitted"
            return FdtuiError(f"{via} started no helper: {why}", remedy)
        finally:
            # asyncio learns of a Ctrl-C only when it runs again.
            loop.call_later(_SIGNALS_SETTLE, leave_on_signals, self._app.leave)

    def _failed(self, failed: Failed, error: FdtuiError) -> None:
        self._starting = False
        failed(error)

    def _started(self, process: HelperProcess, done: Done, failed: Failed) -> None:
        self._starting = False
        if self._ended:
            process.client.close()
            return
        self._process = process
        app = self._app
        app.helper_user = user_name(process.info.euid)
        threading.Thread(
            target=self._watch, args=(process,), name="helper-watch", daemon=True
        ).start()
        self._look_anew(process)
        app.tell("started", "helper", f"as {app.helper_user} through {process.via}")
        self.introduce(done, failed)

    def introduce(self, done: Done = lambda: None, failed: Failed = lambda _: None) -> None:
        """Give the keeper a channel of its own, also one that has taken a dead one's place."""
        process = self._process
        if process is None or not process.client.alive:
            return
        from fdtui.keeper.ops.pull import give_helper

        try:
            future = give_helper(self._app.keeper, process)
        except FdtuiError as error:
            failed(error)
            return
        self._app.when(future, lambda _: done(), failed)

    def _watch(self, process: HelperProcess) -> None:
        process.process.wait()
        self._app.call_later(self._gone, process)

    def _gone(self, process: HelperProcess) -> None:
        """It was killed, or nothing was asked of it for a quarter of an hour."""
        if self._process is not process or self._ended:
            return
        self._process = None
        process.client.close()
        self._app.helper_user = ""
        self._look_anew(None)
        self._app.tell("noticed", "helper", "has ended; p starts another")

    def _look_anew(self, process: HelperProcess | None) -> None:
        """What was refused may be seen now, or the other way round."""
        app = self._app
        if isinstance(app.machine.procfs, HelpedProcFs):
            sees_all = process is not None and process.info.sees_all
            app.machine.procfs.client = process.client if process and sees_all else None
        app.process_table.recheck()
        app.last_sweep = None  # where there is none, every place sweeps for its status line
        app.poller.poke()

    def close(self) -> None:
        """The session ends, and the helper by that; nothing here waits."""
        self._ended = True
        if self._process is not None:
            self._process.client.close()
