"""The zoo: one live specimen or more of every kind, open in one child process.

`python -m tests.zoo` is the child: it opens everything, says what it could and what not, and then
does what it is told on its standard input, one JSON object a line.
"""

from __future__ import annotations

import json
import os
import sys

from tests.specimens import events, files, inet, kernel, paths, queues, sockets, spoofs
from tests.specimens.registry import SPECIMENS, Keep, reason_for

FAMILIES = (files, paths, spoofs, queues, sockets, inet, events, kernel)


class Cage:
    """Everything that is open, by the name of its specimen."""

    def __init__(self) -> None:
        self.fds: dict[str, int] = {}
        self.missing: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self._kept: list[Keep] = []

    def make(self, name: str) -> int | None:
        """Open one, again if it is open already; None when this machine cannot."""
        keep: Keep = []
        self._kept.append(keep)
        try:
            fd = self.fds[name] = SPECIMENS[name].make(keep)
        except Exception as error:
            reason = reason_for(error)
            (self.broken if reason is None else self.missing)[name] = reason or repr(error)
            return None
        return fd

    def obey(self, order: dict[str, str]) -> dict[str, object]:
        """Carry one order out: the target's own next read, or a fresh specimen."""
        name = order["name"]
        if order["do"] == "remake":
            return {"fd": self.make(name)}
        consume = SPECIMENS[name].consume
        assert consume is not None
        try:
            return {"read": consume(self.fds[name]).hex()}
        except OSError as error:
            return {"read": f"{error}".encode().hex()}


def main() -> None:
    """Open everything, then obey until the standard input ends."""
    cage = Cage()
    for name in SPECIMENS:
        cage.make(name)
    hello = {
        "pid": os.getpid(),
        "fds": cage.fds,
        "missing": cage.missing,
        "broken": cage.broken,
    }
    print(json.dumps(hello), flush=True)
    for line in sys.stdin:
        print(json.dumps(cage.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
