"""Every byte is in exactly one row, and every row fits the screen."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from fdtui.render.textlines import HANG, TextRow, char_boundary, is_crlf, lay_out, line_start

BYTES = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.text(alphabet="ab \n\t\x1b中é", max_size=300).map(str.encode),
)


def rows(data: bytes, width: int = 40, **options: bool) -> list[TextRow]:
    return list(lay_out(data, 0, width, cell_len, **options))


@settings(max_examples=200)
@given(BYTES, st.integers(12, 60))
def test_rows_cover_the_bytes_without_gap_or_overlap(data: bytes, width: int) -> None:
    laid = rows(data, width)
    assert [row.offset for row in laid] == [0, *(row.end for row in laid)][: len(laid)]
    if data:
        assert laid[-1].end == len(data)
    for row in laid:
        room = width if row.first else width - HANG
        assert row.text.isprintable()
        assert cell_len(row.text) <= room
        if row.starts is not None:
            assert len(row.starts) == len(row.text)


@settings(max_examples=100)
@given(BYTES, st.integers(12, 60))
def test_layout_from_any_row_goes_on_the_same(data: bytes, width: int) -> None:
    laid = rows(data, width)
    for index in range(0, len(laid), 3):
        row = laid[index]
        again = list(lay_out(data[row.offset :], row.offset, width, cell_len, first=row.first))
        assert again == laid[index:]


def test_a_line_breaks_after_the_last_blank_of_its_last_quarter() -> None:
    laid = rows(b"0123456789012345678901234567890 456 89 word more", 40)
    assert [row.text for row in laid] == ["0123456789012345678901234567890 456 89 ", "word more"]
    assert [row.first for row in laid] == [True, False]
    unbroken = rows(b"early blank " + b"x" * 60, 40)
    assert len(unbroken[0].text) == 40


def test_control_bytes_become_escapes_that_know_their_byte() -> None:
    (row,) = rows(b"a\x1b[0m\x07\xff\xc3\xa9", 60)
    assert row.text == "a\\x1b[0m\\x07\\xffé"
    assert [row.text[a:b] for a, b in row.escapes] == ["\\x1b", "\\x07", "\\xff"]
    assert row.chars(1, 2) == (1, 5)
    assert row.chars(7, 9) == (len(row.text) - 1, len(row.text))


def test_tabs_go_to_the_next_stop() -> None:
    assert rows(b"a\tb\tc")[0].text == "a       b       c"


def test_carriage_returns_are_seen_unless_every_line_has_one() -> None:
    assert is_crlf(b"a\r\nb\r\n")
    assert not is_crlf(b"a\r\nb\n")
    assert not is_crlf(b"a")
    assert [row.text for row in rows(b"a\r\nb\r\n", crlf=True)] == ["a", "b"]
    assert rows(b"a\r\n")[0].text == "a\\r"


def test_reordering_text_of_a_log_is_shown_as_what_it_is() -> None:
    assert rows("x\u202ey".encode())[0].text == "x<202E>y"
    assert rows("x\u009by".encode())[0].text == "x<009B>y"


def test_line_starts_and_character_boundaries() -> None:
    assert line_start(b"abc\ndef", 100, from_start=False) == 104
    assert line_start(b"abcdef", 100, from_start=False) is None
    assert line_start(b"abcdef", 0, from_start=True) == 0
    assert char_boundary("é".encode()[1:] + b"x") == 1
    assert char_boundary(b"abc") == 0
    assert char_boundary(b"\x80" * 10) == 0
