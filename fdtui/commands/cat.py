"""Print the bytes behind a descriptor without disturbing its owner.

Pipes and sockets: what is queued now, which stays queued.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import time

from fdtui.acquire.base import Target
from fdtui.commands.catfile import copy_to_file, refuse_itself, takes_holes
from fdtui.commands.helping import with_helper
from fdtui.commands.targets import parse_target
from fdtui.commands.telling import unexpected
from fdtui.errors import CallFailed, FdtuiError, errno_name
from fdtui.keeper.codec import error_from, error_json
from fdtui.keeper.custody import Custody
from fdtui.keeper.looks import borrow_only, open_custody
from fdtui.keeper.reading import MAX_OFFSET, Stretch, read_seen
from fdtui.keeper.watching import in_target
from fdtui.kinds.base import View
from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.spawn import wait_for_children
from fdtui.render.safe import plain

CHUNK = 1 << 20  # bytes
PERIOD = 0.1  # seconds between two looks of -f
LET_GO = 0.2  # seconds a killed child may take before it is left to its hung file server
_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
BROKEN_PIPE = 128 + signal.SIGPIPE
PR_SET_PDEATHSIG = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare PID:FD and the options."""
    parser.add_argument("target", metavar="PID:FD")
    parser.add_argument(
        "-f", "--follow", action="store_true", help="go on with what is appended, until it closes"
    )
    parser.add_argument(
        "--offset",
        type=parse_offset,
        default=0,
        metavar="N",
        help="start there; K M G T and 0x are known, -N counts from the end, @ is the target's own",
    )
    parser.add_argument("--length", type=parse_bytes, metavar="N", help="print at most so much")
    parser.add_argument("--via", metavar="NAME", help="the method: pidfd_getfd, helper, reopen ...")


def parse_bytes(text: str) -> int:
    """Parse `4096`, `0x1000`, `64K`, `2G` (base 1024); anything else is wrong usage."""
    unit = text[-1:].upper()
    try:
        if not text.isalnum() or not text.isascii():  # int() takes 1_000, +5 and other digits too
            raise ValueError(text)
        if text[:2].lower() == "0x":
            number = int(text, 16)
        elif unit in _UNITS:
            number = int(text[:-1]) * _UNITS[unit]
        else:
            number = int(text)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_OFFSET:
        raise argparse.ArgumentTypeError(f"not a number of bytes: {text}")
    return number


def parse_offset(text: str) -> int | str:
    """Parse a number of bytes, `-` and one, or `@`."""
    if text == "@":
        return text
    return -parse_bytes(text[1:]) if text.startswith("-") else parse_bytes(text)


def run(args: argparse.Namespace) -> int:
    """Copy in a child: a dead file server may hang it beyond SIGKILL, but never this process."""
    target = parse_target(args.target)
    read_end, write_end = map(OwnedFd, os.pipe2(os.O_CLOEXEC))
    parent = os.getpid()
    wait_for_children()
    pid = os.fork()
    if pid == 0:
        read_end.close()
        os._exit(_child(parent, target, args, write_end))
    write_end.close()
    with read_end:
        try:
            _, status = os.waitpid(pid, 0)
        except KeyboardInterrupt:
            _let_go(pid)
            raise
        with open(read_end.release(), "rb") as report:
            refusal = report.read()
    if refusal:
        raise error_from(json.loads(refusal))
    code = os.waitstatus_to_exitcode(status)
    if code == BROKEN_PIPE:
        raise BrokenPipeError
    return code if code >= 0 else 128 - code


def _let_go(pid: int) -> None:
    deadline = time.monotonic() + LET_GO
    try:
        os.kill(pid, signal.SIGKILL)
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.005)
    except (ProcessLookupError, ChildProcessError):
        pass  # the key reached it as well, and it was reaped already


