"""epoll_create(2): which descriptors are watched for what, and which are watched as ghosts."""

from __future__ import annotations

import errno
from collections import Counter

from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import line, muted, objects, words
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi import EpollEvents, flag_names
from fdtui.linux.devices import kernel_dev
from fdtui.linux.json_types import Info, Json
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans
from fdtui.linux.units import plural

_ALWAYS = EpollEvents.ERR | EpollEvents.HUP  # reported whether asked for or not
_SHOWN = 64  # numbers in a cell


def parse_tfd(value: str) -> Info:
    """Parse `13 events:       19 data: 7f  pos:0 ino:40e sdev:10`; all but the fd are hex.

    ValueError for what is no such line.
    """
    number, *words = value.replace(":", " ").split()
    told = dict(zip(words[::2], words[1::2], strict=False))
    if "events" not in told or "data" not in told:
        raise ValueError(f"no tfd line: {value!r}")
    found: Info = {
        "tfd": int(number),
        "events": list(flag_names(int(told["events"], 16) & ~_ALWAYS, EpollEvents)),
        "data": hex(int(told["data"], 16)),
    }
    if "ino" in told and "sdev" in told:  # Linux 4.13
        major, minor = kernel_dev(int(told["sdev"], 16))
        found["ino"], found["sdev"] = int(told["ino"], 16), f"{major}:{minor}"
    return found


class Epoll(AnonKind):
    """fdinfo lists what is watched; kcmp(2) tells whether it still is that number's file.

    epoll_wait(2) would take edge-triggered and one-shot events from the target.
    """

    name = "epoll"
    label = "epoll"
    names = frozenset({"eventpoll"})
    examines = True

    def describe(self, entry: Entry) -> Info:
        tfds: list[Json] = []
        for value in entry.info.all("tfd") if entry.info else []:
            try:
                tfds.append(parse_tfd(value))
            except ValueError:  # of a kernel to come
                continue
        return {"tfds": tfds}

    def examine(self, peek: Peek, entry: Entry) -> Info:
        tfds: list[Json] = []
        before: Counter[Json] = Counter()
        for tfd in objects(self.describe(entry), "tfds"):
            number = tfd["tfd"]
            assert isinstance(number, int)
            tfds.append({**tfd, "ghost": _is_ghost(peek, entry.pid, number, before[number])})
            before[number] += 1
        return {"tfds": tfds}

    def target(self, entry: Entry, info: Info) -> Spans:
        tfds = objects(info, "tfds")
        if not tfds:
            return line("watches nothing")
        numbers = " ".join(str(tfd["tfd"]) for tfd in tfds[:_SHOWN])
        ghosts = sum(tfd.get("ghost") is True for tfd in tfds)
        spans = line(f"watches {len(tfds):,}: ", muted(numbers))
        if ghosts:
            spans += line("  ", Span(plural(ghosts, "ghost"), "attention"))
        return spans

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        tfds = objects(info, "tfds")
        edge = sum("ET" in words(tfd, "events") for tfd in tfds)
        note = f"edge-triggered {edge}, level-triggered {len(tfds) - edge}" if tfds else ""
        facts = [fact("watched", f"{len(tfds):,}", note)]
        for tfd in tfds:
            if tfd.get("ghost"):
                closed = "closed without taking it out of this epoll; its file lives on elsewhere"
                facts.append(fact("ghost", f"fd {tfd['tfd']}", closed, role="attention"))
        for tfd in tfds:
            if not tfd.get("ghost"):
                asked = " ".join(words(tfd, "events")).lower() or "nothing"
                facts.append(fact(f"fd {tfd['tfd']}", asked, str(tfd["data"])))
        return tuple(facts)


def _is_ghost(peek: Peek, pid: int, tfd: int, index: int) -> bool | None:
    """Is the watched file no longer the target's `tfd`?  None where kcmp(2) is refused."""
    try:
        return not peek.epoll_watches(pid, tfd, tfd, index)
    except OSError as error:
        if error.errno == errno.EBADF:
            return True  # the number is closed
        return None  # ENOENT: taken out since; EPERM, ENOSYS: nobody can say


KIND = Epoll()
