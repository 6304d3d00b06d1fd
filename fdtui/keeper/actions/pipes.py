"""pipe-size, drain: the queue of a pipe."""

from __future__ import annotations

import errno
import hashlib

from fdtui.keeper.actions.arguments import Args, Argument, parse_size, whole
from fdtui.keeper.actions.base import PIPES, Action, Held, Outcome, Preview, Token, failed
from fdtui.keeper.actions.regions import quoted
from fdtui.linux.act import Act
from fdtui.linux.procfs import read_file
from fdtui.render.units import plural, size_words

QUEUED = "what is queued"


class PipeSize(Action):
    """F_SETPIPE_SZ of fcntl(2).  Bound to the capacity as it is."""

    name = "pipe-size"
    title = "Resize the pipe"
    risk = "a writer waits sooner, or not as soon"
    kinds = PIPES
    arguments = (Argument("N", parse_size, example="1M"),)

    def essentials(self, held: Held, args: Args) -> Token:
        return {"the capacity": held.peek.pipe_size()}

    def preview(self, held: Held, args: Args) -> Preview:
        wanted, now = whole(args, 0), held.peek.pipe_size()
        return Preview(
            now=(size_words(now), f"{size_words(held.peek.queued())} queued"),
            after=(size_words(wanted), "rounded up to whole pages by the kernel"),
            hazard="A writer waits sooner than before."
            if wanted < now
            else "A writer runs further ahead of its reader; the memory counts for its user.",
            undo=f"pipe-size {now}",
            calls=(f"fcntl(fd, F_SETPIPE_SZ, {wanted})",),
            shared_by="same pipe",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        before = held.peek.pipe_size()
        try:
            size = Act(held.owned).set_pipe_size(whole(args, 0))
        except OSError as error:
            cause, remedy = "", ""
            if error.errno == errno.EBUSY:
                cause = f"{size_words(held.peek.queued())} are queued, more than that holds"
            elif error.errno == errno.EPERM:
                most = int(read_file("/proc/sys/fs/pipe-max-size"))
                cause = f"above fs.pipe-max-size ({size_words(most)}), or over the user's quota"
                remedy = "root may set more; sysctl fs.pipe-max-size raises it"
            raise failed("fcntl F_SETPIPE_SZ", held, error, cause, remedy) from error
        words = f"{held.about()} from {size_words(before)} to {size_words(size)}"
        return Outcome("resized", words, ("pipe-size", str(before)))


class Drain(Action):
    """read(2) of what was shown and not a byte more.  Bound to these bytes still being the head."""

    name = "drain"
    title = "Drain the pipe"
    risk = "its reader never gets these bytes"
    kinds = PIPES
    access = 4

    def essentials(self, held: Held, args: Args) -> Token:
        return _queued(held.peek.tee())

    def again(self, held: Held, args: Args, shown: Token) -> Token:
        return _queued(held.peek.tee()[: _confirmed(shown)])

    def preview(self, held: Held, args: Args) -> Preview:
        data = held.peek.tee()
        return Preview(
            now=(f"{size_words(len(data))} queued", quoted(data)),
            after=("what is written after this moment",),
            hazard=f"Its reader never gets these {plural(len(data), 'byte')}: "
            "a record may be cut in two.",
            undo="none; fdtui cat prints them and leaves them queued",
            calls=(f"preadv2(fd, {len(data)} bytes, RWF_NOWAIT)",),
            shared_by="loses the bytes too",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        limit = _confirmed(shown)
        try:
            data = Act(held.owned).drain(limit)
        except OSError as error:
            raise failed("preadv2", held, error) from error
        words = f"{plural(len(data), 'byte')} from {held.about()}"
        stopped = "" if len(data) == limit else f"its reader took {limit - len(data):,} before"
        return Outcome("drained", words, (), "none: the bytes are gone", stopped)


def _queued(data: bytes) -> Token:
    return {QUEUED: [len(data), hashlib.sha256(data).hexdigest()]}


def _confirmed(shown: Token) -> int:
    """Return how many queued bytes were shown."""
    queued = shown.get(QUEUED)
    length = queued[0] if isinstance(queued, list) and queued else 0
    return length if isinstance(length, int) else 0


ACTIONS = (PipeSize(), Drain())
