"""Nothing that a terminal acts on, joins or leaves out gets through, and nothing gets lost."""

from __future__ import annotations

import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fdtui.render.safe import NAME_LIMIT, classify, plain, safe, safe_spans
from fdtui.render.spans import shown, text_of
from tests.hostile import HOSTILE

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("access.log", "access.log"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\udcff", "\\xff"),
        ("\x9b", "<009B>"),
        ("\udc9b", "\\x9b"),
        ("a\u202eb", "a<202E>b"),
        ("\U000e0041", "<E0041>"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x00\x7f", "\\x00\\x7f"),
        ("\u3164", "<3164>"),
        ("e\u0301\u0302", "e\u0301\u0302"),
        ("e\u0301\u0302\u0303", "e\u0301\u0302<0303>"),
        ("\u0301x", "<0301>x"),
        ("한글", "한글"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("日本", "日本"),
    ],
)
def test_what_is_escaped_and_how(text: str, expected: str) -> None:
    assert safe(text) == expected


def test_no_character_of_unicode_slips_through() -> None:
    for char in map(chr, range(sys.maxunicode + 1)):
        escape = classify.__wrapped__(char)
        if escape:
            assert escape.isascii()
            assert escape.isprintable()
        else:
            assert char.isprintable(), hex(ord(char))
            assert unicodedata.category(char) not in UNSEEN, hex(ord(char))


@given(ANY_TEXT)
def test_safe_text_is_printable_and_has_a_width(text: str) -> None:
    result = safe(text)
    assert result.isprintable()
    assert cell_len(result) <= 10 * len(text)
    assert safe(result) == result


@given(ANY_TEXT)
def test_pieces_alternate_and_say_the_same_as_safe(text: str) -> None:
    pieces = safe_spans(text)
    assert "".join(piece.text for piece in pieces) == safe(text)
    assert all(piece.text for piece in pieces)
    assert all(a.escaped != b.escaped for a, b in pairwise(pieces))


@given(ANY_TEXT, ANY_TEXT)
def test_plain_text_never_makes_two_names_one(first: str, second: str) -> None:
    if first != second:
        assert plain(first) != plain(second)
    assert plain(first).isprintable()


@pytest.mark.parametrize("literal", ["\\x1b", "\\xff", "\\u202e", "\\n", "<202E>"])
def test_a_name_that_imitates_an_escape_is_told_from_it(literal: str) -> None:
    assert safe_spans(literal) == [(literal, False)]
    for real in ("\x1b", "\udcff", "\u202e", "\n"):
        assert plain(literal) != plain(real)
        assert safe_spans(real)[0].escaped


@pytest.mark.parametrize("text", HOSTILE)
def test_the_corpus_comes_out_harmless(text: str) -> None:
    for result in (safe(text), plain(text), text_of(shown(text))):
        assert result.isprintable()
        result.encode()


def test_lengths_are_capped_before_layout() -> None:
    assert len(safe("x" * 100_000)) == NAME_LIMIT + 1
    assert safe("x" * 100_000).endswith("x…")
    assert safe_spans("\x1b" * 10, limit=2) == [("\\x1b\\x1b…", True)]
    assert plain("x" * 200_000).endswith("…")
