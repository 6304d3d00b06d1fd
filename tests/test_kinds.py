"""Every kind on live specimens: told apart, decoded, looked at twice, and never disturbed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

import pytest

from fdtui.kinds import BY_NAME, all_kinds, classify
from fdtui.kinds.base import FdKind, Unseen, View
from fdtui.linux.json_types import Info, Json
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import Entry
from fdtui.render.spans import text_of
from tests.specimens.registry import SPECIMENS, Specimen
from tests.zoo_process import ZooProcess, acquired_entry, zoo

__all__ = ["zoo"]

NAMES = list(SPECIMENS)
LOOK = 1 << 16

# UX.md's list: the words of JSON and filters.
WORDS = """
regular directory block char tty ptmx pipe fifo unix tcp udp udplite raw ping sctp netlink
packet vsock socket memfd secretmem eventfd timerfd signalfd epoll inotify fanotify pidfd
namespace mqueue io_uring userfaultfd perf_event bpf-map bpf-prog bpf-link bpf-btf
landlock-ruleset seccomp-notify fscontext mount dma-buf drm kvm symlink o-path anon
unknown
"""


def steady(value: Json, volatile: frozenset[str]) -> Json:
    """The decoded facts without those that change by themselves."""
    if isinstance(value, Mapping):
        return {k: steady(v, volatile) for k, v in value.items() if k not in volatile}
    return value


def read_both_ways(kind: FdKind, peek: Peek) -> bytes | Unseen:
    """Read as the keeper does, and through the shared description besides: both must be harmless.

    Returns what the better of the two showed.
    """
    shared = kind.read(peek, 0, LOOK)
    if not kind.private_reader():
        return shared
    try:
        with peek.open_anew() as private:
            return kind.read(Peek(private), 0, LOOK)
    except OSError:
        return shared


class Look:
    """Everything one look at a specimen does."""

    def __init__(self, zoo: ZooProcess, name: str) -> None:
        with zoo.acquire(name) as owned:
            peek = Peek(owned)
            self.entry = acquired_entry(zoo, name, peek)
            self.kind = classify(self.entry)
            self.info: Info = self.kind.describe(self.entry)
            if self.kind.examines:
                self.info = {**self.info, **self.kind.examine(peek, self.entry)}
            self.bytes: bytes | Unseen | None = None
            if self.kind.view in (View.BYTES, View.QUEUE):
                self.bytes = read_both_ways(self.kind, peek)
            else:
                assert isinstance(self.kind.read(peek, 0, LOOK), bytes | Unseen)
            if self.kind.view is View.ENTRIES:
                with peek.open_directory() as directory:
                    os.listdir(directory.fileno())


def own_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


@pytest.fixture
def nothing_leaks() -> Iterator[None]:
    before = own_descriptors()
    yield
    assert own_descriptors() == before


def test_every_kind_of_the_contract_has_a_file() -> None:
    assert sorted(kind.name for kind in all_kinds()) == sorted(WORDS.split())
    assert all(BY_NAME[kind.name] is kind for kind in all_kinds())


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_labels_fit_their_column(kind: FdKind) -> None:
    assert 0 < len(kind.label) <= 8
    assert kind.name == kind.label or len(kind.name) > 8 or kind.name == "perf_event"


def test_every_kind_has_a_specimen() -> None:
    assert {s.kind for s in SPECIMENS.values()} | {"unknown"} == set(WORDS.split())


def test_the_zoo_is_complete(zoo: ZooProcess) -> None:
    """What is missing is named with its reason; a specimen that could be here must be."""
    for name, reason in zoo.missing.items():
        print(f"not in the zoo: {name}: {reason}")
    assert zoo.broken == {}
    assert len(zoo.fds) >= 60 or os.geteuid() != 0


@pytest.mark.parametrize("name", NAMES)
def test_told_apart(zoo: ZooProcess, name: str) -> None:
    kind = zoo.require(name).kind
    assert classify(zoo.entry(name)).name == kind
    with zoo.acquire(name) as owned:
        assert classify(acquired_entry(zoo, name, Peek(owned))).name == kind


@pytest.mark.parametrize("name", NAMES)
def test_described(zoo: ZooProcess, name: str) -> None:
    zoo.require(name)
    listed = zoo.entry(name)
    look = Look(zoo, name)
    for entry, info in ((listed, look.kind.describe(listed)), (look.entry, look.info)):
        assert json.loads(json.dumps(info)) == json.loads(json.dumps(dict(info)))
        assert "".join(span.text for span in look.kind.target(entry, info)).strip()
        for fact in look.kind.details(entry, info):
            assert fact.key
            assert all(isinstance(span.text, str) for span in fact.value)
        for section in look.kind.state(entry, info):
            assert section.head
            assert section.facts
        size = look.kind.size(entry, info)
        assert size is None or size >= 0
        assert isinstance(look.kind.hold_cost(entry, info), str)


def check_content(specimen: Specimen, look: Look) -> None:
    if specimen.unseen:
        if look.bytes is not None:
            assert isinstance(look.bytes, Unseen), look.bytes
            assert len(look.bytes.why) > 10
    elif specimen.content is not None and look.bytes is not None:
        assert isinstance(look.bytes, bytes), look.bytes
        assert look.bytes[: len(specimen.content) or None] == specimen.content


@pytest.mark.parametrize("name", NAMES)
def test_undisturbed(zoo: ZooProcess, name: str, nothing_leaks: None) -> None:
    """Looked at twice with the same result; then the target's own next read is as expected."""
    specimen = zoo.require(name)
    zoo.remake(name)  # a fresh one: other tests have looked at the first
    listed = zoo.fdinfo(name)
    first = Look(zoo, name)
    check_content(specimen, first)
    second = Look(zoo, name)
    assert steady(second.info, specimen.volatile) == steady(first.info, specimen.volatile)
    if not specimen.volatile:
        assert second.bytes == first.bytes
    if "it_value" not in specimen.volatile:
        assert zoo.fdinfo(name) == listed
    if specimen.consume is not None:
        assert zoo.consume(name) == specimen.expected
        zoo.remake(name)


