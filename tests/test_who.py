"""Who has this: each way of asking, on live processes, and what lsof and fuser say of it."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fdtui.linux.bpf.iterator import available
from fdtui.survey.engine_proc import ProcEngine
from fdtui.survey.scan import Engine, choose
from fdtui.survey.specials import parse_maps
from fdtui.survey.who import find
from tests.puppets import Puppet

MNT_DETACH = 2
Hit = tuple[int, int | str]


@pytest.fixture(scope="module", params=["proc", "bpf"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "bpf" and (reason := available()):
        pytest.skip(reason)
    with choose(request.param) as chosen:
        yield chosen


def hits(query: object, engine: Engine) -> list[Hit]:
    """(pid, descriptor or how it is held otherwise)."""
    return [(one.owner.pid, one.special or one.record.fd) for one in find(str(query), engine)]


def opened(puppet: Puppet, code: str) -> int:
    puppet(f"fd = {code}")
    fd: int = puppet("fd")
    return fd


def who(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fdtui", "who", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def objects(*arguments: str) -> list[dict[str, Any]]:
    done = who("--json", *arguments)
    assert done.returncode in (0, 3), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


# Files


def test_a_file_by_any_of_its_names(puppet: Puppet, engine: Engine, tmp_path: Path) -> None:
    file, other = tmp_path / "file", tmp_path / "other name"
    file.write_text("x")
    os.link(file, other)
    (tmp_path / "link").symlink_to(file)
    fd = opened(puppet, f"os.open({str(file)!r}, os.O_RDONLY)")
    copy = opened(puppet, "os.dup(fd)")
    for name in (file, other, tmp_path / "link", Path(os.path.relpath(file))):
        assert hits(name, engine) == [(puppet.pid, fd), (puppet.pid, copy)]
    assert hits(f"ino:{file.stat().st_ino}", engine) == [(puppet.pid, fd), (puppet.pid, copy)]
    file.unlink()
    other.unlink()
    assert hits(file, engine) == [(puppet.pid, fd), (puppet.pid, copy)]  # by its old name
    assert find(str(tmp_path / "never was"), engine) == []


def test_what_runs_and_what_is_mapped(engine: Engine, tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copy("/bin/sleep", program)
    data = tmp_path / "data"
    data.write_bytes(b"d" * 4096)
    with subprocess.Popen([program, "60"]) as child, Puppet() as puppet:
        try:
            assert hits(program, engine) == [(child.pid, "exe"), (child.pid, "mem")]
            puppet("import mmap")
            puppet(f"f = open({str(data)!r}, 'r+b'); m = mmap.mmap(f.fileno(), 4096)")
            kept: int = puppet("f.fileno()")
            found = find(str(data), engine)
            assert found[0].record.fd == kept
            assert found[-1].special == "mem"
            assert found[-1].record.access == 6
        finally:
            child.kill()


def test_everything_below_a_directory(puppet: Puppet, engine: Engine, tmp_path: Path) -> None:
    folder, beside = tmp_path / "dir", tmp_path / "dir2"
    (folder / "deep").mkdir(parents=True)
    beside.mkdir()
    (folder / "deep" / "file").write_text("")
    (beside / "file").write_text("")
    one = opened(puppet, f"os.open({str(folder / 'deep' / 'file')!r}, os.O_RDONLY)")
    two = opened(puppet, f"os.open({str(folder)!r}, os.O_RDONLY)")
    opened(puppet, f"os.open({str(beside / 'file')!r}, os.O_RDONLY)")
    puppet(f"os.chdir({str(folder / 'deep')!r})")
    assert hits(folder, engine) == [(puppet.pid, one), (puppet.pid, two), (puppet.pid, "cwd")]
    os.unlink(folder / "deep" / "file")
    assert (puppet.pid, one) in hits(f"{folder}/", engine)


@pytest.mark.needs_root
def test_what_keeps_a_mount_busy(engine: Engine, tmp_path: Path) -> None:
    """Everything that makes umount(8) say "target is busy", a bind mount's own and no more."""
    libc = ctypes.CDLL(None, use_errno=True)
    mount, bound = tmp_path / "mnt", tmp_path / "bound"
    mount.mkdir()
    bound.mkdir()
    (tmp_path / "outside").write_text("")
    assert libc.mount(b"none", bytes(mount), b"tmpfs", 0, None) == 0
    assert libc.mount(bytes(tmp_path), bytes(bound), None, 4096, None) == 0  # MS_BIND
    try:
        (mount / "file").write_text("x")
        shutil.copy("/bin/sleep", mount / "program")
        with Puppet() as puppet, subprocess.Popen([mount / "program", "60"]) as child:
            fd = opened(puppet, f"os.open({str(mount / 'file')!r}, os.O_RDONLY)")
            puppet(f"os.chdir({str(mount)!r})")
            inside = opened(puppet, f"os.open({str(bound / 'outside')!r}, os.O_RDONLY)")
            outside = opened(puppet, f"os.open({str(tmp_path / 'outside')!r}, os.O_RDONLY)")
            found = hits(mount, engine)
            assert {(puppet.pid, fd), (puppet.pid, "cwd")} < set(found)
            assert {(child.pid, "exe"), (child.pid, "mem")} < set(found)
            assert not {(puppet.pid, inside), (puppet.pid, outside)} & set(found)
            assert hits(bound, engine) == [(puppet.pid, inside)]
            child.kill()
    finally:
        libc.umount2(bytes(bound), MNT_DETACH)
        libc.umount2(bytes(mount), MNT_DETACH)


