"""`ls --summary`: how many descriptors there are, by kind, user and process."""

from __future__ import annotations

import json
import marshal
import sys
from collections import Counter

from fdtui.commands.lsrows import Scan
from fdtui.commands.lstable import write
from fdtui.render.safe import plain, safe

_PROCESSES = 20  # in the table; JSON has them all


def print_summary(scan: Scan, as_json: bool) -> None:
    """Print three tables, or one object."""
    counts: Counter[tuple[str, str]] = Counter()
    for part in scan.parts("counts"):
        counts.update(marshal.loads(part))  # noqa: S302  from our own workers
    kinds, users, processes = (_of(counts, by) for by in ("kind", "user", "process"))
    total = sum(count for _, count in kinds)
    if as_json:
        found = {
            "descriptors": total,
            "processes": len(processes),
            "by_kind": dict(kinds),
            "by_user": {safe(name): count for name, count in users},
            "by_process": [
                {"pid": int(pid), "comm": safe(comm), "descriptors": count}
                for name, count in processes
                for pid, _, comm in [name.partition(" ")]
            ],
        }
        sys.stdout.write(json.dumps(found) + "\n")
        return
    write(("COUNT", "KIND"), [(str(n), name) for name, n in [*kinds, ("all", total)]], _RIGHT)
    print(flush=True)
    write(("COUNT", "USER"), [(str(n), plain(name)) for name, n in users], _RIGHT)
    print(flush=True)
    rows = []
    for name, count in processes[:_PROCESSES]:
        pid, _, comm = name.partition(" ")
        rows.append((str(count), pid, plain(comm)))
    write(("COUNT", "PID", "COMMAND"), rows, (True, True, False))
    if len(processes) > _PROCESSES:
        print(f"and {len(processes) - _PROCESSES:,} processes with fewer")


_RIGHT = (True, False)


def _of(counts: Counter[tuple[str, str]], by: str) -> list[tuple[str, int]]:
    return sorted(
        ((name, count) for (what, name), count in counts.items() if what == by),
        key=lambda item: (-item[1], item[0]),
    )
