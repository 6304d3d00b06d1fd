"""What the screens look at: this machine, or an invented one in the tests."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from fdtui.linux.procfs import ProcFs
from fdtui.survey.helped import HelpedProcFs

if TYPE_CHECKING:
    from fdtui.acquire.helper_process import Via
    from fdtui.keeper.api import Keeper
    from fdtui.linux.record import Record
    from fdtui.survey.deleted import Accounting
    from fdtui.survey.fsusage import FileSystems
    from fdtui.survey.machine import MachineTable
    from fdtui.survey.neighbours import Neighbours
    from fdtui.survey.scan import Engine


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return str(os.geteuid())


# Imported when first used: none of these is needed for the first paint.


def _start_keeper() -> Keeper:
    from fdtui.keeper.client import start_keeper

    return start_keeper()


def _neighbours(procfs: ProcFs) -> Neighbours:
    from fdtui.survey.neighbours import Neighbours

    return Neighbours(procfs)


def _engine() -> Engine:
    from fdtui.survey.scan import choose

    return choose()


@cache
def _file_systems() -> FileSystems:
    from fdtui.survey.fsusage import FileSystems

    return FileSystems()


def _account(records: Iterable[Record]) -> Accounting:
    from fdtui.survey.deleted import account

    return account(records, _file_systems())


def _raising() -> list[Via]:
    from fdtui.acquire.helper_process import tools

    return tools()


@dataclass(slots=True)
class Machine:
    """Where facts come from; every field can be replaced."""

    procfs: ProcFs = field(default_factory=HelpedProcFs)
    clock: Callable[[], float] = time.time
    hostname: str = field(default_factory=lambda: socket.gethostname().partition(".")[0])
    user: str = field(default_factory=_user)
    uid: int = field(default_factory=os.geteuid)
    start_keeper: Callable[[], Keeper] = _start_keeper
    neighbours: Callable[[ProcFs], Neighbours] = _neighbours
    account: Callable[[Iterable[Record]], Accounting] = _account
    engine: Callable[[], Engine] = _engine
    raising: Callable[[], list[Via]] = _raising  # sudo, pkexec, doas, as far as they are there
    live: bool = True  # False: nothing is looked at but when asked, so that pictures stand still
    _table: MachineTable | None = field(default=None, init=False)

    @property
    def table(self) -> MachineTable:
        """Every descriptor there is, for all screens; for the poller's thread alone."""
        if self._table is None:
            from fdtui.survey.machine import MachineTable

            self._table = MachineTable(self.scanner(), self.clock, self.live)
        return self._table

    def scanner(self) -> Engine:
        """Return an engine that sees what the helper sees."""
        engine = self.engine()
        if not isinstance(self.procfs, HelpedProcFs):
            return engine
        from fdtui.survey.engine_helped import HelpedEngine

        procfs = self.procfs
        return HelpedEngine(engine, lambda: procfs.helper)
