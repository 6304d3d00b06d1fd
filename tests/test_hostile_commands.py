"""Strangers' text in what commands print, by either engine: harmless, and it can be had back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.linux.bpf.iterator import available
from tests.test_hostile_screens import FORBIDDEN, target

__all__ = ["target"]  # the fixture
Target = subprocess.Popen[bytes]


@pytest.fixture(params=["proc", "bpf"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "bpf" and (reason := available()):
        pytest.skip(reason)
    return str(request.param)


def run(*arguments: str) -> bytes:
    """Run a subcommand; what it printed, none of which a terminal acts on."""
    done = subprocess.run(
        [sys.executable, "-m", "fdtui", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "400"},
    )
    assert done.returncode in (0, 3), done.stderr
    for text in (done.stdout, done.stderr):
        assert not [sequence for sequence in (b"\x1b", *FORBIDDEN) if sequence in text]
        assert not [byte for byte in text if byte < 32 and byte != 10]
        assert not [one for one in text.decode() if "\x80" <= one < "\xa0"]
    return done.stdout


def links(pid: int) -> dict[int, bytes]:
    """What each descriptor leads to, as the kernel says it."""
    base = f"/proc/{pid}/fd"
    return {int(fd): os.fsencode(os.readlink(f"{base}/{fd}")) for fd in os.listdir(base)}


@pytest.mark.parametrize(
    "form",
    [(), ("--json",), ("--jsonl",), ("--tree",), ("--summary",), ("-o", "+user,mount,path,peer")],
    ids=lambda form: "-".join(form) or "table",
)
def test_ls_of_the_machine(target: Target, engine: str, form: tuple[str, ...]) -> None:
    where = () if set(form) & {"--tree"} else ("-w", f"pid == {target.pid}")
    lines = run("ls", "--engine", engine, *where, *form).splitlines()
    if form in {(), ("-o", "+user,mount,path,peer")}:
        assert len(lines) == 1 + len(links(target.pid))
    assert any(rb"a) R 1\n\x1b" in line.replace(b"\\\\", b"\\") for line in lines)


def test_every_name_comes_back(target: Target, engine: str) -> None:
    known = links(target.pid)
    text = run("ls", "--engine", engine, "-w", f"pid == {target.pid}", "--jsonl", "--all")
    found = [json.loads(line) for line in text.splitlines()]
    told = {row["fd"]: row.get("target_raw", row["target"]) for row in found}
    assert len(known) > 50
    for fd, link in known.items():
        raw = told[fd]
        if raw.isascii():
            assert raw.encode().decode("unicode_escape").encode("latin-1") == link
        else:
            assert raw == os.fsdecode(link)


def test_who_by_folder_and_by_name(target: Target, engine: str, tmp_path: Path) -> None:
    names = len(list(tmp_path.iterdir()))
    assert names > 40
    for query in (str(tmp_path), os.fsdecode(Path(f"/proc/{target.pid}/comm").read_bytes()[:-1])):
        lines = run("who", query, "--engine", engine).splitlines()[1:]
        assert sum(line.split()[0] == str(target.pid).encode() for line in lines) >= names
        objects = json.loads(run("who", query, "--engine", engine, "--json"))
        assert len({(one["pid"], one["fd"]) for one in objects}) >= names
    evil = os.fsdecode(next(entry for entry in os.listdir(os.fsencode(tmp_path)) if b"\n" in entry))
    lines = run("who", str(tmp_path / evil), "--engine", engine).splitlines()
    assert len(lines) == 2
    assert lines[1].split()[0] == str(target.pid).encode()
