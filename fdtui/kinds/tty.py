"""Terminals: consoles, serial lines and the slave ends of pseudoterminals, tty(4), pts(4)."""

from __future__ import annotations

import os
import stat

from fdtui.kinds._files import path_of
from fdtui.kinds._info import text
from fdtui.kinds._terminals import TerminalKind
from fdtui.kinds.base import Fact, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.devices import PTMX, tty_driver
from fdtui.linux.json_types import Info
from fdtui.linux.procfs import Entry, read_file
from fdtui.linux.spans import Spans


class Tty(TerminalKind):
    """The foreground group is known where the process's controlling terminal is this one."""

    name = "tty"
    label = "tty"

    def fit(self, facts: Facts) -> Fit:
        if facts.type != stat.S_IFCHR or facts.device == PTMX:
            return Fit.NO
        return Fit.BY_FACT if tty_driver(facts.device) else Fit.NO

    def describe(self, entry: Entry) -> Info:
        if entry.stat is None:
            return {}
        major, minor = entry.stat.rdev
        found: Info = {"rdev": f"{major}:{minor}"}
        if driver := tty_driver((major, minor)):
            found["driver"] = driver.name
            found["tty_type"] = driver.type
        return {**found, **_controlling(entry.pid, os.makedev(major, minor))}

    def target(self, entry: Entry, info: Info) -> Spans:
        return path_of(entry)

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = self.common_facts(info)
        facts += self.foreground_facts(info)
        facts.append(fact("driver", text(info, "driver"), text(info, "tty_type")))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        if text(info, "tty_type") == "pty:slave":
            return "the other end would see the hang-up up to 0.5 s late"
        return ""


def _controlling(pid: int, device: int) -> Info:
    """Foreground process group and session, where the process is controlled by this terminal."""
    try:
        fields = read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    except OSError:
        return {}
    # state ppid pgrp session tty_nr tpgid: proc_pid_stat(5); tty_nr is the kernel's dev_t.
    session, tty, foreground = int(fields[3]), int(fields[4]), int(fields[5])
    number = tty & 0xFFFFFFFF
    controlling = os.makedev(number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00)
    if controlling != device or foreground <= 0:
        return {}
    return {"foreground_pgrp": foreground, "session": session}


KIND = Tty()
