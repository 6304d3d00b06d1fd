"""The inspector says what struct and datetime say, and mutes what is hardly meant."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from fdtui.render.inspector import Reading, ordered, single, utf8, utf16
from tests.hostile import HOSTILE

DRAWN = bytes.fromhex("00000736000000e7")


def by_label(rows: list[Reading]) -> dict[str, tuple[str, str]]:
    return {row.label: (row.value, row.role) for row in rows}


def test_the_bytes_of_the_drawing() -> None:
    little, big = by_label(ordered(DRAWN, "little")), by_label(ordered(DRAWN, "big"))
    assert little["u32"] == ("906,428,416", "text")
    assert little["i32"] == ("906,428,416", "muted")
    assert little["u64"] == ("16,645,304,223,667,781,632", "muted")
    assert little["i64"] == ("-1,801,439,850,041,769,984", "muted")
    assert little["f32"] == ("2.01166e-06", "text")
    assert little["f64"] == ("-1.39235e+188", "muted")
    assert little["time32"] == ("1998-09-22 01:40:16", "muted")
    assert little["time64"] == ("-", "muted")
    assert big["u64"] == ("7,928,509,628,647", "text")
    assert big["f32"] == ("2.5868e-42", "muted")
    assert big["f64"] == ("3.9172e-311", "muted")
    assert big["time32"] == ("1970-01-01 00:30:46", "muted")


@given(st.binary(max_size=8))
def test_any_bytes_can_be_read(data: bytes) -> None:
    rows = [*ordered(data, "little"), *ordered(data, "big"), *single(data), utf8(data)]
    rows += [utf16(data, "little"), utf16(data, "big")]
    assert len(rows) == 26
    for row in rows:
        assert row.value
        assert row.value.isprintable()
        assert len(row.label) + len(row.value) <= 34
    if len(data) == 8:
        assert by_label(ordered(data, "big"))["i64"][0] == f"{struct.unpack('>q', data)[0]:,}"


def test_characters_by_name_and_number() -> None:
    assert utf8("é!".encode()) == ("utf-8", "é U+00E9", "text")
    assert utf8(b"\x1b[") == ("utf-8", "U+001B", "text")
    assert utf8("\u202e".encode()).value == "U+202E"
    assert utf8(b"\xff").value == "-"
    assert utf8(b"\0").value == "-"
    assert utf16("é".encode("utf-16-le"), "little").value == "é U+00E9"
    assert utf16("😀".encode("utf-16-be"), "big").value == "😀 U+1F600"
    assert utf16(b"\x00\xd8", "little").value == "-"


def test_hostile_bytes_stay_printable() -> None:
    for text in HOSTILE:
        data = text.encode("utf-8", "surrogatepass")[:8]
        assert utf8(data).value.isprintable()
        assert utf16(data, "little").value.isprintable()


def test_a_date_of_our_days_is_likely_and_one_of_others_is_not() -> None:
    now = struct.pack("<q", 1_763_820_198)
    assert by_label(ordered(now, "little"))["time64"] == ("2025-11-22 14:03:18", "text")
    assert by_label(ordered(struct.pack("<q", -5), "little"))["time64"][0] == "-"
