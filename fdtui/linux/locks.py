"""File locks and leases as the `lock:` lines of fdinfo and as /proc/locks tell them."""

from __future__ import annotations

from fdtui.linux.lean import NamedTuple

_TYPES = {
    "POSIX": "posix",
    "OFDLCK": "ofd",
    "FLOCK": "flock",
    "LEASE": "lease",
    "DELEG": "delegation",
    "ACCESS": "posix",
}


class Lock(NamedTuple):
    """One lock.  `start` and `end` are bytes, `end` None to the end of the file, inclusive."""

    type: str  # posix ofd flock lease delegation
    state: str  # advisory mandatory active breaking
    access: str  # read write none
    pid: int  # owner; -1 for locks of open file descriptions
    start: int
    end: int | None

    @property
    def on_description(self) -> bool:
        """True when it lives as long as the open file description: flock and OFD locks."""
        return self.type in ("flock", "ofd")


def parse_lock(line: str) -> Lock | None:
    """Parse `1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF`; None for what is no lock."""
    words = line.split()
    if len(words) < 8 or words[1] not in _TYPES:
        return None
    access = {"WRITE": "write", "RW": "write", "READ": "read"}.get(words[3], "none")
    return Lock(
        type=_TYPES[words[1]],
        state=words[2].lower(),
        access=access,
        pid=int(words[4]),
        start=int(words[6]),
        end=None if words[7] == "EOF" else int(words[7]),
    )
