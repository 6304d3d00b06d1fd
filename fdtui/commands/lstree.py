"""`ls --tree`: processes below their parents, descriptors below their processes."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence

from fdtui.commands.lsrows import Scan
from fdtui.commands.lstable import out
from fdtui.linux.record import Owner
from fdtui.linux.users import user_name
from fdtui.render.safe import plain
from fdtui.render.units import plural

_USUAL = ("fd", "mode", "kind", "target")
_Rows = dict[int, list[tuple[str, ...]]]


def print_tree(scan: Scan) -> None:
    """Print it; a process whose parent is not listed stands at the left."""
    names = scan.asked.columns or _USUAL
    rows: _Rows = {}
    for part in scan.parts("cells", ("pid", *names)):
        for pid, *cells in marshal.loads(part):  # noqa: S302  from our own workers
            rows.setdefault(int(pid), []).append(tuple(cells))
    owners = {
        owner.pid: owner
        for owner in scan.owners
        if owner.pid in rows or not scan.asked.filters  # a filter leaves processes without rows out
    }
    children: dict[int, list[Owner]] = {}
    for owner in owners.values():
        children.setdefault(owner.ppid if owner.ppid in owners else 0, []).append(owner)
    out("".join(f"{line}\n" for line in _tree(children, rows)))


def _tree(children: dict[int, list[Owner]], rows: _Rows) -> Iterator[str]:
    """Lines from the top; a stack, since families can be deeper than Python's recursion."""
    stack = [(owner, "", "") for owner in reversed(children.get(0, []))]
    while stack:
        owner, branch, margin = stack.pop()
        own, table = children.get(owner.pid, []), rows.get(owner.pid, [])
        yield f"{branch}{_title(owner)}"
        bar = f"{margin}{'│ ' if own else '  '}"
        for cells in _aligned(table):
            yield f"{bar}  {cells}"
        below = []
        for child in own:
            last = child is own[-1]
            below.append(
                (child, f"{margin}{'└─' if last else '├─'}", f"{margin}{'  ' if last else '│ '}")
            )
        stack += reversed(below)


def _title(owner: Owner) -> str:
    held = plural(owner.fds, "descriptor") if owner.error is None else "not to be looked into"
    return f"{owner.pid} {user_name(owner.uid)} {plain(owner.comm)}  {held}"


def _aligned(table: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        yield "  ".join(padded).rstrip()
