"""perf_event_open(2): a performance counter."""

from __future__ import annotations

import struct

from fdtui.errors import errno_name
from fdtui.kinds._anon import AnonKind
from fdtui.kinds._info import integer, line, muted, number, strong, text, words
from fdtui.kinds.base import Counter, Fact, fact
from fdtui.linux.abi_perf import Attributes, parse_attributes, parse_counts
from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import perf_counts, perf_event
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans
from fdtui.linux.units import count, duration

if TYPE_CHECKING:
    from fdtui.linux.bpf.perf import PerfEventFacts

_PERF_EVENT_IOC_ID = 0x80082407
_PLAIN = 8  # bytes of an answer that is the value alone
_CLOCKS = {"cpu_clock": "cpu-clock", "task_clock": "task-clock"}  # by the name of their unit
_IN_NANOSECONDS = tuple(_CLOCKS.values())


class PerfEvent(AnonKind):
    """read(2) tells the count and takes nothing; what is counted only the kernel's memory tells."""

    name = "perf_event"
    label = "perf"
    names = frozenset({"perf_event"})
    examines = True

    def examine(self, peek: Peek, entry: Entry) -> Info:
        try:
            ident = struct.unpack("Q", peek.ioctl_read(_PERF_EVENT_IOC_ID, 8))[0]
        except OSError as error:
            return {"perf_event_error": errno_name(error.errno or 0)}
        found: Info = {"perf_event_id": ident}
        attributes: Attributes | None = None
        try:
            event = _event(ident, peek)
        except (OSError, LookupError) as error:
            code = error.errno if isinstance(error, OSError) else None
            found["type_error"] = errno_name(code) if code else str(error)
        else:
            attributes = parse_attributes(event.attr)
            found |= _named(attributes, event)
        return {**found, **_counted(peek, attributes, ident)}

    def target(self, entry: Entry, info: Info) -> Spans:
        if "perf_event_id" not in info:
            return line("an event")
        name = text(info, "event") or _unit_words(text(info, "type"))
        spans = line(strong(name) if name else f"event {info['perf_event_id']}")
        if (value := integer(info, "count")) is not None:
            spans = line(*spans, f"  {_amount(value, name)}")
        return line(*spans, "  ", muted(_whose(info))) if "cpu" in info else spans

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        if "perf_event_id" not in info:
            return ()
        facts: list[Fact] = []
        kind, name = text(info, "type"), text(info, "event")
        if kind:
            facts.append(fact("event", name or f"{integer(info, 'config'):#x}", _unit_words(kind)))
            facts.append(fact("counts for", _whose(info), _but(info)))
        else:
            why = text(info, "type_error")
            facts.append(
                fact("event", "not known", f"{why}: the kernel tells it to CAP_BPF and CAP_PERFMON")
            )
        if (value := integer(info, "count")) is not None:
            cell = fact("count", _amount(value, name))
            facts.append(cell._replace(counter=Counter(value, of_time=name in _IN_NANOSECONDS)))
        enabled, running = number(info, "time_enabled"), number(info, "time_running")
        if enabled is not None:
            facts.append(fact("enabled", duration(enabled), "in all"))
        if enabled and running is not None:
            share = running / enabled
            note = "of that time: the rest it waited for a counter" if share < 1 else ""
            facts.append(fact("counted", f"{100 * share:.0f}%", note)._replace(share=min(1, share)))
        if period := integer(info, "sample_period"):
            facts.append(fact("samples", f"every {count(period)}", "events"))
        elif frequency := integer(info, "sample_freq"):
            facts.append(fact("samples", f"{count(frequency)}", "a second"))
        if lost := integer(info, "lost"):
            facts.append(fact("lost", count(lost), "samples", role="attention"))
        facts.append(fact("id", str(info["perf_event_id"])))
        return tuple(facts)


_known: dict[int, PerfEventFacts] = {}


def _event(ident: int, peek: Peek) -> PerfEventFacts:
    """Ask once for each event: ids are never used twice."""
    event = _known.get(ident)
    if event is None:
        event = perf_event(peek)
        if event is None:
            raise LookupError("not listed")
        if len(_known) > 4096:
            _known.clear()
        _known[ident] = event
    return event


def _named(attributes: Attributes, event: PerfEventFacts) -> Info:
    # Newer kernels (6.18) keep the clocks in units of their own, which sysfs does not list.
    own = attributes.type.isdigit() and event.pmu in _CLOCKS
    found: Info = {
        "type": "software" if own else attributes.type,
        "config": attributes.config,
        "event": _CLOCKS[event.pmu] if own else attributes.event,
        "pmu": event.pmu,
        "cpu": event.cpu if event.cpu >= 0 else None,
        "target_pid": event.target or None,
        "excludes": list(attributes.excluded),
    }
    for key, value in (
        ("sample_period", attributes.period),
        ("sample_freq", attributes.frequency),
    ):
        if value:
            found[key] = value
    return found


def _counted(peek: Peek, attributes: Attributes | None, ident: int) -> Info:
    """Return `count time_enabled time_running lost`, as far as the answer can be understood."""
    try:
        raw = perf_counts(peek)
    except OSError as error:
        return {"count": None, "count_error": errno_name(error.errno or 0)}
    if attributes is not None:
        counts = parse_counts(raw, attributes.read_format, ident)
    else:
        counts = parse_counts(raw, 0, ident) if len(raw) == _PLAIN else None
    if counts is None:
        return {"count": None}
    found: Info = {"count": counts.value}
    for key, value in (("time_enabled", counts.enabled), ("time_running", counts.running)):
        if value is not None:
            found[key] = value / 1e9
    if counts.lost is not None:
        found["lost"] = counts.lost
    return found


def _amount(value: int, event: str) -> str:
    return duration(value / 1e9) if event in _IN_NANOSECONDS else count(value)


def _unit_words(kind: str) -> str:
    """`software`, and `type 40` where that number has no name."""
    return f"type {kind}" if kind.isdigit() else kind


def _whose(info: Info) -> str:
    pid, cpu = integer(info, "target_pid"), integer(info, "cpu")
    where = f"cpu {cpu}" if cpu is not None else ""
    if pid is None:
        return f"every process on {where}" if where else "nobody any more"
    return f"pid {pid} on {where}" if where else f"pid {pid}"


def _but(info: Info) -> str:
    excluded = words(info, "excludes")
    return f"not in {' '.join(excluded)}" if excluded else ""


KIND = PerfEvent()
