"""Looks at bytes are kept, compared and forgotten as they should be."""

from __future__ import annotations

import random

from fdtui.render.window import PAGE, BytesModel, ReadError, Window, differing


def test_differing_runs_are_found_to_the_byte() -> None:
    old = bytes(1000)
    new = bytearray(old)
    for index in (0, 63, 64, 65, 500, 999):
        new[index] = 1
    runs = list(differing(old, bytes(new)))
    assert runs == [(0, 1), (63, 66), (500, 501), (999, 1000)]
    assert list(differing(b"abc", b"abX and more")) == [(2, 3)]
    assert list(differing(b"", b"x")) == []


def test_what_was_fed_is_read_back_across_pages() -> None:
    data = random.Random(1).randbytes(5 * PAGE)
    model = BytesModel(len(data))
    model.feed(Window(0, data), size=len(data), now=0)
    assert model.read(0, len(data)) == data
    assert model.read(PAGE - 3, 10) == data[PAGE - 3 : PAGE + 7]
    assert model.row(PAGE - 16, 16) == data[PAGE - 16 : PAGE]
    assert model.missing(0, 10**9) is None
    assert model.changed_bytes == 0


def test_what_is_missing_is_said_in_pages() -> None:
    model = BytesModel(10 * PAGE)
    assert model.missing(PAGE + 5, 10) == (PAGE, PAGE)
    model.feed(Window(PAGE, bytes(PAGE)), size=10 * PAGE, now=0)
    assert model.missing(PAGE + 5, 10) is None
    assert model.missing(0, 3 * PAGE) == (0, 3 * PAGE)
    assert model.missing(9 * PAGE, 5 * PAGE) == (9 * PAGE, PAGE)
    assert model.row(0, 16) is None


def test_windows_that_fit_no_page_are_joined() -> None:
    model = BytesModel(100)
    model.feed(Window(10, b"b" * 10), size=100, now=0)
    model.feed(Window(20, b"c" * 80), size=100, now=0)
    model.feed(Window(0, b"a" * 10), size=100, now=0)
    assert model.read(0, 100) == b"a" * 10 + b"b" * 10 + b"c" * 80
    assert model.known_from(100, PAGE) == 0


def test_changes_are_marked_for_two_seconds_and_end_with_a_look() -> None:
    model = BytesModel(64)
    model.feed(Window(0, bytes(64)), size=64, now=0)
    model.feed(Window(16, b"\x01\x01" + bytes(14)), size=64, now=1)
    assert model.marks_in(0, 64) == [(16, 18)]
    assert model.marks_in(18, 46) == []
    model.feed(Window(17, b"\x02"), size=64, now=2.5)
    assert model.marks_in(0, 64) == [(16, 18)]
    model.feed(Window(0, b""), size=64, now=4.6)
    assert model.marks_in(0, 64) == []


def test_bytes_seen_for_the_first_time_are_no_change() -> None:
    model = BytesModel(4 * PAGE)
    model.feed(Window(0, bytes(PAGE)), size=4 * PAGE, now=0)
    model.feed(Window(PAGE, b"x" * PAGE), size=4 * PAGE, now=0.1)
    assert model.changed_bytes == 0


def test_appended_bytes_are_a_change_and_truncated_ones_are_gone() -> None:
    model = BytesModel(10)
    model.feed(Window(0, b"0123456789"), size=10, now=0)
    model.feed(Window(0, b"0123456789abc"), size=13, now=1)
    assert model.marks_in(0, 99) == [(10, 13)]
    model.feed(Window(0, b"0123"), size=4, now=1.5)
    assert model.end == 4
    assert model.read(0, 99) == b"0123"
    assert model.marks_in(0, 99) == []


def test_errors_are_kept_where_they_lie_and_are_no_change() -> None:
    model = BytesModel(3 * PAGE)
    error = ReadError(PAGE, PAGE, "pread at 0x1000: Input/output error (EIO)")
    model.feed(Window(0, bytes(3 * PAGE), (error,)), size=3 * PAGE, now=0)
    assert model.errors_in(PAGE + 32, 16) == [error]
    assert model.errors_in(0, PAGE) == []
    model.feed(Window(PAGE, b"x" * PAGE), size=3 * PAGE, now=1)
    assert model.errors_in(PAGE, 16) == []
    assert model.changed_bytes == 0


def test_the_cache_is_bounded() -> None:
    model = BytesModel(2**63 - 1)
    for index in range(2000):
        model.feed(Window(index * PAGE, bytes(PAGE)), size=2**63 - 1, now=0)
    assert len(model._pages) <= 512
    assert model.row(1999 * PAGE, 16) == bytes(16)


def test_a_stream_ends_where_its_bytes_do() -> None:
    model = BytesModel(None)
    model.feed(Window(0, b"queued"), size=6, now=0)
    model.feed(Window(0, b"queue"), size=5, now=0)
    assert model.end == 5
    bare = BytesModel(None)
    bare.feed(Window(0, b"abc"), size=None, now=0)
    assert bare.end == 3
    assert bare.read(0, 10) == b"abc"
