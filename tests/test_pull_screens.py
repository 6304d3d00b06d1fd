"""Every road to a descriptor, by the keys a person presses: live targets, keeper, helper, sudo."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from fdtui.keeper.client import start_keeper
from fdtui.linux import syscalls
from fdtui.linux.procfs import ProcFs
from fdtui.tui.app import FdtuiApp
from fdtui.tui.machine import Machine
from fdtui.tui.screens.descriptors import Descriptors
from tests.other_user import sudoers
from tests.puppets import Puppet, ended, until
from tests.snapshots import screen_lines
from tests.terminal import Terminal
from tests.test_pidfd_getfd import SECCOMP
from tests.user_screen import screen_as

ROOT = Path(__file__).resolve().parent.parent
FDTUI = f"{sys.executable} -m fdtui"
LIMIT = 20.0


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of our own: no session of the person who runs the tests hears us."""
    path = Path(tempfile.mkdtemp(prefix="fs-", dir="/tmp"))
    for name in ("XDG_RUNTIME_DIR", "TMPDIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(path))
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def puppet(runtime: Path) -> Iterator[Puppet]:
    """A target with a log at offset 5, a socket and a pipe."""
    log = runtime / "job.log"
    log.write_text("".join(f"line {number} of the log\n" for number in range(40)))
    with Puppet() as made:
        made(f"log = os.open({str(log)!r}, os.O_RDWR); os.lseek(log, 5, 0)")
        made("a, b = socket.socketpair(); b.send(b'to the socket')")
        made("r, w = os.pipe(); os.write(w, b'to the pipe')")
        yield made


def numbers(puppet: Puppet) -> list[int]:
    return [puppet("log"), puppet("a.fileno()"), puppet("r")]


class Screen:
    """The app over this machine, without a terminal."""

    def __init__(self, app: FdtuiApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def text(self) -> str:
        return "\n".join(screen_lines(self.app))

    async def until(self, wanted: str | Callable[[], object]) -> None:
        holds = wanted if callable(wanted) else lambda: wanted in self.text
        deadline = time.monotonic() + LIMIT
        while not holds():
            assert time.monotonic() < deadline, f"never: {wanted}\n{self.text}"
            await self.pilot.pause(0.02)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def select(self, fd: int) -> None:
        """Put the cursor on a row."""

        def there() -> bool:
            screen = self.app.screen
            return isinstance(screen, Descriptors) and screen.table.select(fd)

        await self.until(there)
        await self.pilot.pause()


def on_screen(check: Callable[[Screen], Awaitable[None]], pid: int) -> None:
    """Run the check with the table of a process on the screen."""

    async def main() -> None:
        app = FdtuiApp(Machine(), open_at=(pid, None))
        async with app.run_test(size=(120, 40)) as pilot:
            screen = Screen(app, pilot)
            await screen.until(lambda: app.session_id and isinstance(app.screen, Descriptors))
            await check(screen)

    asyncio.run(main())


def kept_by(keeper: int, pid: int, fd: int) -> list[int]:
    """The keeper's descriptors that are the target's description: kcmp(2)."""
    mine = ProcFs().fds(keeper)
    return [n for n in mine if syscalls.kcmp(keeper, pid, syscalls.KCMP_FILE, n, fd) == 0]


METHODS = {"pidfd_getfd": ["s"], "helper": ["p", "enter"], "injection": ["p", "down", "enter"]}


@pytest.mark.needs_root
@pytest.mark.parametrize("via", [*METHODS, "inbox"])
def test_the_same_log_socket_and_pipe_by_every_method(puppet: Puppet, via: str) -> None:
    wanted = numbers(puppet)

    async def take(screen: Screen, fd: int) -> None:
        await screen.select(fd)
        for key in METHODS[via]:
            await screen.press(key)
            if key == "p":
                await screen.until(f"Have fd {fd} of python {puppet.pid} sent")
                assert "the target stands still for a moment" in " ".join(screen.text.split())

    async def check(screen: Screen) -> None:
        app = screen.app
        if via == "inbox":  # the owner sends it: here the target runs the README's ten lines
            puppet(f"{SEND.format(folder=os.environ['XDG_RUNTIME_DIR'])}")
            for fd in wanted:
                puppet(f"send({fd}, b'fd {fd} of the job')")
        else:
            for fd in wanted:
                await take(screen, fd)
                await screen.until(f"took fd {fd} of python {puppet.pid} by {via}")
        await screen.until(lambda: app.held_count == len(wanted))
        assert {hold.acquired.via for hold in app.holds} == {via}
        assert all(hold.acquired.shares_description for hold in app.holds)
        for fd in wanted:
            assert kept_by(app.keeper.pid, puppet.pid, fd)
        (log,) = [hold for hold in app.holds if hold.acquired.kind == "regular"]
        for offset in (5, 77):
            puppet(f"os.lseek(log, {offset}, 0)")
            entry, _ = app.keeper.state(log.acquired.id).result(5)
            assert entry.info is not None
            assert entry.info.pos == offset
        assert puppet("os.lseek(log, 0, os.SEEK_CUR)") == 77
        await screen.press("3")
        await screen.until(lambda: screen.text.count(via) >= len(wanted))

    on_screen(check, puppet.pid)
    assert puppet("os.read(r, 100)") == "to the pipe"
    assert puppet("a.recv(100)") == "to the socket"


SEND = """
import array, glob
def send(fd, label):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.connect(glob.glob("{folder}/fdtui/inbox-*.sock")[0])
        rights = array.array("i", [fd])
        sock.sendmsg([label], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        assert sock.recv(200) == b"ok 1"
"""


def test_opened_anew_is_private_and_says_so(puppet: Puppet) -> None:
    log = puppet("log")
    with Terminal([str(puppet.pid)]) as term:
        term.wait_for("job.log")
        term.press("/", "job.log", "enter")
        term.wait_for("1 descriptor")
        term.press("o")
        text = term.wait_for("line 0 of the log")
        title = text.split("\n")[0]
        assert f"pid {puppet.pid} fd {log} - reopen - private description, own offset" in title
        term.press("G")
        term.wait_for("line 39 of the log")
        assert puppet.fdinfo(log).pos == 5
        assert puppet("os.lseek(log, 0, os.SEEK_CUR)") == 5
        term.press("q")
        assert term.wait_exit() == 0


def test_what_is_sent_is_announced_and_opened_by_the_person(puppet: Puppet, runtime: Path) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        until(lambda: list(runtime.glob("fdtui/inbox-*.lock")))
        log = runtime / "job.log"
        sender = ["sh", "-c", f"{FDTUI} send 3 --label 'the log' 3<>{log}"]
        with subprocess.Popen(sender, cwd=ROOT) as process:
            term.wait_for("received the log from pid")
            assert process.wait() == 0
        text = term.wait_for("Held 1")
        assert "line 0 of the log" not in text
        term.press("3")
        term.wait_for(lambda text: "inbox" in text and "the log from" in text)
        term.wait_for(lambda text: "received" in text.partition("this session")[2])
        term.press("enter")
        title = term.wait_for("line 0 of the log").split("\n")[0]
        assert "received - inbox - same description as its sender" in title
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []
    until(lambda: not list(runtime.glob("fdtui/*")), what="socket and lock are gone")


def test_a_sender_hears_why_it_is_refused(runtime: Path) -> None:
    with Terminal([]) as term:
        term.wait_for("processes,")
        until(lambda: list(runtime.glob("fdtui/inbox-*.lock")))
        argv = [sys.executable, "-m", "fdtui", "send", *["0"] * 70]
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "more than 64 descriptors on one connection" in done.stderr
        term.wait_for("Held 64")
        term.press("q")
        assert term.wait_exit() == 0


UNDER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
{SECCOMP}
refuse([438, 312], 1)
from fdtui.cli import main
sys.exit(main())
"""


@pytest.mark.needs_root
def test_under_a_filter_the_target_sends_it_when_asked(puppet: Puppet) -> None:
    log = puppet("log")
    with Terminal([str(puppet.pid)], command=[sys.executable, "-c", UNDER]) as term:
        term.wait_for("job.log")
        term.press("/", "job.log", "enter")
        term.wait_for("1 descriptor")
        term.press("enter")
        term.wait_for(f"No way yet to look at fd {log} of python {puppet.pid}")
        text = term.wait_for("fdtui send")
        assert "a seccomp filter around fdtui refuses pidfd_getfd" in " ".join(text.split())
        term.press("escape")
        term.wait_for(lambda text: "No way yet" not in text)
        term.press("p")
        term.wait_for(f"Have fd {log} of python {puppet.pid} sent")
        text = term.wait_for("enter have the target send it")
        assert "helper" not in text.partition("METHOD")[2].partition("enter have")[0]
        term.press("p")
        term.wait_for(f"took fd {log} of python {puppet.pid} by injection")
        term.press("3")
        term.wait_for("injection")
        puppet("os.lseek(log, 0x123, 0)")
        term.press("enter")
        title = term.wait_for("target 0x123").split("\n")[0]
        assert "injection - same description as the target" in title
        term.press("q")
        assert term.wait_exit() == 0
    assert puppet("os.lseek(log, 0, os.SEEK_CUR)") == 0x123


@pytest.mark.needs_root
def test_a_view_by_injection_injects_once(puppet: Puppet) -> None:
    """A pipe is borrowed for each look, but not by stopping its owner each time."""
    keeper = start_keeper()
    try:
        acquired = keeper.look(puppet.target(puppet("r")), "injection").result(LIMIT)
        assert kept_by(keeper.pid, puppet.pid, puppet("r"))
        assert keeper.window(acquired.id, 0, 100).result(LIMIT).data == b"to the pipe"
        keeper.release(acquired.id).result(LIMIT)
        assert not kept_by(keeper.pid, puppet.pid, puppet("r"))
        by_number = keeper.look(puppet.target(puppet("r")), "pidfd_getfd").result(LIMIT)
        assert not kept_by(keeper.pid, puppet.pid, puppet("r"))
        keeper.release(by_number.id).result(LIMIT)
    finally:
        keeper.close()


# As somebody who may not look into the target


@contextlib.contextmanager
def hidden_from(uid: int, runtime: Path, puppet: Puppet) -> Iterator[Terminal]:
    """The screen of that user, on the table of root's process."""
    folder = runtime / "theirs"
    folder.mkdir()
    runtime.chmod(0o755)
    (runtime / "job.log").chmod(0o600)
    with screen_as(uid, folder, str(puppet.pid)) as term:
        term.wait_for(f"python {puppet.pid} cannot be looked into")
        term.wait_for("EACCES, other users' processes")
        term.wait_for("p asks sudo for a helper")
        yield term


@pytest.mark.needs_root
@pytest.mark.parametrize("defaults", ["use_pty", "!use_pty"])
def test_a_root_helper_shows_and_takes_what_is_hidden(
    puppet: Puppet, runtime: Path, defaults: str
) -> None:
    log = puppet("log")
    with sudoers(defaults) as uid, hidden_from(uid, runtime, puppet) as term:
        term.press("p")
        term.wait_for("job.log")
        term.wait_for(lambda text: "+ helper (root) - " in text and "other users'" not in text)
        helper = _helper_of(term.process.pid)
        # Through the helper without being asked for it, with the target's offset.
        term.press("/", "job.log", "enter")
        term.wait_for("1 descriptor")
        term.press("enter")
        title = term.wait_for("line 0 of the log").split("\n")[0]
        assert f"pid {puppet.pid} fd {log} - helper - same description as the target" in title
        puppet("os.lseek(log, 0x77, 0)")
        term.wait_for("target 0x77")
        term.press("escape")
        term.press("s")
        term.wait_for(f"took fd {log} of python {puppet.pid} by helper")
        for word, fd in (("unix", puppet("a.fileno()")), ("pipe", puppet("r"))):
            term.press("escape")
            term.wait_for(lambda text: "1 descriptor" not in text and "2 descriptors" not in text)
            term.press("/", word, "enter")
            term.wait_for(" descriptors\n")
            term.press("home")
            term.press(*["down"] * (0 if word == "unix" else 2), "p")  # 0 and 1 are pipes as well
            term.wait_for(f"took fd {fd} of python {puppet.pid} by helper")
        # Machine and Processes have them too.
        term.press("2")
        term.wait_for("› Machine")
        term.press("/", f"pid == {puppet.pid}", "enter")
        term.wait_for("job.log", 30)  # of all descriptors of the machine, the newest process last
        term.press("1")
        term.press("escape", "escape", "escape")
        term.press("/", f"{puppet.pid}", "enter")
        term.wait_for(lambda text: _marks(text, puppet.pid) in ([" "], ["+"]))
        os.kill(term.process.pid, signal.SIGKILL)
        assert until(lambda: ended(helper)) < 1
    until(lambda: not kept_anywhere(puppet.pid, log), what="the keeper has let go")


def _marks(text: str, pid: int) -> list[str]:
    """The marks at the start of the rows of a process that runs as root."""
    return [line[0] for line in text.split("\n") if f"{pid}  root" in line]


def _helper_of(screen: int) -> int:
    """The helper that serves a screen: a root process named so, below it."""

    def below(pid: int) -> bool:
        procfs = ProcFs()
        while pid > 1:
            if pid == screen:
                return True
            try:
                pid = procfs.stat(pid).ppid
            except OSError:
                return False
        return False

    names = {pid: _name(pid) for pid in ProcFs().pids()}
    found = [pid for pid, name in names.items() if name == "fdtui-helper" and below(pid)]
    return min(found)  # the others are children that wait for a request


def _name(pid: int) -> str:
    try:
        return ProcFs().stat(pid).comm
    except OSError:
        return ""


def kept_anywhere(pid: int, fd: int) -> bool:
    """Has any keeper the description?"""
    for keeper in [one for one in ProcFs().pids() if _name(one) == "fdtui-keeper"]:
        with contextlib.suppress(OSError):
            if kept_by(keeper, pid, fd):
                return True
    return False


@pytest.mark.needs_root
def test_the_screen_makes_way_for_the_password(puppet: Puppet, runtime: Path) -> None:
    with sudoers("use_pty", password="let me see") as uid, hidden_from(
        uid, runtime, puppet
    ) as term:  # fmt: skip
        term.press("p")
        for attempt in range(1, 4):
            term.wait_for(lambda text, n=attempt: text.count("fdtui: password of") == n)  # type: ignore[misc]
            term.press("wrong\r")
        term.wait_for("sudo started no helper")
        term.wait_for(lambda text: "password of" not in text and "started no" not in text)
        term.press("p")
        term.wait_for("fdtui: password of")
        term.press("\x03")  # ends sudo, not fdtui
        term.wait_for("sudo started no helper")
        term.wait_for(lambda text: "password of" not in text and "started no" not in text)
        term.press("p")
        term.wait_for("fdtui: password of")
        term.press("let me see\r")
        term.wait_for("+ helper (root)")
        term.wait_for("job.log")
        # It dies: the table says that it is not live, and the reason is back in the status line.
        os.kill(_helper_of(term.process.pid), signal.SIGKILL)
        term.wait_for("helper has ended")
        term.wait_for("EACCES, other users' processes")
        term.wait_for("not refreshed: EACCES")
        term.press("q")
        assert term.wait_exit() == 0
        assert term.restored() == []
