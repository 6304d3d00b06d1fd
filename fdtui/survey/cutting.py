"""The chunks of a pass of the kernel's iterator, cut between processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fdtui.linux.bpf.layout import HEAD, HEAD_STRUCT, TAIL, places

_JOB = 1 << 19  # bytes of records for one worker, about 3,000
_PID, _LENGTH = (list(places(HEAD)).index(name) for name in ("pid", "length"))


def cut(chunks: Iterable[bytes]) -> Iterator[tuple[list[bytes], int | None]]:
    """(chunks of whole processes, first pid of what follows or None), about _JOB bytes each."""
    part: list[bytes] = []
    size = 0
    for chunk in chunks:
        if size >= _JOB:
            at = _first_process(chunk)
            part.append(chunk[:at])
            if at < len(chunk):
                yield part, HEAD_STRUCT.unpack_from(chunk, at)[_PID]
                part, size = [chunk[at:]], len(chunk) - at
        else:
            part.append(chunk)
            size += len(chunk)
    if part:
        yield part, None


def _first_process(chunk: bytes) -> int:
    """Bytes of the records that belong to the process of the first one."""
    at, end = 0, len(chunk)
    pid = HEAD_STRUCT.unpack_from(chunk)[_PID]
    while at < end:
        head = HEAD_STRUCT.unpack_from(chunk, at)
        if head[_PID] != pid:
            break
        at = at + TAIL + head[_LENGTH] + 7 & -8
    return at
