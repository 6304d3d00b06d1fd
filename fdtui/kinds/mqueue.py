"""POSIX message queues, mq_overview(7)."""

from __future__ import annotations

from fdtui.kinds._files import path_of
from fdtui.kinds._info import integer, line, muted
from fdtui.kinds.base import QUEUE, Fact, FdKind, Fit, Unseen, View, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import mq_attributes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, size_words


class MQueue(FdKind):
    """mq_receive(3) would take a message and there is no peek; the attributes tell how many."""

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
        }

    def target(self, entry: Entry, info: Info) -> Spans:
        queued, most = integer(info, "mq_curmsgs"), integer(info, "mq_maxmsg")
        if queued is None:
            return path_of(entry)
        return line(*path_of(entry), "  ", muted(f"{queued} of {most} messages"))

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        queued, most = integer(info, "mq_curmsgs"), integer(info, "mq_maxmsg")
        if queued is None or not most:
            return ()
        size = size_words(integer(info, "mq_msgsize") or 0)
        messages = fact("messages", f"{count(queued)} of {count(most)}", f"each of at most {size}")
        return (messages._replace(share=queued / most),)

    def read(self, peek: Peek, offset: int, length: int) -> bytes | Unseen:
        return Unseen("a message queue has no way to look at a message without taking it")


KIND = MQueue()
