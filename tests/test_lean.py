"""What a short command leaves out: the parser where none is needed, and modules slow to import."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import typing
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdtui.commands import ls
from fdtui.commands.options import without_parser
from fdtui.commands.parser import Parser
from fdtui.linux import lean

SLOW = {
    "argparse",
    "contextlib",
    "enum",
    "functools",
    "importlib",
    "json",
    "re",
    "signal",
    "socket",
    "subprocess",
    "threading",
    "typing",
}
_MODULES = "print('modules', *sys.modules)"


def parsed(arguments: list[str]) -> dict[str, object]:
    """What argparse makes of them."""
    parser = Parser("fdtui ls", "")
    ls.add_arguments(parser)
    return vars(parser.parse_args(arguments))


def loaded(code: str) -> set[str]:
    """The modules that a program has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{_MODULES}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return set(done.stdout.rpartition("modules ")[2].split())


def test_listing_a_process_imports_little() -> None:
    with ExitStack() as stack:
        stack.enter_context(open(os.devnull))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        stack.enter_context(socket.create_connection(listener.getsockname()))
        for one in (*socket.socketpair(), select.epoll()):
            stack.enter_context(one)
        for fd in (os.eventfd(0), os.memfd_create("lean"), *os.pipe()):
            stack.callback(os.close, fd)
        bare = loaded("")
        code = f"from fdtui.cli import main\nassert main(['ls', '-p', '{os.getpid()}']) == 0"
        assert (loaded(code) - bare) & SLOW == set()


WORDS = st.lists(
    st.sampled_from(
        [
            *(name for option in ls.OPTIONS for name in option.names),
            *("1", "812", "auto", "bpf", "pid,fd", "kind == 'tcp'", ""),
        ]
    ),
    max_size=6,
)


@given(WORDS)
def test_without_a_parser_the_same_is_understood(arguments: list[str]) -> None:
    found = without_parser(ls.OPTIONS, arguments)
    if found is not None:
        assert vars(found) == parsed(arguments)


@pytest.mark.parametrize(
    "line", ["", "-p 1", "--pid 1 -p 2 --jsonl", "--engine proc --sharing --peers --json", "-o pid"]
)
def test_what_is_usual_needs_no_parser(line: str) -> None:
    found = without_parser(ls.OPTIONS, line.split())
    assert found is not None
    assert vars(found) == parsed(line.split())


@pytest.mark.parametrize(
    "line",
    ["-p1", "--pid=1", "-p x", "-p ١", "-p -1", "-p", "--js", "--json --tree", "x", "-h"],
)
def test_the_rest_is_left_to_the_parser(line: str) -> None:
    assert without_parser(ls.OPTIONS, line.split()) is None


class Theirs(typing.NamedTuple):
    """By `typing`."""

    one: int
    two: str = "2"

    @property
    def both(self) -> str:
        return f"{self.one}{self.two}"


class Ours(lean.NamedTuple):
    """By `lean`."""

    one: int
    two: str = "2"

    @property
    def both(self) -> str:
        return f"{self.one}{self.two}"


def test_named_tuples_are_those_of_typing() -> None:
    ours, theirs = Ours(1), Theirs(one=1)
    assert tuple(ours) == tuple(theirs) == (1, "2")
    assert ours.both == theirs.both == "12"
    assert ours._replace(two="3")._asdict() == {"one": 1, "two": "3"}
    assert repr(ours) == "Ours(one=1, two='2')"
    for name in ("_fields", "_field_defaults", "__match_args__", "__slots__"):
        assert getattr(Ours, name) == getattr(Theirs, name), name
    assert (Ours.__module__, Ours.__doc__) == (__name__, "By `lean`.")


def test_a_socket_is_closed_at_the_end_of_with() -> None:
    with lean.Socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        number = sock.fileno()
        os.fstat(number)
    assert sock.fileno() == -1
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
