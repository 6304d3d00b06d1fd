"""The command line and the composition root.  Subcommands never import Textual."""

from __future__ import annotations

import errno
import gc
import os
import sys

from fdtui import __version__
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux.lean import import_module

TYPE_CHECKING = False  # that of typing would have it imported, which --help has no use for
if TYPE_CHECKING:
    import argparse
    from types import ModuleType
    from typing import NoReturn

# Name, module, one line for --help.  The module is imported only when its command is typed.
COMMANDS = {
    "ls": "list descriptors, as a table, JSON or JSON lines",
    "who": "who has this file, port, inode or pipe",
    "cat": "print the bytes behind a descriptor without disturbing its owner",
    "run": "run a command that inherits a descriptor",
    "act": "change what is shared: truncate, seek, unlock, shut down ...",
    "send": "give descriptors of this shell to a running fdtui",
    "helper": "the sending side; started for you when it is needed",
    "doctor": "what this machine allows, and what would change each refusal",
}
_SILENT = ("run", "send")  # the others are of no use without an output
_WITHOUT_PROC = ("send", "helper")
_INTERRUPTED, _BROKEN_PIPE = 128 + 2, 128 + 13  # as a shell says it of SIGINT and SIGPIPE
_DETAILS = """\
commands:
{commands}

on the screen, from the start (? shows all keys):
  the disk is full and du finds nothing     D, then t empties and rewinds, d saves a file
  who has port 5432, what keeps /mnt busy   f 5432, f /mnt
  what does this job print                  find it (/ and a part of its name), o
  its output shall go elsewhere             find it, w and a path
  too many open files: what leaks           c, enter, u
  who holds the other end, how far is it    find it, enter
  one connection hangs                      its socket, x h

`fdtui COMMAND --help` tells more.  Exit status: 0 done, 1 refused or failed, 2 wrong usage,
3 partly done (some processes could not be seen; a summary on stderr).
"""


def _top_parser() -> argparse.ArgumentParser:
    from fdtui.commands.parser import Parser

    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = Parser(
        "fdtui",
        "See, steal and watch the open file descriptors of any Linux process.",
        "fdtui [PID | PID:FD]\n       fdtui COMMAND ...",
        _DETAILS.format(commands=commands),
    )
    parser.add_argument("target", nargs="?", metavar="PID | PID:FD", help="open the screen there")
    parser.add_argument("--version", action="version", version=f"fdtui {__version__}")
    return parser


def _run_command(name: str, arguments: list[str]) -> int:
    # What is imported stays: looking for garbage in it costs more than is found (4 ms).
    gc.disable()
    module = import_module(f"fdtui.commands.{name}")
    gc.freeze()
    gc.enable()
    parsed = _parsed(name, module, arguments)
    if sys.stdout is None and name not in _SILENT:
        raise CallFailed("write(stdout)", errno.EBADF, "standard output is closed")
    if not os.path.exists("/proc/self/stat") and name not in _WITHOUT_PROC:
        remedy = "mount -t proc proc /proc"
        raise CallFailed("open(/proc/self/stat)", errno.ENOENT, "/proc is not mounted", remedy)
    status: int = module.run(parsed)
    if sys.stdout is not None:
        sys.stdout.flush()
    return status


def _parsed(name: str, module: ModuleType, arguments: list[str]) -> argparse.Namespace:
    if hasattr(module, "OPTIONS"):
        from fdtui.commands.options import without_parser

        if (found := without_parser(module.OPTIONS, arguments)) is not None:
            return found
    from fdtui.commands.parser import Parser

    parser = Parser(f"fdtui {name}", module.__doc__)
    module.add_arguments(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run fdtui; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments and arguments[0] in COMMANDS:
            return _run_command(arguments[0], arguments[1:])
        return _screen(_top_parser().parse_args(arguments).target)
    except FdtuiError as error:
        from fdtui.commands.telling import fail

        return fail(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _give_up_output()  # the reader has gone (`| head`)
        return _BROKEN_PIPE
    except OSError as error:
        from fdtui.commands.telling import OUTPUT_FAILED, fail, unexpected

        told = unexpected(error)
        if error.errno in OUTPUT_FAILED:
            _give_up_output()
        return fail(told)


def _give_up_output() -> None:
    """Nothing more is said, not even what is flushed when the interpreter ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def program() -> NoReturn:
    """`fdtui` of the shell.  After a command nothing is left to be taken apart (4 ms)."""
    from fdtui.commands import streams

    streams.use()
    status = main()
    if len(sys.argv) > 1 and sys.argv[1] in COMMANDS:
        os._exit(status)
    sys.exit(status)


def _screen(target: str | None) -> int:
    from fdtui.commands.targets import parse_place, start_time

    place = parse_place(target) if target else None
    if place is not None:
        start_time(place.pid)  # a process that does not exist is told before the screen opens
    if not (os.isatty(0) and os.isatty(2)):
        raise FdtuiError(
            "the screen needs a terminal on stdin and stderr",
            "fdtui ls lists descriptors without one",
        )
    # Rust geometry is 32 bits wide and overflows in files past 32 GiB; it brings no speed here.
    os.environ.setdefault("TEXTUAL_SPEEDUPS", "0")
    from fdtui.tui.run import run

    return run((place.pid, place.fd) if place else None)
