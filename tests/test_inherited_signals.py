"""Started by somebody who ignores SIGCHLD: what is ignored stays so through exec(2)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet

ROOT = Path(__file__).parent.parent
_IGNORES = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
_NUMBERED = f"import sys; sys.path.insert(0, {str(ROOT)!r}); pid, start = map(int, sys.argv[1:])\n"

_HELPER = """
from fdtui.acquire import helper_process
helper = helper_process.start()
print({one for _ in range(20) for one in helper.client.counts([pid])} == {pid})
helper.close()
"""
_KEEPER = """
import re
from fdtui.keeper.client import start_keeper
keeper = start_keeper()
keeper.held().result(10)
text = open(f"/proc/{keeper.pid}/status").read()
# Its child of a search is sent a signal by its pid, which must be its own until it is reaped.
print(not int(re.search(r"SigIgn:\\t(\\w+)", text)[1], 16) >> signal.SIGCHLD - 1 & 1)
keeper.close()
"""
_INJECTION = """
from fdtui.acquire.base import Target
from fdtui.acquire.injection import METHOD, WORKERS
from tests.puppets import until
METHOD.acquire(Target(pid, start, 0)).close()
worker = WORKERS._child.pid
until(lambda: not open(f"/proc/{worker}/task/{worker}/children").read(), 10)
METHOD.acquire(Target(pid, start, 0)).close()
print(WORKERS._child.pid == worker)
"""
_WORKERS = """
import os
from tests.puppets import until
from fdtui.survey.workers import Job, Pool
pool = Pool(2)
job = Job("fdtui.survey.mapped:search", ([1], ("/x", 1, 1, "")))
print(len(list(pool.run([job] * 3, lambda: False))) == 3)
for worker in pool._workers:
    worker.socket.shutdown(2)
until(lambda: not open(f"/proc/self/task/{os.getpid()}/children").read(), 10)
pool.close()
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    code = _IGNORES + f"import os; os.execv({command[0]!r}, {list(command)!r})"
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("code", [_HELPER, _KEEPER, _WORKERS], ids=["helper", "keeper", "workers"])
def test_children_are_waited_for(code: str) -> None:
    me = os.getpid()
    start = ProcFs().start_time(me)
    code = _IGNORES + _NUMBERED + code
    done = run(sys.executable, "-c", code, str(me), str(start))
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.needs_root
@pytest.mark.needs_ptrace
def test_one_process_forks_for_every_injection() -> None:
    with Puppet() as puppet:
        target = puppet.target(0)
        code = _IGNORES + _NUMBERED + _INJECTION
        done = run(sys.executable, "-c", code, str(target.pid), str(target.start_time))
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize(
    ("words", "code", "printed"),
    [
        (["run", "{pid}:{fd}=0", "--", "sh", "-c", "read a; echo $a; exit 7"], 7, "hello\n"),
        (["cat", "{pid}:{fd}"], 0, "hello\n"),
    ],
    ids=["run", "cat"],
)
def test_commands_tell_how_their_child_ended(words: list[str], code: int, printed: str) -> None:
    with Puppet() as puppet:
        fd = puppet("os.memfd_create('greeting')")
        puppet(f"os.write({fd}, b'hello\\n'); os.lseek({fd}, 0, 0)")
        filled = [word.format(pid=puppet.pid, fd=fd) for word in words]
        done = run(sys.executable, "-m", "fdtui", *filled)
    assert (done.stdout, done.returncode) == (printed, code), done.stderr
