"""Offsets and patterns as people type them, and the guess whether bytes are text."""

from __future__ import annotations

import pytest

from fdtui.render.looks import is_text
from fdtui.render.offsets import LARGEST, Place, parse_offset
from fdtui.render.patterns import Pattern, parse_pattern

SIZE = 10_000


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("0", 0),
        ("1,024", 1024),
        ("0x400", 1024),
        ("0X4_00", 1024),
        ("4K", 4096),
        ("1.5k", 1536),
        ("2KiB", 2048),
        ("50%", 5000),
        ("0.5%", 50),
        ("100%", SIZE),
        ("+16", 1016),
        ("-0x10", 984),
        ("- 2000", 0),
        ("+1T", SIZE),
        ("@", 300),
        ("@ + 16", 316),
        ("@-0x10", 284),
        (" 77 ", 77),
    ],
)
def test_offsets(text: str, offset: int) -> None:
    assert parse_offset(text, cursor=1000, size=SIZE, target=300) == Place(offset)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "1024"),
        ("x", "not an offset"),
        ("0x", "not an offset"),
        ("1Q", "not an offset"),
        ("0x1.5", "not an offset"),
        ("@5", "after @ comes"),
        ("+", "not an offset"),
        ("٣", "not an offset"),
    ],
)
def test_what_is_no_offset_says_why(text: str, mistake: str) -> None:
    assert mistake in parse_offset(text, cursor=0, size=SIZE, target=0).mistake


def test_without_size_or_target_there_are_no_shares_and_no_at() -> None:
    assert parse_offset("50%", cursor=0, size=None, target=0).mistake
    assert parse_offset("@", cursor=0, size=SIZE, target=None).mistake
    assert parse_offset("9" * 500, cursor=0, size=None, target=None).offset == LARGEST
    assert parse_offset("0x" + "f" * 16, cursor=0, size=None, target=None).offset == LARGEST


def test_offsets_are_exact_at_the_end_of_the_largest_file() -> None:
    assert parse_offset(str(LARGEST - 1), cursor=0, size=LARGEST, target=0).offset == LARGEST - 1
    assert parse_offset("100%", cursor=0, size=LARGEST, target=0).offset == LARGEST
    assert parse_offset("-1", cursor=LARGEST, size=LARGEST, target=0).offset == LARGEST - 1


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("queue", Pattern(b"queue")),
        (r"\x7fELF\n", Pattern(b"\x7fELF\n")),
        (r"C:\dir\\new", Pattern(b"C:\\dir\\new")),
        ("größe", Pattern("größe".encode())),
        ("\udcff", Pattern(b"\xff")),
        (r"r/ba+r\x00/", Pattern(rb"ba+r\x00", regex=True)),
        ("r/a/b/", Pattern(b"a/b", regex=True)),
        ("i/Error/", Pattern(b"Error", ignore_case=True)),
        ("ri/e.*r/", Pattern(b"e.*r", regex=True, ignore_case=True)),
        ("r/half", Pattern(b"half", regex=True)),
        ("/etc/passwd", Pattern(b"/etc/passwd")),
    ],
)
def test_patterns(text: str, pattern: Pattern) -> None:
    assert parse_pattern(text) == pattern


def test_what_cannot_be_searched_for_says_why() -> None:
    assert "regular expression" in parse_pattern("r/(/").mistake
    assert parse_pattern("").mistake
    assert parse_pattern("r//").mistake


def test_a_pattern_finds_what_the_keeper_finds() -> None:
    assert parse_pattern("a.b").compiled().search(b"axb a.b") is not None
    assert parse_pattern("r/a.b/").compiled().findall(b"a\nb a.b") == [b"a\nb", b"a.b"]
    assert parse_pattern("i/AB/").compiled().search(b"xab") is not None


def test_text_is_told_from_other_bytes() -> None:
    assert is_text(b"")
    assert is_text(b"2025-11-22 \x1b[31mred\x1b[0m\n" * 9)
    assert is_text(("ä" * 5000).encode()[1:][1:])
    assert is_text(b"x" * 4095 + "ä".encode())
    assert not is_text(b"x" * 10 + b"\xc3")
    assert not is_text(b"SQLite format 3\0")
    assert not is_text(bytes(range(1, 256)))
    assert not is_text(b"\x17\x03\x03abc")
