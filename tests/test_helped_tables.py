"""Tables of other users' processes through a helper: what a plain user sees is what root sees."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from fdtui.acquire import helper_process
from fdtui.acquire.helper_client import HelperClient
from fdtui.acquire.helper_process import HelperProcess
from fdtui.errors import FdtuiError
from fdtui.linux.procfs import Entry, Failure, ProcFs
from fdtui.linux.record import Record
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.helped import HelpedProcFs
from tests.other_user import run_as, sudoers
from tests.puppets import Puppet

SEES = """
import json
from fdtui.acquire import helper_process
from fdtui.survey.descriptors import DescriptorTable
from fdtui.survey.engine_helped import HelpedEngine
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.helped import HelpedProcFs
from fdtui.survey.machine import MachineTable, Question
from fdtui.survey.processes import ProcessTable
pid, start_time = map(int, sys.argv[1:3])
procfs = HelpedProcFs()
table = ProcessTable(procfs, lambda: 0.0)
engine = HelpedEngine(ProcEngine(size=0), lambda: procfs.helper)
machine = MachineTable(engine, lambda: 0.0)

def look():
    snapshot = table.sweep()
    (row,) = [row for row in snapshot.rows if row.pid == pid]
    for _ in machine.sweep():
        pass
    found = [list(f.record) for f in machine.answer(Question()).lines if f.owner.pid == pid]
    rows = DescriptorTable(procfs, pid, start_time, lambda: 0.0).sweep(None)
    return {
        "refused": row.refused, "fds": row.fds, "hidden": snapshot.hidden, "machine": found,
        "numbers": rows.fds, "rows": [list(row.entry) for row in rows.rows.values()],
        "why": rows.refused and rows.refused.errno, "left_out": machine.answer(Question()).hidden,
    }

said = [look()]
helper = helper_process.start("sudo", descriptors=False)
procfs.client = helper.client
table.recheck()
said.append(look())
said[1]["one"] = list(procfs.entry(pid, 0))
said[1]["window"] = [list(e) for e in procfs.entries(pid, [1, 0, 999, "exe"])]
helper.close()
table.recheck()
said.append(look())
print(json.dumps(said))
"""


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        made(f"keep = [os.pipe(), os.eventfd(3), socket.socketpair(), os.open({__file__!r}, 0)]")
        made("watch = select.epoll(); watch.register(keep[1], select.EPOLLIN)")
        yield made


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.needs_root
def test_a_plain_user_sees_what_root_sees(puppet: Puppet) -> None:
    procfs = ProcFs()
    names: list[int | str] = [*procfs.fds(puppet.pid), "cwd", "root", "exe"]
    rows = [as_json(list(procfs.entry(puppet.pid, fd))) for fd in names]
    with ProcEngine(size=0) as engine:
        (table,) = engine.tables([puppet.pid])
    records = [as_json(list(record)) for record in table.records]
    with sudoers() as uid:
        before, helped, after = json.loads(
            run_as(uid, SEES, str(puppet.pid), str(puppet.start_time))
        )
    for alone in (before, after):
        assert alone["refused"] == alone["why"] == 13
        assert alone["fds"] == len(puppet.fds())  # st_size of the folder tells everybody
        assert alone["hidden"] > 0
        assert alone["machine"] == []
        assert alone["left_out"] > 0
    assert helped["refused"] == 0
    assert helped["hidden"] <= 1 < before["hidden"]  # a sandbox may keep its init from root too
    assert helped["left_out"] < before["left_out"] / 2  # but what ended this moment
    assert helped["numbers"] == names
    assert helped["rows"] == rows
    assert [Record(*record).entry for record in helped["machine"]] == [
        Record(*record).entry for record in records
    ]
    assert helped["one"] == rows[0]
    one, zero, gone, exe = helped["window"]
    assert (one, zero, exe) == (rows[1], rows[0], rows[-1])
    assert (gone[3], gone[-1]) == ("", ["readlink", 2])


@pytest.fixture
def helper() -> Iterator[HelperProcess]:
    started = helper_process.start("self", descriptors=False)
    yield started
    started.close()


class Counting(HelperClient):
    """Counts what is asked of the helper."""

    asked = 0

    def _ask(self, *args: Any, **named: Any) -> Any:
        self.asked += 1
        return super()._ask(*args, **named)


def test_a_window_is_one_request_and_a_sweep_few(puppet: Puppet, helper: HelperProcess) -> None:
    channel = helper.client.channel()
    client = Counting(channel, os.geteuid(), descriptors=False)
    client.hello()
    procfs = HelpedProcFs()
    client.asked = 0
    window = procfs._window(client, puppet.pid, [*range(5), "cwd"])
    assert window is not None
    assert client.asked == 2  # numbers, and what has none
    assert {0, 1, 2, 3, 4, "cwd"} <= window.keys()
    pids = procfs.pids()
    client.asked = 0
    answers = {pid: procfs._refusals.answer(client, pid) for pid in pids}
    assert answers[puppet.pid] == 0
    assert client.asked < 12
    # A table whose count is the same is not listed again at once.
    client.asked = 0
    first = procfs._listing(client, puppet.pid)
    again = procfs._listing(client, puppet.pid)
    assert first is again
    assert client.asked == 2
    puppet("os.dup(0)")
    third = procfs._listing(client, puppet.pid)
    assert first is not None
    assert third is not None
    assert len(third.numbers) == len(first.numbers) + 1
    client.close()


def test_a_helper_that_ends_leaves_what_proc_says(puppet: Puppet, helper: HelperProcess) -> None:
    procfs = HelpedProcFs()
    procfs.client = helper.client
    assert procfs.helper is helper.client
    helper.close()
    assert procfs.helper is None
    with pytest.raises(FdtuiError):
        helper.client.counts([puppet.pid])
    assert procfs._window(helper.client, puppet.pid, [0]) is None
    assert procfs.entry(puppet.pid, 0) == ProcFs().entry(puppet.pid, 0)
    assert procfs.refusal(puppet.pid) == 0


def test_a_record_has_what_its_entry_has() -> None:
    from fdtui.survey.engine_helped import _record

    mine = ProcFs().entry(os.getpid(), 0)
    record: Record = _record(mine)
    again: Entry = record.entry
    assert (again.link, again.access, again.info) == (mine.link, mine.access, mine.info)
    failed = _record(mine._replace(error=Failure("readlink", 13)))
    assert failed.error == ("readlink", 13)
