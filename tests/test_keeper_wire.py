"""Frames and the JSON of facts: what goes in comes out, and junk is an error."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdtui.acquire.base import Target, Verdict
from fdtui.errors import CallFailed, FdtuiError
from fdtui.keeper import codec
from fdtui.keeper.api import Acquired, BadBlock, Hold, Window
from fdtui.keeper.wire import MAGIC, MAX_PAYLOAD, Frame, FrameReader, WireError, encode
from fdtui.linux.procfs import Entry, Failure, FdInfo
from fdtui.linux.syscalls import Statx

STAT = Statx(0o100644, 2**64 - 1, 8, 1, 0, 0, 1, 0, 0, 2**63 - 1, 8, 4096, -1, 27)
INFO = FdInfo(2**63 - 1, 0o2100002, 27, 12, (("lock", "1: FLOCK"), ("tfd", "\udcff \x1b[31m")))
ENTRIES = (
    Entry(1, 2, 6, "/tmp/\udcff\x1b]0;x\x07", INFO, STAT, "", None),
    Entry(1, "cwd", 4, "", None, None, "", Failure("readlink", 13)),
    Entry(1, 3, 6, "socket:[1]", INFO._replace(lines=()), STAT, "UNIX-STREAM", None),
)

frames = st.lists(
    st.builds(Frame, st.dictionaries(st.text(), st.integers() | st.text()), st.binary()), max_size=5
)


@given(frames, st.integers(1, 50))
def test_frames_survive_any_cutting(sent: list[Frame], step: int) -> None:
    stream = b"".join(map(encode, sent))
    reader = FrameReader()
    received = []
    for at in range(0, len(stream), step):
        received += reader.feed(stream[at : at + step])
    assert received == sent


@given(st.binary(min_size=12))
def test_junk_is_an_error(junk: bytes) -> None:
    if junk[:4] != MAGIC:
        with pytest.raises(WireError, match="not a frame"):
            FrameReader().feed(junk)


@pytest.mark.parametrize("header", [b"[]", b"nonsense", b"{"])
def test_headers_must_be_objects(header: bytes) -> None:
    frame = MAGIC + len(header).to_bytes(4) + bytes(4) + header
    with pytest.raises(WireError):
        FrameReader().feed(frame)


def test_sizes_are_limited_before_anything_is_stored() -> None:
    with pytest.raises(WireError, match="too large"):
        encode(Frame({}, bytes(MAX_PAYLOAD + 1)))
    with pytest.raises(WireError, match="not a frame"):
        FrameReader().feed(MAGIC + b"\xff" * 8)


def through(value: object) -> object:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("entry", ENTRIES)
def test_facts_survive(entry: Entry) -> None:
    acquired = Acquired(
        1,
        Target(2, 3, 4),
        "a) R\n",
        "helper",
        True,
        "pipe",
        "queue",
        "shared",
        entry,
        {"n": 1},
        True,
    )
    hold = Hold(acquired, 1.5, True, "closed", 2.5, "much")
    window = Window(2**63 - 1, b"\0\xff", None, 5, entry, (BadBlock(0, 4096, 5),), "no")
    assert codec.entry_from(through(codec.entry_json(entry))) == entry  # type: ignore[arg-type]
    assert codec.hold_from(through(codec.hold_json(hold))) == hold  # type: ignore[arg-type]
    told = through(codec.window_json(window))
    assert codec.window_from(told, window.data) == window  # type: ignore[arg-type]
    row = through(["pidfd_getfd", *Verdict("refused", "EPERM", "sudo")])
    assert codec.verdict_from(row) == (  # type: ignore[arg-type]
        "pidfd_getfd",
        Verdict("refused", "EPERM", "sudo"),
    )


def test_refusals_survive_with_errno_and_remedy() -> None:
    refused = CallFailed("pidfd_getfd(pid 1, fd 2)", 1, "no right", "be root")
    back = codec.error_from(codec.error_json(refused))
    assert isinstance(back, CallFailed)
    assert (str(back), back.errno, back.remedy) == (str(refused), 1, "be root")
    plain = codec.error_from(codec.error_json(FdtuiError("gone", "look again")))
    assert (str(plain), plain.remedy) == ("gone", "look again")


@pytest.mark.parametrize(
    "value", [None, 3, "x", [], [1, 2, 3], [1, {}, 6, "", None, None, "", None], {"pid": 1}]
)
def test_what_is_no_entry_is_refused(value: object) -> None:
    with pytest.raises(WireError):
        codec.entry_from(value)  # type: ignore[arg-type]
