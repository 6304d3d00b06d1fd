"""Numbers read the same everywhere, and fit the cells that tables give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdtui.render import units


@pytest.mark.parametrize(
    ("size", "cell", "words"),
    [
        (0, "0", "0 bytes"),
        (1, "1", "1 byte"),
        (512, "512", "512 bytes"),
        (999, "999", "999 bytes"),
        (1000, "1.0K", "1.0 KB"),
        (12_288, "12.0K", "12.0 KB"),
        (19_316_224, "18.4M", "18.4 MB"),
        (118_272, "116K", "116 KB"),
        (102_348, "99.9K", "99.9 KB"),
        (102_349, "100K", "100 KB"),
        (4_509_715_660, "4.2G", "4.2 GB"),
        (1_048_575, "1.0M", "1.0 MB"),
        (2**40, "1.0T", "1.0 TB"),
        (2**63 - 1, "8.0E", "8.0 EB"),
    ],
)
def test_sizes(size: int, cell: str, words: str) -> None:
    assert units.size_cell(size) == cell
    assert units.size_words(size) == words


@given(st.integers(min_value=0, max_value=2**64))
def test_a_size_never_takes_more_than_five_cells(size: int) -> None:
    assert len(units.size_cell(size)) <= 5


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0s"),
        (12.9, "12s"),
        (200, "3m20s"),
        (724, "12m04s"),
        (24_000, "6h40m"),
        (212_400, "2d11h"),
    ],
)
def test_ages(seconds: float, expected: str) -> None:
    assert units.age(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (3e-6, "3 µs"),
        (0.0382, "38.2 ms"),
        (0.24, "240 ms"),
        (0.42, "0.42 s"),
        (1, "1 s"),
        (12.5, "12.5 s"),
    ],
)
def test_short_times(seconds: float, expected: str) -> None:
    assert units.short_time(seconds) == expected


def test_words_of_numbers() -> None:
    assert units.count(19_316_224) == "19,316,224"
    assert units.offset_words(40) == "0x28 = 40"
    assert units.plural(1, "descriptor") == "1 descriptor"
    assert units.plural(24_318, "descriptor") == "24,318 descriptors"
    assert units.plural(2, "process", "processes") == "2 processes"
    assert units.rate_cell(42_189) == "+41.2K/s"
    assert units.rate_words(42_189) == "+41.2 KB/s"
    assert units.rate_words(-5) == "-5 bytes/s"


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 100, "0"), (1, 1000, "<1"), (1, 100, "1"), (98.9, 100, "98"), (3, 0, "")],
)
def test_percents(part: float, whole: float, expected: str) -> None:
    assert units.percent(part, whole) == expected


@pytest.mark.parametrize(
    ("last", "digits"), [(0, 8), (2**32 - 1, 8), (2**32, 9), (2**40 - 1, 10), (2**63 - 2, 16)]
)
def test_digits_of_offsets(last: int, digits: int) -> None:
    assert units.offset_digits(last) == digits


def test_a_trend_has_a_scale_that_makes_no_leak_of_noise() -> None:
    assert units.trend([5] * 12) == "·".rjust(12)
    assert units.trend([]) == "·".rjust(12)
    assert units.trend([5, 6]) == "▁▁".rjust(12)
    assert units.trend([0, 8], 8) == "▁▆".rjust(8)
    assert units.trend([1] * 20 + [100], 8) == "▁▁▁▁▁▁▁▆"
    assert units.trend_change([1] * 20 + [100]) == 99


@given(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(2, 80))
def test_a_bar_never_says_nothing_of_some_nor_all_of_less(
    part: int, whole: int, width: int
) -> None:
    bar = units.bar(part, whole, width)
    assert len(bar) == width
    assert ("━" in bar) == (part > 0)
    assert ("·" in bar) == (part < whole)


def test_a_stacked_bar_shows_each_amount() -> None:
    bar = units.stacked([(54.2, "━"), (37.2, "■")], 98, 60)
    assert bar.count("━") == 33
    assert bar.count("■") == 23
    assert len(units.stacked([(1, "━"), (1, "■")], 10**9, 20)) == 20
    assert units.stacked([(1, "━"), (1, "■")], 10**9, 20).startswith("━■·")
    assert units.stacked([(5, "━")], 0, 4) == "····"


@pytest.mark.parametrize(
    ("path", "width", "expected"),
    [
        ("/var/lib/ingestd/spool-0417.seg", 40, "/var/lib/ingestd/spool-0417.seg"),
        ("/var/lib/ingestd/spool-0417.seg", 23, "/var/li…/spool-0417.seg"),
        ("/var/lib/ingestd/spool-0417.seg", 10, "…-0417.seg"),
        ("/a", 1, "…"),
        ("name-without-a-slash.log", 10, "…slash.log"),
    ],
)
def test_paths_lose_their_middle(path: str, width: int, expected: str) -> None:
    assert units.shorten_path(path, width) == expected


def test_other_text_loses_its_end() -> None:
    assert units.shorten_end("watches 9: 5 6 9", 10) == "watches 9…"
    assert units.shorten_end("short", 10) == "short"
    assert units.shorten_end("short", 0) == ""