def test_a_message_queue_tells_its_bytes_and_whom_it_notifies(zoo: ZooProcess) -> None:
    for name, queued in (("mqueue", 9), ("mqueue-write", 7), ("mqueue-notifies", 0)):
        zoo.require(name)
        zoo.remake(name)
        look = Look(zoo, name)
        told = {fact.key: text_of(fact.value) for fact in look.kind.details(look.entry, look.info)}
        assert told["queued"] == str(queued)
        assert told.get("notifies") == (f"pid {zoo.pid}" if name == "mqueue-notifies" else None)


@pytest.mark.parametrize("link", ["", "/x"])
def test_a_row_without_facts_is_unknown(link: str) -> None:
    assert classify(Entry(1, 3, -1, link, None, None, "", None)).name == "unknown"


@pytest.mark.parametrize(
    ("link", "kind"),
    [
        ("anon_inode:[eventfd]", "eventfd"),
        ("pipe:[1]", "pipe"),
        ("socket:[1]", "socket"),
        ("anon_inode:[something new]", "anon"),
        ("/anon_inode:[eventfd]", "unknown"),
    ],
)
def test_a_link_alone_tells_what_the_kernel_made(link: str, kind: str) -> None:
    assert classify(Entry(1, 3, 6, link, None, None, "", None)).name == kind


def test_a_table_of_a_hundred_is_decoded_at_once(zoo: ZooProcess) -> None:
    """Rows, kinds, and everything an acquired descriptor tells: the bench has the figure."""
    for name in zoo.fds:
        owned: OwnedFd = zoo.acquire(name)
        with owned:
            entry = zoo.entry(name)
            kind = classify(entry)
            info = kind.examine(Peek(owned), entry) if kind.examines else kind.describe(entry)
            assert kind.target(entry, info)
