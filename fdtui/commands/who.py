"""Who has this: a file, a directory or mount point, a port, an inode, a pipe, a process's name.

What processes have as cwd, root, exe or mapped counts as well.
"""

from __future__ import annotations

import argparse
import os
import sys

from fdtui.errors import FdtuiError, WrongUsage
from fdtui.linux.lean import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from fdtui.survey.facts import Facts
    from fdtui.survey.scan import EngineName

COLUMNS = ("pid", "user", "command", "fd", "mode", "kind", "target")
_EXAMPLES = """\
examples:
  fdtui who /var/log/syslog      who has it open, mapped, or runs it; under any of its names
  fdtui who /mnt                 what keeps it busy: everything on it, working directories too
  fdtui who 80                   who has the port, listeners first (:80 where 80 is a file)
  fdtui who ino:1234             who has the inode
  fdtui who 'pipe:[4711]'        who has the ends
  fdtui who nginx docker/web     what processes of a name or container have
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be asked about."""
    parser.epilog = _EXAMPLES
    parser.add_argument("queries", nargs="+", metavar="PATH|PORT|INODE|PIPE|NAME")
    parser.add_argument("--json", action="store_true", help="one array of objects, as ls has them")
    parser.add_argument("--engine", choices=("auto", "proc", "bpf"), default="auto")


def run(args: argparse.Namespace) -> int:
    """Print who; 1 when nobody has something, 3 when some processes could not be looked into."""
    from fdtui.commands.telling import fail
    from fdtui.survey.scan import choose, counts
    from fdtui.survey.who import find

    status = 0
    rows: list[tuple[str, Facts]] = []
    name = cast("EngineName", args.engine)
    sizes = counts(int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    with choose(name, sum(sizes.values()) if name == "auto" else None) as engine:
        for query in args.queries:
            if not query:
                return fail(WrongUsage("nothing is asked for", "fdtui who --help"))
            try:
                found = [one for one in find(query, engine) if not _ours(one)]
            except FdtuiError as error:
                status = fail(error)
                continue
            if not found:
                status = fail(FdtuiError(f"nobody has {query}, as far as can be seen"))
            rows += [(query, one) for one in found]
    if args.json:
        _print_objects(rows)
    elif rows:
        _print_table(rows)
    sys.stdout.flush()
    partly = _told(sizes)
    return status or partly


def _ours(one: Facts) -> bool:
    """Is it this process or one of its workers, which are gone in a moment?"""
    return os.getpid() in (one.owner.pid, one.owner.ppid)


def _print_table(rows: list[tuple[str, Facts]]) -> None:
    from fdtui.commands.lscells import cells
    from fdtui.commands.lstable import print_rows

    unique = {(one.owner.pid, one.special, one.record.fd, one.record.link): one for _, one in rows}
    print_rows(COLUMNS, [cells(one, COLUMNS) for one in unique.values()])


def _print_objects(rows: list[tuple[str, Facts]]) -> None:
    import json

    from fdtui.commands import lsjson
    from fdtui.render.safe import safe

    lines = []
    for query, one in rows:
        how = one.special or "fd"
        more = f',"how":"{how}","query":{json.dumps(safe(query))}}}'
        lines.append(lsjson.row(one)[:-1] + more)
    text = ",\n".join(lines)
    sys.stdout.write(f"[\n{text}\n]\n" if lines else "[\n]\n")


def _told(sizes: dict[int, int]) -> int:
    """Say on stderr how many processes could not be seen; 3 when there are any."""
    from fdtui.linux.hidepid import hiding

    codes = {pid: code for pid in sizes if (code := _refusal(pid))}
    if not codes and hiding() is None:
        return 0
    from fdtui.commands.telling import unseen
    from fdtui.linux.fdtable import owner_of

    refused = []
    seen = 0
    for pid, size in sizes.items():
        # Of those with descriptors none is a kernel thread, and nothing more is to be known.
        if pid in codes or size <= 1:
            owner = owner_of(pid)
            if owner is None or owner.kernel:
                continue
            if pid in codes:
                refused.append(owner._replace(error=("readlink", codes[pid])))
        seen += 1
    return unseen(refused, seen)


def _refusal(pid: int) -> int:
    """The errno with which links of a process are refused, 0 if they are not (3 us)."""
    try:
        os.readlink(f"/proc/{pid}/cwd")  # the right that links of descriptors need as well
    except PermissionError as error:
        return error.errno or 0
    except OSError:
        return 0  # it has ended
    return 0
