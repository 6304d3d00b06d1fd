"""PID and PID:FD on the command line."""

from __future__ import annotations

from fdtui.acquire.base import Target
from fdtui.commands.options import number
from fdtui.errors import CallFailed, WrongUsage
from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import ProcFs


class Place(NamedTuple):
    """Where the screen opens: a process, or one of its descriptors."""

    pid: int
    fd: int | None


def parse_place(text: str) -> Place:
    """Parse `PID` or `PID:FD`; WrongUsage says what is wrong with it."""
    pid, colon, fd = text.partition(":")
    try:
        return Place(number(pid), number(fd) if colon else None)
    except ValueError:
        raise WrongUsage(f"not PID or PID:FD: {text}", "fdtui --help lists the commands") from None


def parse_target(text: str, procfs: ProcFs | None = None) -> Target:
    """Parse `PID:FD` and pin the process by its start time."""
    place = parse_place(text)
    if place.fd is None:
        raise WrongUsage(f"not PID:FD: {text}", f"fdtui ls -p {place.pid} lists its descriptors")
    return Target(place.pid, start_time(place.pid, procfs), place.fd)


def start_time(pid: int, procfs: ProcFs | None = None) -> int:
    """Return the start time of a process that must exist."""
    try:
        return (procfs or ProcFs()).start_time(pid)
    except OSError as error:
        raise CallFailed(f"open(/proc/{pid}/stat)", error, "no such process") from error
