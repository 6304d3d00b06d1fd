"""Peers and sharers of other users' descriptors through a helper: what root sees of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fdtui.acquire import helper_process
from fdtui.linux.procfs import ProcFs
from fdtui.survey.neighbours import Neighbours
from tests.other_user import run_as, sudoers
from tests.puppets import Puppet

SEES = """
import os
import json
from fdtui.acquire import helper_process
from fdtui.survey.helped import HelpedProcFs
from fdtui.survey.neighbours import Neighbours
pid, path, mine = int(sys.argv[1]), sys.argv[2], open(sys.argv[2], "rb")
procfs = HelpedProcFs()
asker = Neighbours(procfs)

def look():
    entries = list(procfs.entries(pid, json.loads(sys.argv[3])))
    found = asker.of_process(pid, entries)
    return {
        "found": {fd: [*near[:2], *near[3:]] for fd, near in found.items()},
        "apart": {
            entry.fd: asker.opened_apart(entry, found[entry.fd])
            for entry in entries if entry.fd in found
        },
        "watched": {
            entry.fd: asker.watched_by(entry) for entry in entries if entry.fd in found
        },
    }

said = [look()]
helper = helper_process.start("sudo", descriptors=False)
procfs.client = helper.client
said.append(look())
said[1]["mine"] = [os.getpid(), mine.fileno()]
own = list(procfs.entries(os.getpid(), [mine.fileno()]))
near = asker.of_process(os.getpid(), own)[mine.fileno()]
said[1]["own"] = [near.sharers, asker.opened_apart(own[0], near)]
helper.close()
said.append(look())
print(json.dumps(said))
"""
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.needs_root
def test_a_plain_user_with_a_helper_sees_what_root_sees(puppet: Puppet, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    path = tmp_path / "file"
    path.write_text("contents")
    path.chmod(0o644)
    file = puppet(f"os.open({str(path)!r}, os.O_RDWR)")
    puppet(f"k = [os.dup({file}), os.pipe(), os.eventfd(0), socket.socketpair(), os.openpty()]")
    puppet("l = socket.create_server(('127.0.0.1', 0)); k += [l, l.dup()]")
    puppet("c = socket.create_connection(l.getsockname()); a, _ = l.accept()")
    puppet("e = select.epoll(); e.register(k[2], select.EPOLLIN)")
    puppet(FORK)
    fds = [fd for fd in puppet.fds() if fd > 2]  # whoever runs the tests has the others too
    entries = list(ProcFs().entries(puppet.pid, fds))
    asker = Neighbours(ProcFs(), "proc")
    known = asker.of_process(puppet.pid, entries)
    with sudoers() as uid:
        before, helped, after = json.loads(
            run_as(uid, SEES, str(puppet.pid), str(path), json.dumps(fds))
        )
    for alone in (before, after):
        for said in alone["found"].values():
            assert said[1] == []
            assert said[2] is None, "not known, and no guess"
            assert "Permission denied" in said[3]
    assert helped["found"] == as_json({fd: [*near[:2], *near[3:]] for fd, near in known.items()})
    assert helped["apart"][str(file)] == [helped["mine"]]
    ((watcher, epoll, *_, sure),) = helped["watched"][str(puppet("k[2]"))]
    assert (watcher, epoll) == (puppet.pid, puppet("e.fileno()"))
    assert not sure, "the helper does not compare what an epoll watches"
    sharers, apart = helped["own"]
    assert sharers == []
    child = puppet("c")
    twin = puppet("k[0]")
    assert apart == sorted([pid, fd] for pid in (puppet.pid, child) for fd in (file, twin))


def test_a_helper_that_ends_midway_is_no_guess(puppet: Puppet) -> None:
    from fdtui.survey.comparing import HelpedComparing

    fd = puppet("os.open('/dev/null', os.O_RDWR)")
    helper = helper_process.start("self", descriptors=False)
    far = HelpedComparing(helper.client, {puppet.pid}.__contains__)
    row, other = (puppet.pid, fd), (puppet.pid, 0)
    assert far.orders([row, other], puppet.pid, [fd, 0]) == [0, 0]
    assert far.order(row, other) in (1, 2)
    assert far.refusal(row) == 0
    assert far.refusal((puppet.pid, 999)) == 9
    assert far.order((puppet.pid, 999), row) == -1
    helper.close()
    assert far.order(row, row) == -1
    assert far.refusal(row) == 1
