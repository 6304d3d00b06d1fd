"""Which sockets of the machine belong together, found by a worker while others scan."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Iterator

from fdtui.linux.lean import NamedTuple
from fdtui.survey.relation import Related
from fdtui.survey.scan import Payload, all_pids
from fdtui.survey.socket_peers import namespaces, socket_peers


class RelatedSockets(NamedTuple):
    """By inode: the one other end of most, all relations of the others that have some."""

    pairs: dict[int, int]
    others: dict[int, list[Related]]

    @classmethod
    def unpacked(cls, data: bytes) -> RelatedSockets:
        """From what `related` yields."""
        one, other, others = marshal.loads(data)  # noqa: S302  from our own worker
        return cls(dict(zip(array("Q", one), array("Q", other), strict=True)), others)


def related(_: Payload = None) -> Iterator[bytes]:
    """In a worker: dump the sockets of every network namespace, and say what they tell."""
    sockets = socket_peers(namespaces(all_pids()))
    pairs = sockets.pairs()
    others = {
        ino: found for ino in sockets.inodes() if ino not in pairs and (found := sockets.of(ino))
    }
    yield marshal.dumps((array("Q", pairs), array("Q", pairs.values()), others))


RELATED = f"{__name__}:related"