def _child(parent: int, target: Target, args: argparse.Namespace, report: OwnedFd) -> int:
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return 1
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        with_helper(target, args.via)
        custody = open_custody(target, args.via)
        borrow_only(custody)
        return copy(custody, args)
    except BrokenPipeError:
        return BROKEN_PIPE
    except FdtuiError as error:
        os.write(report.fileno(), json.dumps(error_json(error)).encode())
    except OSError as error:
        os.write(report.fileno(), json.dumps(error_json(_foreseen(error))).encode())
    return 1


def _foreseen(error: OSError) -> CallFailed:
    try:
        return unexpected(error)
    except OSError:
        return CallFailed("cat", error)


def copy(custody: Custody, args: argparse.Namespace) -> int:
    """Copy to stdout; 1 when there were blocks that could not be read (they become zeros)."""
    kind = custody.kind
    if custody.why:
        raise FdtuiError(f"no bytes: {custody.why}")
    if kind.view is View.QUEUE:
        if args.follow:
            raise FdtuiError(
                f"{kind.name}: what comes later shows only once its reader takes what is queued",
                "without -f what is queued now is printed",
            )
        return _copy_queue(custody, args)
    if kind.view is not View.BYTES:
        raise FdtuiError(
            f"{kind.name}: there are no bytes",
            f"fdtui ls -p {custody.target.pid} --json decodes it",
        )
    refuse_itself(custody)
    if not args.follow and args.length is None and args.offset == 0 and takes_holes():
        return copy_to_file(custody)
    at = _start(custody, args.offset)
    left = MAX_OFFSET if args.length is None else args.length
    bad, before = 0, 0  # `before`: the size at the last look
    while left > 0:
        still = in_target(custody) in ("open", "unknown")
        with custody.seen() as seen:
            size = kind.size(seen.entry, seen.info)
            if args.follow and size is not None and size < min(at, before):
                print("fdtui: the file was truncated; going on at its start", file=sys.stderr)
                at = 0
            before = size or 0
            while left > 0:
                stretch = read_seen(custody, seen, at, min(CHUNK, left))
                _write(stretch)
                bad += len(stretch.errors)
                at += len(stretch.data)
                left -= len(stretch.data)
                if not stretch.data:
                    break
        if not args.follow or not still:
            break
        _wait()
    return 1 if bad else 0


def _wait() -> None:
    """A period, unless whoever reads stdout has gone: BrokenPipeError, as a write would say it."""
    poll = select.poll()
    poll.register(1, 0)
    if poll.poll(PERIOD * 1000):
        raise BrokenPipeError


def _start(custody: Custody, offset: int | str) -> int:
    if isinstance(offset, int) and offset >= 0:
        return offset
    with custody.seen() as seen:
        if isinstance(offset, int):
            return max(0, (custody.kind.size(seen.entry, seen.info) or 0) + offset)
        position = custody.kind.position(seen.entry) if seen.entry.info else None
    if position is None:
        raise FdtuiError("the target's own offset cannot be read")
    return position


def _copy_queue(custody: Custody, args: argparse.Namespace) -> int:
    kind, offset = custody.kind, args.offset
    if not isinstance(offset, int):
        raise FdtuiError(f"{kind.name}: a queue has no offset of its own", "--offset N, or -N")
    with custody.seen() as seen:
        queued = kind.size(seen.entry, seen.info) or 0
        # A buffer is as long as what is asked for, and no queue is longer than this.
        most = max(queued, CHUNK)
        at = max(0, queued + offset) if offset < 0 else min(offset, most)
        length = most if args.length is None else min(args.length, most)
        stretch = read_seen(custody, seen, at, length)
    _write(stretch._replace(data=stretch.data[:length]))
    return 0


def _write(stretch: Stretch) -> None:
    if stretch.why:
        raise FdtuiError(f"no bytes: {plain(stretch.why)}")
    for block in stretch.errors:
        name = errno_name(block.errno)
        print(
            f"fdtui: pread at {block.offset:#x}: {os.strerror(block.errno)} ({name}); "
            f"{block.length:,} bytes printed as zeros",
            file=sys.stderr,
        )
    try:
        sys.stdout.buffer.write(stretch.data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CallFailed("write(stdout)", error) from error
