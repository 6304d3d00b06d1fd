"""The nursery: what it starts has exactly what was chosen, and it ends with its holder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fdtui.linux.procfs import ProcFs
from tests.other_user import NOBODY, run_as
from tests.puppets import ended, hangfs, until

ROOT = Path(__file__).parent.parent
_BEFORE = f"""
import json, os, resource, signal, socket, sys, time
sys.path.insert(0, {str(ROOT)!r})
from fdtui.errors import FdtuiError
from fdtui.linux import nursery
from fdtui.linux.owned import OwnedFd
def children():
    return list(map(int, open(f"/proc/self/task/{{os.getpid()}}/children").read().split()))
def said(command, more={{}}, **options):
    r, w = map(OwnedFd, os.pipe2(os.O_CLOEXEC))
    with r, w:
        child = nursery.start(command, {{1: w, **more}}, **options)
        w.close()
        text = b""
        while data := os.read(r.fileno(), 1000):
            text += data
    return [text.decode(), child.wait(5)]
"""


def holder(code: str, *, before: str = "") -> Any:
    """What a process prints that founds a nursery, and then holds a few files."""
    return json.loads(
        subprocess.run(
            [sys.executable, "-c", _BEFORE + before + "\nnursery.found()\n" + code],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
            env={"PATH": os.defpath, "MINE": "yes"},
        ).stdout
    )


def test_a_command_has_what_was_chosen_and_no_more() -> None:
    """Whatever is open before and after, and inheritable too."""
    text, status = holder(
        """
held = [os.open("/etc/passwd", os.O_RDONLY) for _ in range(5)]
os.set_inheritable(held[3], True)
three = OwnedFd(os.memfd_create("three"))
script = "readlink /proc/self/fd/3; exec ls /proc/self/fd"
print(json.dumps(said(["sh", "-c", script], {3: three})))
""",
        before='early = os.open("/etc/hostname", os.O_RDONLY); os.set_inheritable(early, True)',
    )
    words = "/memfd:three (deleted)\n0\n1\n2\n3\n4\n"
    assert (text, status) == (words, 0), "4 is the listing's own"


def test_environment_session_signals_and_mask() -> None:
    plain, own, same, status = holder(
        """
script = "echo $MINE; ps -o sid= -p $$; grep -E 'Sig(Blk|Ign)' /proc/self/status"
plain = said(["sh", "-c", script])[0].split()
own = said(["sh", "-c", script], session=True, environment={"PATH": os.defpath})[0].split()
print(json.dumps([plain, own, int(plain[1]) == os.getsid(0), int(own[0]) == os.getsid(0)]))
"""
    )
    assert plain[0] == "yes"
    assert same
    assert not status
    for words in (plain[2:], own[1:]):
        assert words == ["SigBlk:", "0" * 16, "SigIgn:", "0" * 16]


def test_exit_status_signals_and_what_cannot_be_run() -> None:
    ends, errors, left = holder(
        """
ends = [said(["sh", "-c", "exit 7"])[1], said(["sh", "-c", "kill -USR1 $$"])[1]]
with OwnedFd(os.open("/dev/null", os.O_RDWR)) as null:
    sleeping = nursery.start(["sleep", "100"], {0: null})
    ends.append(sleeping.poll())
    try: sleeping.wait(0.01)
    except TimeoutError: ends.append("late")
    sleeping.kill(); ends.append(sleeping.wait(5)); sleeping.kill(); sleeping.close()
    ours, theirs = socket.socketpair()
    cat = nursery.start(["cat"], {0: theirs, 1: null}); cat.terminate(); ends.append(cat.wait(5))
errors = []
for command in ["/no/such/program"], ["/etc/passwd"]:
    try: said(command)
    except FdtuiError as error: errors.append(str(error))
(one,) = children()
deadline = time.monotonic() + 5
def left():
    return [open(f"/proc/{one}/task/{one}/children").read(), len(os.listdir(f"/proc/{one}/fd"))]
while left() != ["", 4] and time.monotonic() < deadline:
    time.sleep(0.01)
print(json.dumps([ends, errors, left()]))
"""
    )
    assert ends == [7, -signal.SIGUSR1, None, "late", -signal.SIGKILL, -signal.SIGTERM]
    assert errors == [
        "exec(/no/such/program): No such file or directory (ENOENT)",
        "exec(/etc/passwd): Permission denied (EACCES)",
    ]
    assert left == ["", 4], "everything is reaped, and closed"


_FULL = """
nursery.found()
(one,) = children()
hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
resource.prlimit(one, resource.RLIMIT_NPROC, (1, hard))
try: said(["true"])
except FdtuiError as error: full = [str(error), error.remedy]
resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
nursery.found()
try: said(["true"])
except FdtuiError as error: print(json.dumps([full, [str(error), error.remedy]]))
"""


@pytest.mark.needs_root
def test_no_more_processes_are_a_refusal_in_words() -> None:
    """EAGAIN, now or when it was founded.  For root there is no such limit."""
    for words, remedy in json.loads(run_as(NOBODY, _BEFORE + _FULL)):
        assert words == "fork: no process can be started (EAGAIN)"
        assert "pids.max" in remedy


def test_a_killed_nursery_is_a_refusal_in_words() -> None:
    words, remedy = holder(
        """
(one,) = children()
os.kill(one, signal.SIGKILL)
os.waitpid(one, 0)
try: said(["true"])
except FdtuiError as error: print(json.dumps([str(error), error.remedy]))
"""
    )
    assert words == "fork: the process that starts others has ended (EPIPE)"
    assert "start it again" in remedy


_HOLDS = """
import threading
nursery.found()
print(*children(), flush=True)
stuck = os.open(sys.stdin.readline().strip(), os.O_RDONLY)
if sys.argv[1] == "stuck":
    threading.Thread(target=os.close, args=(stuck,), daemon=True).start()
print("holds", flush=True)
signal.pause()
"""


@pytest.mark.needs_root
@pytest.mark.parametrize(("name", "hanging"), [("fine", 0), ("stuck", 1)])
def test_it_ends_with_its_holder(tmp_path: Path, name: str, hanging: int) -> None:
    """Also with one that cannot end, as a thread of it hangs: its socket stays open then."""
    with (
        subprocess.Popen(
            [sys.executable, "-c", _BEFORE + _HOLDS, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        hangfs(tmp_path / "fuse") as folder,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            nursery = int(process.stdout.readline())
            process.stdin.write(f"{folder / name}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "holds\n"
            until(lambda: Path(f"/proc/{nursery}/comm").read_text() == "fdtui-nursery\n")
            until(lambda: len(ProcFs().fds(nursery)) == 4)
            until(lambda: len(os.listdir(f"/proc/{process.pid}/task")) == 1 + hanging)
        finally:
            process.kill()
        until(lambda: ended(nursery), 2.0)
