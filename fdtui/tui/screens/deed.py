"""The deed itself: preview, confirmation, what came of it, and the way back in the session log."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

from fdtui.errors import FdtuiError
from fdtui.keeper.actions.arguments import Args
from fdtui.keeper.actions.base import Action, Outcome, Preview, command_line
from fdtui.keeper.actions.codec import outcome_from, preview_from
from fdtui.keeper.actions.doing import outcome_words
from fdtui.keeper.api import Acquired
from fdtui.keeper.operations import Reply
from fdtui.keeper.ops.act import act_request, preview_request
from fdtui.tui.screens.around import Around, look_around
from fdtui.tui.screens.confirming import Confirm
from fdtui.tui.screens.dumping import Dumping
from fdtui.tui.screens.loan import about

if TYPE_CHECKING:
    from fdtui.tui.screens.place import PlaceScreen

CHANGED = "changed since confirmed"
PATIENCE = 1.0  # seconds that a confirmation waits for the search for sharers


class Plan(NamedTuple):
    """What is to be done: `refused` hears why there can be no preview of it."""

    action: Action
    args: Args
    title: str
    refused: Callable[[FdtuiError], object]
    done: Callable[[], object] = lambda: None


class Deed:
    """Nothing is done before its confirmation; what was taken for it alone is let go of again."""

    def __init__(self, screen: PlaceScreen, acquired: Acquired, *, taken: bool = False) -> None:
        self.screen, self.app = screen, screen.fdtui
        self.acquired, self.taken = acquired, taken
        self._around: Future[Around] | None = None

    def look_around(self) -> Future[Around]:
        """Search for sharers now, so that they are known when they are wanted."""
        self._around = look_around(self.app.machine, self.acquired, self.app.keeper.pid)
        return self._around

    def show(self, plan: Plan, alert: str = "") -> None:
        """Ask for a confirmation; `alert` says why it is asked again."""
        request = preview_request(plan.action, plan.args)
        future = self.app.keeper.perform("preview", self.acquired.id, request)

        def previewed(reply: Reply) -> None:
            preview = preview_from(reply.facts)
            self._with_others(lambda: self._confirm(plan, preview, alert))

        self.app.when(future, previewed, lambda error: (plan.refused(error), None)[1], opens=True)

    def _with_others(self, go_on: Callable[[], object]) -> None:
        """Call when the search for sharers has ended, or took too long to wait for."""
        waiting = [True]
        release = self.app.ahead.hold()

        def once(*_: object) -> None:
            if waiting:
                waiting.clear()
                go_on()
                release()

        self.app.when(self._around or self.look_around(), once, once)
        self.app.set_timer(PATIENCE, once)

    def _confirm(self, plan: Plan, preview: Preview, alert: str) -> None:
        search = self._around
        assert search is not None
        dialog = Confirm(plan.title, plan.action, preview, self.acquired, _found(search), alert)

        def answered(key: str | None) -> None:
            if key == "y":
                self.do(plan, preview)
            elif key == "d":
                Dumping(self.screen, self.acquired, then=lambda: self.show(plan)).ask()
            else:
                self.leave()

        self.app.push_screen(dialog, answered)
        if not search.done():

            def later(around: Around) -> None:
                if dialog.is_attached:
                    dialog.around(around)

            self.app.when(search, later, lambda error: later(Around(why=str(error))))

    def do(self, plan: Plan, preview: Preview) -> None:
        """Do what the preview showed, if it still is what there is."""
        request = act_request(plan.action, plan.args, preview.token)
        future = self.app.keeper.perform("act", self.acquired.id, request)

        def refused(error: FdtuiError) -> None:
            if error.message.startswith(CHANGED):
                self.app.log_of_session.add("failed", about(self.acquired), str(error))
                self._around = None
                self.show(plan, f"{error}; nothing was done")
            else:
                self.give_up(error)

        def performed(reply: Reply) -> None:
            self._tell(outcome_from(reply.facts))
            if plan.action.in_target:
                self.leave()  # the target has something else there now
            plan.done()

        self.app.when(future, performed, refused)

    def _tell(self, outcome: Outcome) -> None:
        """Say what was done, and write down how to undo it."""
        app, subject = self.app, about(self.acquired)
        told = _without(subject, outcome.words)
        # It was said whose descriptor it is: the errno must not be cut off for saying it again.
        stopped = outcome.stopped.replace(f"({subject})", "")
        told += f"; then {stopped}" if stopped else ""
        app.log_of_session.add(outcome.verb, subject, told)
        undo = command_line(self.acquired.target, outcome.undo) if outcome.undo else ""
        if undo or outcome.undo_note:
            note = f"  ({outcome.undo_note})" if undo and outcome.undo_note else outcome.undo_note
            app.log_of_session.add("undo", "", undo + note)
        line = outcome_words(outcome._replace(stopped=stopped))
        if undo:
            whole = f"{line}   undo: {undo}"
            fits = len(whole) < app.size.width - 1
            line = whole if fits else f"{line}   undo: see 3"
        self.screen.show_result(line, failed=bool(outcome.stopped))
        app.refresh_held()
        app.poller.poke()

    def give_up(self, error: FdtuiError) -> None:
        """It can't be done."""
        self.app.tell_error(error)
        self.leave()

    def leave(self) -> None:
        """Let go of what was taken for it alone."""
        if self.taken:
            self.taken = False
            ident = self.acquired.id
            self.app.holds = [hold for hold in self.app.holds if hold.acquired.id != ident]
            released = self.app.keeper.release(ident)

            def gone(_: object) -> None:
                """Also when it was released by itself: the target has just closed its own."""
                self.app.refresh_held()

            self.app.when(released, gone, gone)


def _without(subject: str, words: str) -> str:
    """`6 bytes` of `6 bytes to fd 7 of ingestd 4182`: the log has a column for the rest."""
    said = rf"(?:^| (?:of|to|from|for) ){re.escape(subject)}(?=[ ,:]|$)"
    return re.sub(said, "", words, count=1).lstrip(" ,:")


def _found(search: Future[Around]) -> Around | None:
    if not search.done():
        return None
    error = search.exception()
    return Around(why=str(error)) if error else search.result()