def test_devices_and_fifos(puppet: Puppet, engine: Engine, tmp_path: Path) -> None:
    fd = opened(puppet, "os.open('/dev/full', os.O_WRONLY)")
    assert (puppet.pid, fd) in hits("/dev/full", engine)
    os.mkfifo(tmp_path / "fifo")
    fd = opened(puppet, f"os.open({str(tmp_path / 'fifo')!r}, os.O_RDWR)")
    assert hits(tmp_path / "fifo", engine) == [(puppet.pid, fd)]


# Sockets and pipes


def test_a_port_listeners_first(puppet: Puppet, engine: Engine) -> None:
    puppet("import socket")
    puppet("early = os.dup(0); listener = socket.create_server(('127.0.0.1', 0))")
    puppet(
        "port = listener.getsockname()[1]; client = socket.create_connection(('127.0.0.1', port))"
    )
    puppet("accepted, _ = listener.accept()")
    puppet("low = os.dup2(accepted.fileno(), early)")
    port = puppet("port")
    listener, low, accepted, client = puppet(
        "[listener.fileno(), low, accepted.fileno(), client.fileno()]"
    )
    for query in (port, f":{port}", f"tcp:{port}", f"{port}/tcp"):
        assert hits(query, engine) == [
            (puppet.pid, listener),
            *((puppet.pid, fd) for fd in sorted((low, accepted))),
        ]
    assert find(str(port), engine)[0].info["state"] == "LISTEN"
    assert (puppet.pid, client) not in hits(port, engine)
    far = puppet("client.getsockname()[1]")
    assert hits(far, engine) == [(puppet.pid, client)]


def test_a_pipe_and_sockets_by_number(puppet: Puppet, engine: Engine, tmp_path: Path) -> None:
    puppet("r, w = os.pipe()")
    r, w = puppet("[r, w]")
    link = os.readlink(f"/proc/{puppet.pid}/fd/{r}")
    assert hits(link, engine) == [(puppet.pid, r), (puppet.pid, w)]
    assert hits(link.replace("[", "").replace("]", ""), engine) == [
        (puppet.pid, r),
        (puppet.pid, w),
    ]
    path = tmp_path / "socket"
    puppet("import socket; s = socket.socket(socket.AF_UNIX)")
    puppet(f"s.bind({str(path)!r}); s.listen(); c = socket.socket(socket.AF_UNIX)")
    puppet(f"c.connect({str(path)!r}); a, _ = s.accept()")
    s, a = puppet("[s.fileno(), a.fileno()]")
    assert hits(path, engine) == [(puppet.pid, s), (puppet.pid, a)]
    link = os.readlink(f"/proc/{puppet.pid}/fd/{s}")
    assert hits(link, engine) == [(puppet.pid, s)]


