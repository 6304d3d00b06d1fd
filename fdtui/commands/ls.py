"""List descriptors: as a table, as JSON, counted, or as a tree of processes.

Columns and the words of filters are the same; --list-columns names them.
"""

from __future__ import annotations

import errno
import gc
import sys

from fdtui.commands.options import Option, declare
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux.lean import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from fdtui.commands.lsrows import Asked, Scan

USAGE = 2
_EXAMPLES = """\
examples:
  fdtui ls -p 812                          one process, everything decoded
  fdtui ls -w 'lport == 80'                who has port 80
  fdtui ls -w 'deleted and size > 1G'      large files without a name
  fdtui ls -o pid,command,fd,size,target   chosen columns
  fdtui ls --jsonl --sharing | jq ...      descriptors of one description have one `sharing`
"""
OPTIONS = (
    Option(("-p", "--pid"), "only this process", "PID", number=True, many=True),
    Option(("-w", "--where"), "only rows that fit this filter", "EXPR", many=True),
    Option(("-o", "--output"), "columns, with commas; +COLS adds to the usual ones", "COLS"),
    Option(("--list-columns",), "list the columns and exit"),
    Option(("--json",), "one array of objects", excludes=True),
    Option(("--jsonl",), "one object a line", excludes=True),
    Option(("--tree",), "processes as a tree", excludes=True),
    Option(("--summary",), "counts by kind, user and process"),
    Option(("--sharing",), "which descriptors are one open file description"),
    Option(("--peers",), "who is at the other end"),
    Option(("--all",), "cwd, root, exe and mapped files as well"),
    Option(("--engine",), "how to scan", None, ("auto", "proc", "bpf"), "auto"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = _EXAMPLES
    declare(parser, OPTIONS)


def run(args: argparse.Namespace) -> int:
    """Print; 1 when a process asked for is not there, 3 when some could not be looked into."""
    if args.list_columns:
        return _list_columns()
    if args.summary and (args.tree or args.output):
        word = "--tree" if args.tree else "--output"
        return usage(FdtuiError(f"{word} is not allowed with --summary", "fdtui ls --help"))
    try:
        asked = _asked(args)
    except FdtuiError as error:
        return usage(error)
    from fdtui.commands.lsrows import Scan

    gc.disable()  # one pass makes no cycles; looking for some among all rows takes a tenth of it
    scan = Scan(asked)
    try:
        _print(args, asked, scan)
        sys.stdout.flush()
    finally:
        scan.close()
    return told(scan)


def _print(args: argparse.Namespace, asked: Asked, scan: Scan) -> None:
    if args.summary:
        from fdtui.commands.lssummary import print_summary

        print_summary(scan, as_json=args.json or args.jsonl)
    elif args.tree:
        from fdtui.commands.lstree import print_tree

        print_tree(scan)
    elif args.json or args.jsonl:
        from fdtui.commands.lsobjects import print_objects

        print_objects(scan, lines=args.jsonl)
    else:
        from fdtui.commands.lstable import print_table

        print_table(scan)


def _asked(args: argparse.Namespace) -> Asked:
    """Check columns and filters; FdtuiError for a mistake."""
    from fdtui.commands.lsrows import Asked

    columns: tuple[str, ...] = ()
    if args.output is not None:
        columns = chosen(args.output)
    return Asked(
        tuple(dict.fromkeys(args.pid)) if args.pid else None,
        tuple(args.where or ()),
        columns,
        args.sharing,
        args.peers,
        args.all,
        args.engine,
    ).checked()


def chosen(text: str) -> tuple[str, ...]:
    """Parse `pid,fd,+size`; FdtuiError names what is no column."""
    from fdtui.commands.lstable import USUAL
    from fdtui.survey import columns

    names = [name for name in text.removeprefix("+").split(",") if name]
    for name in names:
        if columns.find(name) is None:
            similar = columns.similar(name)
            hint = f"is {similar} meant?" if similar else "fdtui ls --list-columns"
            raise FdtuiError(f"no column is called {name}", hint)
    if not names:
        raise FdtuiError("no column is named", "fdtui ls --list-columns")
    return (*USUAL, *names) if text.startswith("+") else tuple(names)


def usage(error: FdtuiError) -> int:
    """Print a mistake in what was typed; for a filter the place of it."""
    from fdtui.render.safe import plain

    print(f"fdtui: {plain(error.message)}", file=sys.stderr)
    text = getattr(error, "text", None)
    if text is not None:
        before = plain(text[: error.column - 1])  # type: ignore[attr-defined]  # a FilterError
        print(f"  {plain(text)}\n  {' ' * len(before)}^", file=sys.stderr)
    if error.remedy:
        print(f"  {plain(error.remedy)}", file=sys.stderr)
    return USAGE


def told(scan: Scan) -> int:
    """Say what could not be seen, on stderr; returns the exit status."""
    asked = scan.asked
    if asked.pids is not None and not (scan.missing or scan.refused):
        return 0
    from fdtui.commands.telling import fail, unseen

    status = 0
    for pid in scan.missing:
        status = fail(CallFailed(f"open(/proc/{pid}/fd)", errno.ENOENT, "no such process"))
    partly = unseen(scan.refused, scan.processes, whole=asked.pids is None)
    if asked.pids is not None and len(scan.refused) == scan.processes > 0:
        return 1  # nothing that was asked for could be seen
    return status or partly


def _list_columns() -> int:
    from fdtui.survey import columns

    width = max(len(column.name) for column in columns.COLUMNS)
    lines = []
    for column in columns.COLUMNS:
        names = f"  (lsfd: {' '.join(column.aliases)})" if column.aliases else ""
        kind = column.type.value
        lines.append(f"{column.name:<{width}}  {kind:<13}  {column.help}{names}\n")
    sys.stdout.write("".join(lines))
    return 0
