"""What psutil knows of one process: user, executable, start, CPU, memory, children, environment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fdtui.render import units
from fdtui.render.safe import safe
from fdtui.render.spans import Span, Spans, shown
from fdtui.survey.processes import ProcessRow
from fdtui.tui.widgets.dialog import Button, Dialog, DialogLine

if TYPE_CHECKING:
    import psutil

_KEY_CELLS = 13
_CHILDREN = 12  # children named; more are counted


class ProcessDetail(Dialog):
    """A dialog, since it is asked for and not watched."""

    def __init__(self, row: ProcessRow) -> None:
        lines = [
            DialogLine((Span(f"{key:<{_KEY_CELLS}}", "muted"), *value), indent=_KEY_CELLS)
            for key, value in facts(row)
        ]
        super().__init__(f"{safe(row.name)} {row.pid}", lines, [Button("esc", "leave", "focused")])


def facts(row: ProcessRow) -> Iterator[tuple[str, Spans]]:
    """Key and value of each line; what is refused says so."""
    import psutil

    try:
        process = psutil.Process(row.pid)
        with process.oneshot():
            yield from _facts(process, row)
    except psutil.NoSuchProcess:
        yield "ended", (Span("the process is gone"),)


def _facts(process: psutil.Process, row: ProcessRow) -> Iterator[tuple[str, Spans]]:
    yield "command", shown(row.command or f"[{row.name}]")
    yield "user", (*shown(row.user), Span(f"  uid {row.uid}", "muted"))
    yield "executable", _asked(process.exe)
    yield "directory", _asked(process.cwd)
    started = process.create_time()
    yield (
        "started",
        (
            Span(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(started))),
            Span(f"  {units.age(max(0.0, time.time() - started))} ago", "muted"),
        ),
    )
    cpu = process.cpu_times()
    yield "CPU time", (Span(f"{cpu.user:.2f} s user  {cpu.system:.2f} s system"),)
    memory = process.memory_info()
    yield (
        "memory",
        (
            Span(units.size_words(memory.rss)),
            Span(f"  {memory.rss:,} resident, {units.size_words(memory.vms)} mapped", "muted"),
        ),
    )
    yield "threads", (Span(units.count(process.num_threads())),)
    yield "state", (Span(process.status()),)
    children = process.children()
    for index, child in enumerate(children[:_CHILDREN]):
        yield "children" if index == 0 else "", _child(child)
    if len(children) > _CHILDREN:
        yield "", (Span(f"and {len(children) - _CHILDREN} more", "muted"),)
    yield from _environment(process)


def _child(child: psutil.Process) -> Spans:
    import psutil

    try:
        return (Span(f"{child.pid:>7}  "), *shown(child.name(), "strong"))
    except psutil.NoSuchProcess:
        return (Span(f"{child.pid:>7}  gone", "muted"),)


def _asked(question: object) -> Spans:
    import psutil

    assert callable(question)
    try:
        return shown(str(question()))
    except psutil.AccessDenied:
        return (Span("refused: no right to look into the process (EACCES)", "attention"),)


def _environment(process: psutil.Process) -> Iterator[tuple[str, Spans]]:
    import psutil

    try:
        environment = process.environ()
    except psutil.AccessDenied:
        yield "environment", (Span("refused (EACCES)", "attention"),)
        return
    for index, (name, value) in enumerate(sorted(environment.items())):
        label = "environment" if index == 0 else ""
        yield label, (*shown(name, "muted"), Span("="), *shown(value))