def test_a_process_by_name(puppet: Puppet, engine: Engine) -> None:
    puppet("import ctypes; ctypes.CDLL(None).prctl(15, b'an odd name', 0, 0, 0)")
    found = hits("an odd name", engine)
    assert [fd for _, fd in found if isinstance(fd, int)] == puppet.fds()
    assert {"cwd", "root", "exe", "mem"} <= {fd for _, fd in found}
    assert {pid for pid, _ in found} == {puppet.pid}


def test_maps_are_parsed_whatever_a_path_says() -> None:
    text = (
        b"1000-2000 r--p 00000000 fe:01 42   /a b (deleted)\n"
        b"2000-3000 r-xp 00001000 fe:01 42   /a b (deleted)\n"
        b"3000-4000 rw-s 00000000 00:05 7    /new\\012line\n"
        b"4000-5000 rw-p 00000000 00:00 0    [heap]\n"
        b"5000-6000 rw-p 00000000 00:00 0 \n"
    )
    one, two = parse_maps(text)
    assert one == ("1000-2000", 4, os.makedev(0xFE, 1), 42, "/a b (deleted)")
    assert two == ("3000-4000", 6, os.makedev(0, 5), 7, "/new\nline")


# The command


def test_the_table_and_the_objects(puppet: Puppet, tmp_path: Path) -> None:
    file = tmp_path / "with\nnewline \x1b[31m"
    file.write_text("")
    fd = opened(puppet, f"os.open({str(file)!r}, os.O_RDWR)")
    done = who(str(file))
    assert done.returncode in (0, 3)
    head, line = done.stdout.splitlines()
    assert head.split() == ["PID", "USER", "COMMAND", "FD", "MODE", "KIND", "TARGET"]
    assert line.split()[0] == str(puppet.pid)
    assert "\x1b" not in line
    assert r"with\nnewline \x1b[31m" in line
    (found,) = objects(str(file))
    assert (found["pid"], found["fd"], found["how"], found["kind"]) == (
        puppet.pid,
        fd,
        "fd",
        "regular",
    )
    assert found["query"] == f"{tmp_path}/" + r"with\nnewline \x1b[31m"
    programs = objects(os.path.realpath(sys.executable))
    (program,) = (one for one in programs if (one["fd"], one["pid"]) == ("exe", puppet.pid))
    assert program["how"] == "exe"


def test_nobody_is_a_failure_that_is_told() -> None:
    done = who("/nonexistent/\x1bfile")
    assert done.returncode == 1
    assert r"nobody has /nonexistent/\x1bfile" in done.stderr
    assert not done.stdout
    assert who("/etc/shadow/x").returncode == 1


# Others' answers


def theirs(*command: str) -> set[int]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return {int(word) for word in done.stdout.split() if word.isdigit()}


@pytest.mark.skipif(not shutil.which("lsof"), reason="lsof is not installed")
def test_lsof_and_fuser_name_the_same_processes(puppet: Puppet, tmp_path: Path) -> None:
    engine = ProcEngine(size=0)
    file = tmp_path / "file"
    file.write_text("")
    opened(puppet, f"os.open({str(file)!r}, os.O_RDWR)")
    puppet("import socket; s = socket.create_server(('127.0.0.1', 0))")
    port = puppet("s.getsockname()[1]")
    with Puppet() as other, subprocess.Popen(["sleep", "60"], cwd=tmp_path) as sleeper:
        opened(other, f"os.open({str(file)!r}, os.O_RDONLY)")
        for query, command in (
            (str(file), ["lsof", "-t", str(file)]),
            (str(file), ["fuser", str(file)]),
            (str(port), ["lsof", "-t", f"-iTCP:{port}"]),
            (str(tmp_path), ["lsof", "-t", "+D", str(tmp_path)]),
        ):
            if shutil.which(command[0]):
                assert {pid for pid, _ in hits(query, engine)} == theirs(*command), command
        sleeper.kill()
