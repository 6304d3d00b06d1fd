"""What a plain user is told of his own descriptors: all there is, and what would show the rest."""

from __future__ import annotations

import json

import pytest

from tests.other_user import NOBODY, run_as

pytestmark = pytest.mark.needs_root

LOOK = r"""
import ctypes, json, os, socket
from fdtui.kinds import classify
from fdtui.kinds.base import decode
from fdtui.linux.owned import OwnedFd
from fdtui.linux.peek import Peek
from fdtui.linux.procfs import ProcFs

def words(fd):
    with OwnedFd(os.dup(fd)) as owned:
        entry = ProcFs().entry(os.getpid(), fd)
        kind = classify(entry)
        entry, info = decode(kind, Peek(owned), entry)
    facts = [f for section in kind.state(entry, info) for f in section.facts]
    return {f.key: ["".join(s.text for s in f.value), f.note] for f in facts}
"""
WATCH = """
libc = ctypes.CDLL(None)
fd = libc.inotify_init()
assert libc.inotify_add_watch(fd, b"/usr/share", 2) == 1
print(json.dumps(words(fd)))
"""
CONNECT = """
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
unbound = socket.socket()
print(json.dumps([words(client.fileno()), words(unbound.fileno())]))
"""


def test_watches_without_paths_say_what_would_show_them() -> None:
    told = json.loads(run_as(NOBODY, LOOK + WATCH))
    value, note = told["paths"]
    assert value == "not known"
    assert "CAP_DAC_READ_SEARCH" in note
    value, note = told["wd 1"]
    assert value.startswith("inode ")
    assert note == "modify"


def test_a_timer_needs_no_privilege_and_a_namespace_says_what_would_tell_it() -> None:
    connected, unbound = json.loads(run_as(NOBODY, LOOK + CONNECT))
    assert connected["timer"][0].startswith("keepalive in ")
    assert "netns" not in connected  # it was found in ours
    value, note = unbound["netns"]
    assert value == "not known"
    assert "CAP_NET_ADMIN" in note
