"""Which events wait for whoever watches a descriptor, as far as decoded facts tell for certain."""

from __future__ import annotations

from collections.abc import Mapping

from fdtui.linux.json_types import Json


def _count(info: Mapping[str, Json], key: str) -> int:
    value = info.get(key)
    return value if isinstance(value, int) else 0


def ready(kind: str, info: Mapping[str, Json], asked: list[str]) -> list[str]:
    """Return `in`, `out`, `hup` of the events that are `asked` for (`IN`, `OUT` ...).

    hup is reported whether asked for or not.  What no fact tells is left out.
    """
    found = []
    if _readable(kind, info) and "IN" in asked:
        found.append("in")
    if "OUT" in asked and _writable(info):
        found.append("out")
    if info.get("writers") is False:
        found.append("hup")
    return found


def _readable(kind: str, info: Mapping[str, Json]) -> bool:
    if kind == "pidfd":
        return info.get("state") == "ended"
    keys = ("recv_queue", "queued", "ticks", "eventfd_count")
    return any(_count(info, key) > 0 for key in keys) or bool(info.get("pending"))


def _writable(info: Mapping[str, Json]) -> bool:
    """A stream socket with more than a third of its buffer free (sk_stream_is_writeable)."""
    options = info.get("options")
    room = _count(options, "SO_SNDBUF") if isinstance(options, Mapping) else 0
    return info.get("state") == "ESTAB" and room > 0 and _count(info, "send_queue") * 3 < room * 2
