"""POSIX message queues, mq_overview(7)."""

from __future__ import annotations

import errno
import os

from fdtui.errors import errno_name
from fdtui.kinds._files import path_of
from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import QUEUE, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.abi import signal_name
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import mq_attributes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, plural, size_words

_NOTIFY = {0: "signal", 1: "none", 2: "thread"}  # SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD
_TEXT = 80  # bytes, FILENT_SIZE of ipc/mqueue.c


class MQueue(FdKind):
    """mq_receive(3) would take a message and there is no peek; attributes and text tell how many.

    The text is what `cat /dev/mqueue/NAME` prints.  Reading it takes nothing; only a write-only
    descriptor has to be opened anew for it.
    """

    name = "mqueue"
    label = "mqueue"
    family = QUEUE
    view = View.STATE
    examines = True

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_FACT if facts.where == "mqueue" else Fit.NO

    def describe(self, entry: Entry) -> Info:
        return {"mq_name": "".join(span.text for span in path_of(entry)[:1])}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        _, most, size, queued = mq_attributes(peek)
        return {
            **self.describe(entry),
            "mq_maxmsg": most,
            "mq_msgsize": size,
            "mq_curmsgs": queued,
            **_status(peek),
        }

    def size(self, entry: Entry, info: Info) -> int | None:
        return integer(info, "qsize")

    def target(self, entry: Entry, info: Info) -> Spans:
        queued, most = integer(info, "mq_curmsgs"), integer(info, "mq_maxmsg")
        if queued is None:
            return path_of(entry)
        return line(*path_of(entry), "  ", muted(f"{queued} of {most} messages"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        queued, most = integer(info, "mq_curmsgs"), integer(info, "mq_maxmsg")
        if queued is None or not most:
            return ()
        room = integer(info, "mq_msgsize") or 0
        messages = fact("messages", f"{count(queued)} of {count(most)}")
        facts = [messages._replace(share=queued / most)]
        if (size := integer(info, "qsize")) is not None:
            facts.append(fact("queued", count(size), "bytes in all messages"))
        elif why := text(info, "qsize_error"):
            facts.append(fact("queued", "not known", f"opening it for reading says {why}"))
        facts.append(fact("a message", f"at most {size_words(room)}"))
        if (pid := integer(info, "notify_pid")) is not None:
            how = {"signal": f"by SIG{text(info, 'signo')}", "thread": "by a thread"}
            words = how.get(text(info, "notify"), "without a signal")
            facts.append(fact("notifies", f"pid {pid}", f"{words}, when a message comes"))
        return tuple(facts)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        queued = integer(info, "mq_curmsgs") or 0
        if not entry.deleted or not queued:
            return ""
        return f"{plural(queued, 'message')} without a name stay until you release it"

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return Unseen("a message queue has no way to look at a message without taking it")


def _status(peek: Peek) -> Info:
    """Parse `QSIZE:129 NOTIFY:2 SIGNO:0 NOTIFY_PID:8260`; pid 0: nobody asked to be notified."""
    try:
        raw = _text(peek)
    except OSError as error:
        return {"qsize": None, "qsize_error": errno_name(error.errno or 0)}
    pairs = dict(word.split(":", 1) for word in raw.decode().split() if ":" in word)
    found: Info = {"qsize": int(pairs.get("QSIZE", "0")), "notify_pid": None}
    if pid := int(pairs.get("NOTIFY_PID", "0")):
        how = int(pairs.get("NOTIFY", "0"))
        found["notify_pid"], found["notify"] = pid, _NOTIFY.get(how, str(how))
        if number := int(pairs.get("SIGNO", "0")):
            found["signo"] = signal_name(number)
    return found


def _text(peek: Peek) -> bytes:
    try:
        return peek.pread(_TEXT, 0)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
    with peek.open_anew(os.O_RDONLY) as reader:
        return Peek(reader).pread(_TEXT, 0)


KIND = MQueue()
