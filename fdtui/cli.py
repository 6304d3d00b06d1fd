"""The command line and the composition root.  Subcommands never import Textual."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module

from fdtui import __version__
from fdtui.errors import FdtuiError

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
_DETAILS = """\
commands:
{commands}

`fdtui COMMAND --help` tells more.  Exit status: 0 done, 1 refused or failed, 2 wrong usage,
3 partly done (some processes could not be seen; a summary on stderr).
"""


def _top_parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {text}" for name, text in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="fdtui",
        usage="fdtui [PID | PID:FD]\n       fdtui COMMAND ...",
        description="See, steal and watch the open file descriptors of any Linux process.",
        epilog=_DETAILS.format(commands=commands),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", nargs="?", metavar="PID | PID:FD", help="open the screen there")
    parser.add_argument("--version", action="version", version=f"fdtui {__version__}")
    return parser


def fail(error: FdtuiError) -> int:
    """Print one line, and the remedy on a second; 1 is the exit status."""
    from fdtui.render.safe import plain

    print(f"fdtui: {plain(str(error))}", file=sys.stderr)
    if error.remedy:
        print(f"  {plain(error.remedy)}", file=sys.stderr)
    return 1


def _run_command(name: str, arguments: list[str]) -> int:
    module = import_module(f"fdtui.commands.{name}")
    parser = argparse.ArgumentParser(prog=f"fdtui {name}", description=module.__doc__)
    module.add_arguments(parser)
    status: int = module.run(parser.parse_args(arguments))
    sys.stdout.flush()
    return status


def main(arguments: list[str] | None = None) -> int:
    """Run fdtui; returns the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if arguments and arguments[0] in COMMANDS:
            return _run_command(arguments[0], arguments[1:])
        return _screen(_top_parser().parse_args(arguments).target)
    except FdtuiError as error:
        return fail(error)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more to say, not even at interpreter exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


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
