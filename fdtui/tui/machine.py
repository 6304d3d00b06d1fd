"""What the screens look at: this machine, or an invented one in the tests."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fdtui.keeper.api import Keeper
from fdtui.linux.procfs import ProcFs
from fdtui.survey.neighbours import Neighbours
from fdtui.survey.scan import Engine, choose


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in many containers
        return str(os.geteuid())


def _start_keeper() -> Keeper:
    from fdtui.keeper.client import start_keeper

    return start_keeper()


@dataclass(slots=True)
class Machine:
    """Where facts come from; every field can be replaced."""

    procfs: ProcFs = field(default_factory=ProcFs)
    clock: Callable[[], float] = time.time
    hostname: str = field(default_factory=lambda: socket.gethostname().partition(".")[0])
    user: str = field(default_factory=_user)
    uid: int = field(default_factory=os.geteuid)
    start_keeper: Callable[[], Keeper] = _start_keeper
    engine: Callable[[], Engine] = choose
    neighbours: Callable[[ProcFs], Neighbours] = Neighbours
    live: bool = True  # False: nothing is looked at but when asked, so that pictures stand still
