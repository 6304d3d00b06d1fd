"""What terminals and pseudoterminal masters have in common; there is no way to peek at input."""

from __future__ import annotations

import struct
import termios
from collections.abc import Iterable

from fdtui.kinds._info import integer, nested, text, words
from fdtui.kinds.base import TERMINAL, Borrow, Fact, Family, FdKind, Section, Unseen, fact
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.linux.units import count

if TYPE_CHECKING:
    from typing import ClassVar


TIOCGEXCL = 0x80045440
_DISCIPLINES = {0: "n_tty", 2: "slip", 3: "ppp", 15: "hci", 21: "gsm", 27: "null"}
_INPUT = "IGNBRK BRKINT IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IXON IXANY IXOFF IMAXBEL"
_OUTPUT = "OPOST ONLCR OCRNL ONOCR ONLRET"
_CONTROL = "CSTOPB CREAD PARENB PARODD HUPCL CLOCAL CRTSCTS"
_LOCAL = "ISIG ICANON ECHO ECHOE ECHOK ECHONL NOFLSH TOSTOP IEXTEN"
_SIZES = {termios.CS5: 5, termios.CS6: 6, termios.CS7: 7, termios.CS8: 8}
_SPEEDS = {
    value: int(name[1:])
    for name, value in vars(termios).items()
    if name.startswith("B") and name[1:].isdigit()
}


def _set(flags: object, names: str) -> list[str]:
    assert isinstance(flags, int)
    return [name.lower() for name in names.split() if flags & int(getattr(termios, name, 0))]


def settings(peek: Peek) -> Info:
    """Return stty(1)'s words: `iflag oflag cflag lflag` by names, speed, character size."""
    iflag, oflag, cflag, lflag, _, ospeed, _ = peek.tcgetattr()
    assert isinstance(cflag, int)
    assert isinstance(ospeed, int)
    return {
        "iflag": list(_set(iflag, _INPUT)),
        "oflag": list(_set(oflag, _OUTPUT)),
        "cflag": list(_set(cflag, _CONTROL)),
        "lflag": list(_set(lflag, _LOCAL)),
        "csize": _SIZES.get(cflag & termios.CSIZE, 8),
        "speed": _SPEEDS.get(ospeed, ospeed),
    }


def optional(found: Info, calls: Iterable[tuple[str, int]], peek: Peek) -> None:
    """Add what each ioctl that fills an int says; terminals answer only some."""
    for key, request in calls:
        try:
            found[key] = struct.unpack("i", peek.ioctl_read(request, 4))[0]
        except OSError:
            continue


def name_foreground(found: Info) -> None:
    """Add the name of the foreground group's leader, as far as it lives and may be seen."""
    if group := integer(found, "foreground_pgrp"):
        try:
            found["foreground_comm"] = ProcFs().stat(group).comm
        except OSError:
            pass  # the leader has ended, or is in another pid namespace


class TerminalKind(FdKind):
    """read(2) would take what was typed; the queues are only counted."""

    family: ClassVar[Family] = TERMINAL
    borrow = Borrow.LOOK
    examines = True

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        try:
            rows, columns, _, _ = struct.unpack("4H", peek.ioctl_read(termios.TIOCGWINSZ, 8))
            found["winsize"] = {"rows": rows, "columns": columns}
        except OSError:
            pass  # a serial line that hung up
        calls = (
            ("queued", termios.FIONREAD),
            ("unsent", termios.TIOCOUTQ),
            ("line_discipline", termios.TIOCGETD),
            ("exclusive", TIOCGEXCL),
        )
        optional(found, calls, peek)
        if (discipline := integer(found, "line_discipline")) is not None:
            found["line_discipline"] = _DISCIPLINES.get(discipline, str(discipline))
        if "exclusive" in found:
            found["exclusive"] = bool(found["exclusive"])
        try:
            found["termios"] = settings(peek)
        except termios.error:
            pass
        name_foreground(found)
        return found

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "queued")

    def foreground_facts(self, info: Info) -> list[Fact]:
        """Who reads what is typed: the leader of the foreground process group."""
        if (group := integer(info, "foreground_pgrp")) is None:
            return []
        session = integer(info, "session")
        leader = text(info, "foreground_comm") or "group"
        return [fact("foreground", f"{leader} {group}", f"session {session}" if session else "")]

    def common_facts(self, info: Info) -> list[Fact]:
        """Window, queues and the settings that matter."""
        facts = []
        window = nested(info, "winsize")
        if window:
            known = window["columns"] or window["rows"]
            size = f"{window['columns']}x{window['rows']}" if known else "not set"
            facts.append(fact("window", size))
        if (queued := integer(info, "queued")) is not None:
            facts.append(fact("queued", count(queued), "bytes that can be read now"))
        if (unsent := integer(info, "unsent")) is not None:
            facts.append(fact("unsent", count(unsent), "bytes written and not taken yet"))
        if termios_ := nested(info, "termios"):
            local = words(termios_, "lflag")
            lines = "lines, edited" if "icanon" in local else "raw, byte by byte"
            echo = "echo" if "echo" in local else "no echo"
            facts.append(fact("input", lines, echo))
        if info.get("exclusive"):
            facts.append(fact("exclusive", "yes", "nobody else can open it"))
        return facts

    def state(self, entry: Entry, info: Info) -> tuple[Section, ...]:
        sections = [Section("TERMINAL", self.details(entry, info))]
        if termios_ := nested(info, "termios"):
            names = ("iflag", "oflag", "cflag", "lflag")
            facts = [fact(name, " ".join(words(termios_, name)) or "none") for name in names]
            facts.append(fact("speed", f"{termios_['speed']}", f"{termios_['csize']} bits"))
            sections.append(Section("SETTINGS", tuple(facts)))
        return tuple(sections)

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return Unseen("a terminal has no way to look at its input without taking it")
