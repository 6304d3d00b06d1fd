"""What TCP_INFO and inet_diag tell of a connection, in lines: times, windows, rates, counters."""

from __future__ import annotations

from collections.abc import Callable

from fdtui.kinds._info import integer, nested, number, text, words
from fdtui.kinds.base import Counter, Fact, fact
from fdtui.linux.json_types import Info
from fdtui.linux.spans import Role
from fdtui.linux.units import count, duration, plural, short_time, size_cell, size_words

_ALARMING = ("total_retrans", "lost", "rcv_ooopack")
_TIMERS = {"probe": "zero-window probe", "timewait": "forgotten"}


def _rate(value: int) -> str:
    return f"{size_words(value)}/s"


# key, name, how it is shown, note, whether it only grows
_SHOWN: tuple[tuple[str, str, Callable[[int], str], str, bool], ...] = (
    ("snd_mss", "snd_mss", count, "", False),
    ("rcv_mss", "rcv_mss", count, "", False),
    ("pmtu", "pmtu", count, "", False),
    ("snd_cwnd", "cwnd", count, "segments", False),
    ("snd_ssthresh", "ssthresh", count, "segments", False),
    ("pacing_rate", "pacing", _rate, "", False),
    ("delivery_rate", "delivery", _rate, "", False),
    ("bytes_sent", "sent", size_words, "", True),
    ("bytes_acked", "acked", size_words, "", True),
    ("bytes_received", "received", size_words, "", True),
    ("total_retrans", "retrans", count, "segments", True),
    ("lost", "lost", count, "now", False),
    ("reordering", "reordering", count, "", False),
    ("rcv_ooopack", "out of order", count, "segments", True),
    ("segs_out", "segments out", count, "", True),
    ("segs_in", "segments in", count, "", True),
)
_LIMITS = (
    ("busy_time", "busy", "sending"),
    ("rwnd_limited", "peer limits", "its window"),
    ("sndbuf_limited", "we limit", "SO_SNDBUF"),
)


def timer_facts(info: Info) -> list[Fact]:
    """`timer  keepalive in 42 s`, as ss -o has it; alarming once something went unanswered."""
    timer, told = nested(info, "timer"), nested(info, "tcp_info")
    tries = integer(told, "retransmits") or integer(timer, "retransmits") or 0
    backoff = integer(told, "backoff")
    note = f"backoff {backoff}" if backoff else ""
    if not timer:
        return [fact("retransmits", tries, note, role="attention")] if tries else []
    name = text(timer, "name")
    left = duration(number(timer, "expires") or 0.0)
    words_ = [plural(tries, "try", "tries") + " without an answer"] if tries else []
    role: Role = "attention" if tries or name == "probe" else "text"
    value = f"{_TIMERS.get(name, name)} in {left}"
    return [fact("timer", value, ", ".join(filter(None, (*words_, note))), role=role)]


def brief_facts(told: Info) -> list[Fact]:
    """What an admin asks first: how far, how wide, what got lost, how much went through."""
    facts = _times(told)[:1]
    window, mss = integer(told, "snd_cwnd"), integer(told, "snd_mss")
    if facts and window is not None and mss is not None:
        note = f"{facts[0].note}  cwnd {window:,}, mss {mss:,}"
        facts = [facts[0]._replace(note=note.strip())]
    if (retransmitted := integer(told, "total_retrans")) is not None:
        lost = integer(told, "lost") or 0
        role: Role = "attention" if retransmitted or lost else "text"
        facts.append(fact("retrans", count(retransmitted), f"segments, {lost:,} lost now", role))
    sent, received = integer(told, "bytes_acked"), integer(told, "bytes_received")
    if sent is not None and received is not None:
        rate = _rate(integer(told, "delivery_rate") or 0)
        words_ = f"{size_words(sent)} acknowledged, {size_words(received)} received"
        facts.append(fact("through", words_, f"delivery {rate}"))
    return facts


def memory_facts(memory: Info) -> list[Fact]:
    """What the kernel holds for it, as ss -m has it; nothing where it holds none."""
    parts = [
        (integer(memory, key) or 0, word)
        for key, word in (
            *(("rmem_alloc", "received"), ("wmem_queued", "to send"), ("fwd_alloc", "reserved")),
            *(("optmem", "for options"), ("backlog", "in the backlog")),
        )
    ]
    total = sum(size for size, _ in parts)
    if not total:
        return []
    words_ = ", ".join(f"{size_cell(size)} {word}" for size, word in parts if size)
    return [fact("memory", size_cell(total), words_)]


def info_facts(told: Info) -> list[Fact]:
    """Everything that is known; what was never measured is left out."""
    facts = [*_times(told)]
    for key, name, show, note, grows in _SHOWN:
        if (value := integer(told, key)) is None or (key == "rcv_ooopack" and not value):
            continue
        role: Role = "attention" if key in _ALARMING and value else "text"
        if key == "delivery_rate" and told.get("delivery_rate_app_limited"):
            note = "app limited"  # noqa: PLW2901
        cell = fact(name, show(value), note, role=role)
        counter = Counter(value, show is size_words) if grows else None
        facts.append(cell._replace(counter=counter))
    state = text(told, "ca_state")
    facts.append(fact("ca_state", state, role="text" if state == "Open" else "attention"))
    facts.append(fact("congestion", text(told, "congestion")))
    if bbr := nested(told, "bbr"):
        facts.append(fact("bbr", _rate(integer(bbr, "bandwidth") or 0), "measured"))
    facts.append(fact("wscale", f"{told['snd_wscale']} / {told['rcv_wscale']}"))
    for key, name, note in _LIMITS:
        if seconds := number(told, key):
            facts.append(fact(name, duration(seconds), note))
    if integer(told, "segs_in") and (quiet := number(told, "last_data_recv")) is not None:
        facts.append(fact("last data", duration(quiet), "ago"))
    facts.append(fact("options", " ".join(words(told, "options")) or "none"))
    return facts


def _times(told: Info) -> list[Fact]:
    facts = []
    for key, name in (("rtt", "rtt"), ("min_rtt", "min rtt"), ("rto", "rto"), ("ato", "ato")):
        if seconds := number(told, key):
            shown, note = short_time(seconds), ""
            if key == "rtt" and (vary := number(told, "rttvar")) is not None:
                spread, _, unit = short_time(vary).partition(" ")
                note = f"± {spread}" if shown.endswith(f" {unit}") else f"± {spread} {unit}"
            facts.append(fact(name, shown, note))
    return facts
