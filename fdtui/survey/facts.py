"""One descriptor with everything that a question about it asked for."""

from __future__ import annotations

from fdtui.linux.json_types import Info
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.record import Owner, Record

if TYPE_CHECKING:
    from fdtui.survey.peers import Peer


class Facts(NamedTuple):
    """One descriptor with everything a question asked for; what was not asked stays empty."""

    owner: Owner
    record: Record
    kind: str = ""
    info: Info = {}  # noqa: RUF012  never changed: of the kind
    peers: tuple[Peer, ...] | None = None
    sharing: str | None = None  # id of the description
    sharing_reason: str = ""  # why there is none
    shared: int | None = None  # descriptors of the description
    container: str = ""
    mount: tuple[str, str, str] | None = None  # mount point, source, file system type
    special: str = ""  # cwd, exe, root, mem: held, but no descriptor
    age: float | None = None
    rate: float | None = None


def peer_words(peer: Peer) -> str:
    """Return `812:3 nginx`; of a pidfd's process `812 nginx`."""
    return f"{peer.pid} {peer.comm}" if peer.fd is None else f"{peer.pid}:{peer.fd} {peer.comm}"
