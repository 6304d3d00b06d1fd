"""Who watches a descriptor: epolls of its own process, of others, and of forks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fdtui.linux import syscalls
from fdtui.linux.procfs import ProcFs
from fdtui.survey.links import read_links
from fdtui.survey.neighbours import Neighbours
from fdtui.survey.watchers import EPOLL, Watcher, watchers
from tests.puppets import Puppet

PROC = ProcFs()
ROOT = Path(__file__).parent.parent
FORK = "c = os.fork()\nif not c: ctypes.CDLL(None).prctl(1, 9); signal.pause(); os._exit(0)"


def found(pid: int, fd: int, pids: list[int]) -> list[Watcher]:
    rows = list(read_links(pids).records())
    row = next(one for one in rows if (one.pid, one.fd) == (pid, fd))
    return list(watchers(row, [one for one in rows if one.link == EPOLL]))


def made(puppet: Puppet, statement: str, answer: str) -> Any:
    puppet(statement)
    return puppet(answer)


def test_by_its_own_process_and_a_fork(puppet: Puppet) -> None:
    r, w = puppet("list(os.pipe())")
    efd = made(puppet, "e = select.epoll()", "e.fileno()")
    puppet(f"e.register({r}, select.EPOLLIN | select.EPOLLET)")
    other = made(puppet, "o = select.epoll()", "o.fileno()")
    puppet(f"o.register({w}, select.EPOLLOUT)")
    puppet(FORK)
    child = puppet("c")
    pids = [puppet.pid, child]
    comm = PROC.stat(child).comm
    assert found(puppet.pid, r, pids) == sorted(
        Watcher(pid, efd, comm, r, ("IN", "ET"), True) for pid in pids
    )
    assert {(one.pid, one.fd) for one in found(child, w, pids)} == {(pid, other) for pid in pids}


def test_a_number_used_again_is_not_watched(puppet: Puppet) -> None:
    r, _ = puppet("list(os.pipe())")
    efd = made(puppet, "e = select.epoll()", "e.fileno()")
    puppet(f"e.register({r}, select.EPOLLIN)")
    twin = puppet(f"os.dup({r})")
    puppet(f"os.dup2(os.eventfd(0), {r})")
    assert found(puppet.pid, r, [puppet.pid]) == []
    # The description lives on in the duplicate, and is watched still.
    assert [(one.fd, one.tfd) for one in found(puppet.pid, twin, [puppet.pid])] == [(efd, r)]
    puppet(f"e.register({r}, select.EPOLLIN)")
    assert [(one.fd, one.tfd) for one in found(puppet.pid, r, [puppet.pid])] == [(efd, r)]
    assert [(one.fd, one.tfd) for one in found(puppet.pid, twin, [puppet.pid])] == [(efd, r)]


def test_anonymous_inodes_are_told_apart(puppet: Puppet) -> None:
    watched, other = puppet("[os.eventfd(0), os.eventfd(0)]")
    efd = made(puppet, f"e = select.epoll(); e.register({watched})", "e.fileno()")
    outer = made(puppet, f"o = select.epoll(); o.register({efd})", "o.fileno()")
    assert [one.fd for one in found(puppet.pid, watched, [puppet.pid])] == [efd]
    assert found(puppet.pid, other, [puppet.pid]) == []
    assert [one.fd for one in found(puppet.pid, efd, [puppet.pid])] == [outer]


def test_the_last_pass_tells_the_pane(puppet: Puppet) -> None:
    r, _ = puppet("list(os.pipe())")
    efd = made(puppet, f"e = select.epoll(); e.register({r}, 1)", "e.fileno()")
    asker = Neighbours(PROC)
    entry = PROC.entry(puppet.pid, r)
    assert asker.watched_by(entry) == ()
    asker.of_process(puppet.pid, [entry])
    (watcher,) = asker.watched_by(entry)
    assert (watcher.pid, watcher.fd, watcher.sure) == (puppet.pid, efd, True)


def test_without_kcmp_a_match_is_not_sure(puppet: Puppet) -> None:
    r, _ = puppet("list(os.pipe())")
    efd = made(puppet, f"e = select.epoll(); e.register({r}, 1)", "e.fileno()")
    puppet(f"sys.path.insert(0, {str(ROOT)!r})")
    puppet("import struct; from fdtui.survey.watchers import *; from fdtui.survey.links import *")
    number = syscalls.NUMBERS["kcmp"]
    puppet(
        "rule = lambda *r: struct.pack('HBBI', *r);"
        f"code = rule(0x20,0,0,0) + rule(0x15,0,1,{number}) + rule(6,0,0,0x50001)"
        " + rule(6,0,0,0x7fff0000);"
        "buffer = ctypes.create_string_buffer(code);"
        "program = struct.pack('HxxxxxxQ', 4, ctypes.addressof(buffer));"
        "libc = ctypes.CDLL(None); assert not libc.prctl(38, 1, 0, 0, 0);"
        "assert not libc.prctl(22, 2, program)"
    )
    puppet("rows = list(read_links([os.getpid()]).records())")
    puppet("epolls = [one for one in rows if one.link == EPOLL]")
    said = puppet(f"[w[1:] for one in rows if one.fd == {r} for w in watchers(one, epolls)]")
    assert [(one[0], one[-1]) for one in said] == [(efd, False)]
