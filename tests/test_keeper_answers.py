"""Every request is answered: what was cancelled, and what no keeper can be started for."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator

import pytest

from fdtui.keeper.client import KeeperClient
from fdtui.keeper.codec import target_json
from fdtui.keeper.line import spawn
from fdtui.keeper.wire import Frame, FrameReader, encode
from fdtui.linux.json_types import Info, Json
from tests.puppets import Puppet


class Talk:
    """The bare line to a keeper."""

    def __init__(self) -> None:
        self.sock, far = socket.socketpair()
        self.gifts, far_gifts = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far, far_gifts:
            spawn(far, far_gifts, 1)
        self.sock.settimeout(10)
        self.reader = FrameReader()
        self.frames: list[Info] = []

    def say(self, header: Info, payload: bytes = b"") -> None:
        self.sock.sendall(encode(Frame(header, payload)))

    def answer(self, seq: int) -> Json:
        """Wait for the end of a request: its facts or its error."""
        while True:
            for frame in self.frames:
                if frame.get("seq") == seq and "progress" not in frame:
                    return frame.get("ok", frame.get("error"))
            data = self.sock.recv(1 << 16)
            assert data, "the keeper has ended"
            self.frames += [frame.header for frame in self.reader.feed(data)]


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    with made.sock, made.gifts:
        yield made


def test_a_request_that_waited_in_vain_is_answered(talk: Talk) -> None:
    with Puppet() as puppet:
        fd = puppet("os.memfd_create('text')")
        puppet(f"os.write({fd}, b'a' * 40)")
        talk.say({"seq": 1, "op": "look", "target": target_json(puppet.target(fd)), "via": None})
        talk.answer(1)
        endless: Info = {"regex": True, "ignore_case": False, "start": 0, "backwards": False}
        talk.say({"seq": 2, "op": "search", "id": 1, **endless}, b"(a+)+b")
        talk.say({"seq": 3, "op": "actions", "id": 1})
        talk.say({"cancel": 3})
        talk.say({"cancel": 2})
        for seq, op in ((2, "search"), (3, "actions")):
            told = talk.answer(seq)
            assert isinstance(told, dict)
            assert told["message"] == f"{op} cancelled"


def test_a_full_table_is_told_like_any_refusal() -> None:
    """In the future and not by the call: a screen must not end for it."""
    client = KeeperClient()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        refused = client.held().exception(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert str(refused) == "no keeper can be started: Too many open files"
    assert client.held().result(10) == []
    client.close()
