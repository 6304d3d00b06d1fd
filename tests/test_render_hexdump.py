"""Each byte stands in its cell, whatever the width, the size and what is laid over it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdtui.render.hexdump import (
    CHANGED,
    CURRENT,
    MARK,
    MATCH,
    NUL,
    OTHER,
    TARGET,
    TEXT,
    geometry,
    hex_row,
    offset_pieces,
    row_pieces,
    ruler,
)
from fdtui.render.spans import text_of


@pytest.mark.parametrize(
    ("width", "last", "per_row", "digits", "offset_x", "text_end"),
    [
        (80, 100, 16, 8, 2, 78),
        (80, 2**32, 16, 9, 2, 79),
        (80, 2**40 - 1, 16, 10, 1, 79),
        (80, 2**40, 8, 11, 2, 48),
        (120, 100, 16, 8, 2, 78),
        (145, 100, 16, 8, 2, 78),
        (146, 100, 32, 8, 2, 144),
        (200, 2**63 - 2, 32, 16, 2, 152),
    ],
)
def test_rows_take_the_cells_of_the_drawing(
    width: int, last: int, per_row: int, digits: int, offset_x: int, text_end: int
) -> None:
    geo = geometry(width, last)
    assert (geo.per_row, geo.digits, geo.offset_x) == (per_row, digits, offset_x)
    assert geo.text_x + geo.per_row == text_end
    assert geo.width < width


def test_a_row_reads_as_the_drawing_has_it() -> None:
    data = bytes.fromhex("62 6c 65 71 75 65 75 65 71 75 65 75 65 04 43 52")
    assert text_of(hex_row(0xC0, data)) == (
        "000000c0  62 6c 65 71 75 65 75 65  71 75 65 75 65 04 43 52  blequeuequeue·CR"
    )
    assert text_of(hex_row(0, b"\0")).startswith("00000000  00 ")


def test_leading_zeros_are_apart() -> None:
    assert offset_pieces(0, 8) == ("0000000", "0")
    assert offset_pieces(0x126B2EB, 8) == ("0", "126b2eb")
    assert offset_pieces(2**63 - 1, 8) == ("", "7fffffffffffffff")


def test_classes_are_by_brightness() -> None:
    pieces = row_pieces(b"\0\x01a\xff", geometry(80, 0))
    assert [(text.strip(), kind) for text, kind in pieces if text.strip()] == [
        ("00", NUL),
        ("01", OTHER),
        ("61", TEXT),
        ("ff", OTHER),
        ("·", NUL),
        ("·", OTHER),
        ("a", TEXT),
        ("·", OTHER),
    ]


def test_matches_are_tinted_without_the_blank_behind_them() -> None:
    pieces = row_pieces(b"abcdefghijklmnop", geometry(80, 0), [(3, 8, CURRENT), (8, 13, MATCH)])
    assert ("64 65 66 67 68", CURRENT) in pieces
    assert ("69 6a 6b 6c 6d", MATCH) in pieces
    assert ("defgh", CURRENT) in pieces


def test_the_marker_stands_in_the_blank_before_its_byte() -> None:
    geo = geometry(80, 0)
    for target in range(17):
        data = bytes(range(0x41, 0x51))
        pieces = row_pieces(data, geo, (), target)
        line = " " * geo.hex_x + "".join(text for text, _ in pieces)
        bare = " " * geo.hex_x + "".join(text for text, _ in row_pieces(data, geo))
        assert len(line) == len(bare)
        if 0 < target < 16:
            assert line.index("┃") == geo.cell(target) - 1
            assert ("┃", MARK) in pieces
            assert (chr(0x41 + target), TARGET) in pieces


@given(
    st.binary(min_size=1, max_size=32),
    st.lists(st.tuples(st.integers(0, 32), st.integers(0, 32), st.integers(3, 6)), max_size=4),
    st.none() | st.integers(1, 31),
)
def test_no_overlay_moves_a_cell(
    data: bytes, overlays: list[tuple[int, int, int]], target: int | None
) -> None:
    geo = geometry(200, 0)
    if target is not None and target > len(data):
        target = None
    spots = [(a, min(b, len(data)), kind) for a, b, kind in overlays if a < min(b, len(data))]
    pieces = row_pieces(data, geo, spots, target)
    line = "".join(text for text, _ in pieces).replace("┃", " ")
    assert line == "".join(text for text, _ in row_pieces(data, geo))
    for index in range(len(data)):
        cell = geo.cell(index) - geo.hex_x
        assert line[cell : cell + 2] == f"{data[index]:02x}"


def test_changed_bytes_keep_their_text() -> None:
    pieces = row_pieces(b"abc", geometry(80, 0), [(1, 2, CHANGED)])
    assert ("62", CHANGED) in pieces
    assert ("b", CHANGED) in pieces


def test_the_ruler_and_the_pointer_agree_with_the_cells() -> None:
    geo = geometry(146, 0)
    head = text_of(ruler(geo, 3))
    for index in range(32):
        cell = geo.cell(index)
        assert head[cell : cell + 2] == f"{index:02x}"
        assert geo.index_at(cell) == index
        assert head[geo.text_x + index] == f"{index % 16:x}"
        assert geo.index_at(geo.text_x + index) == index
    assert geo.index_at(3) is None
    assert head[:12] == "    OFFSET  "
