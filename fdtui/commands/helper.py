"""Print what root is asked to run: the command line of the helper, or its source alone.

fdtui starts the helper by itself when it is needed; this is for those who read before they trust,
and for the rule in sudoers.
"""

from __future__ import annotations

import argparse
import shlex

from fdtui.acquire import helper_process
from fdtui.commands.options import number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what to print."""
    parser.add_argument("--source", action="store_true", help="print the program and exit")
    parser.add_argument(
        "--through", choices=["self", *helper_process.RAISING], default="sudo",
        help="what raises it to root",
    )  # fmt: skip
    parser.add_argument(
        "--pid", type=number, metavar="PID", help="whom it serves: the other end's pid"
    )
    parser.add_argument("--connect", metavar="PATH", default="-", help="a socket to connect to")
    parser.add_argument(
        "--unsafe", action="store_true", help="give out memory, disks, watchdogs too"
    )


def run(args: argparse.Namespace) -> int:
    """Print."""
    if args.source:
        print(helper_process.source(), end="")
        return 0
    line = helper_process.command(
        args.through, ask=True, path=args.connect, peer=args.pid, unsafe=args.unsafe
    )
    print(shlex.join(line))
    return 0
