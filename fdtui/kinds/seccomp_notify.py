"""seccomp_unotify(2): who supervises the system calls of others."""

from __future__ import annotations

import select

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line
from fdtui.kinds.base import PROGRAM, Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans


class SeccompNotify(AnonKind):
    """poll(2) tells whether a call waits; receiving the notification would take it."""

    name = "seccomp-notify"
    label = "seccomp"
    family = PROGRAM
    names = frozenset({"seccomp notify"})
    examines = True

    def examine(self, peek: Peek, entry: Entry) -> Info:
        state = peek.poll()
        return {"waiting": bool(state & select.POLLIN), "unused": bool(state & select.POLLHUP)}

    def target(self, entry: Entry, info: Info) -> Spans:
        if info.get("unused"):
            return line("nobody is supervised any more")
        return line("a call waits for an answer" if info.get("waiting") else "supervises")

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "waiting" not in info:
            return ()
        return (fact("waiting", "a system call" if info["waiting"] else "none"),)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return "supervised calls would wait for nobody up to 0.5 s longer"


KIND = SeccompNotify()
