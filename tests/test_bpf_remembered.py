"""What BTF told is kept until the next boot: believed only where nobody else could write it."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fdtui.linux.bpf import remembered
from fdtui.linux.bpf.btf import Chain, Kernel
from fdtui.linux.bpf.iterator import TaskFile, available
from fdtui.survey.mapped import MappedFile, mentioned
from fdtui.survey.scan import all_pids

needs_root = pytest.mark.needs_root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty memory of our own."""
    path = tmp_path / "fdtui" / "btf"
    monkeypatch.setattr(remembered, "PLACE", str(path))
    return path


def test_answers_come_back_as_they_were(place: Path) -> None:
    chains = {"file.f_pos": Chain((), 64, 8), "a.b.c": Chain((8, 0), 16, 4), "no.such": None}
    remembered.keep(Kernel(known=(chains, {"bpf_iter_task_file": 64252})))
    back = remembered.kernel()
    assert back.told
    assert back.answers == (chains, {"bpf_iter_task_file": 64252})
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert list(place.parent.iterdir()) == [place]


def give_away(place: Path) -> None:
    os.chown(place, 1, 1)


def link(place: Path) -> None:
    place.rename(place.with_name("elsewhere"))
    place.symlink_to("elsewhere")


def make_fifo(place: Path) -> None:
    place.unlink()
    os.mkfifo(place)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda place: place.chmod(0o602),
        lambda place: place.parent.chmod(0o777),
        pytest.param(give_away, marks=needs_root),
        link,
        make_fifo,
        lambda place: place.write_text("boot of another kernel\nfunction x 1\n"),
        lambda place: place.write_text(place.read_text() + "chain x many\n"),
        lambda place: place.write_bytes(b"\xff\x00"),
    ],
    ids=["writable", "folder", "owner", "symlink", "fifo", "boot", "garbage", "binary"],
)
def test_what_others_could_have_written_is_not_believed(
    place: Path, spoil: Callable[[Path], object]
) -> None:
    remembered.keep(Kernel(known=({}, {"run": 6})))
    assert remembered.kernel().told
    spoil(place)
    assert not remembered.kernel().told


def test_a_folder_that_cannot_be_written_costs_the_memory_only(place: Path) -> None:
    place.parent.write_text("a file")
    remembered.keep(Kernel(known=({}, {"run": 6})))
    assert not remembered.kernel().told


def _require_bpf() -> None:
    reason = available()
    if reason is not None:
        pytest.skip(reason)


@needs_root
def test_a_second_start_reads_no_btf(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _require_bpf()
    TaskFile.load().close()
    assert place.exists()
    monkeypatch.setattr("fdtui.linux.bpf.btf.Btf.__init__", lambda *_: pytest.fail("BTF was read"))
    with TaskFile.load() as table:
        assert os.getpid() in {row.pid for row, _ in table.rows(os.getpid())}


@needs_root
@pytest.mark.parametrize("path", ["file.f_pos", "file.f_inode.i_ino", "task_struct.tgid"])
def test_wrong_offsets_are_found_out_and_asked_again(place: Path, path: str) -> None:
    _require_bpf()
    TaskFile.load().close()
    lines = place.read_text().splitlines()
    for index, line in enumerate(lines):
        words = line.split()
        if words[:2] == ["chain", path]:
            lines[index] = " ".join([*words[:-2], str(int(words[-2]) + 4), words[-1]])
    place.write_text("\n".join([*lines, ""]))
    with TaskFile.load() as table:
        assert os.getpid() in {row.pid for row, _ in table.rows(os.getpid())}
    assert remembered.kernel().chain(path) == Kernel().chain(path)


@needs_root
def test_who_maps_a_file_is_who_mentions_it(tmp_path: Path) -> None:
    _require_bpf()
    path = tmp_path / "mapped"
    path.write_bytes(b"x" * 4096)
    with path.open("r+b") as file, TaskFile.load() as table:
        ino = os.fstat(file.fileno()).st_ino
        assert os.getpid() not in table.mappers(ino)
        with mmap.mmap(file.fileno(), 4096):
            assert os.getpid() in table.mappers(ino)
    program = os.stat("/proc/self/exe")
    one = MappedFile(os.readlink("/proc/self/exe"), program.st_dev, program.st_ino)
    with TaskFile.load() as table:
        found = table.mappers(program.st_ino)
    known = mentioned(one, all_pids(), lambda: False, lambda: None)
    assert os.getpid() in found
    assert {pid for pid in known if os.path.exists(f"/proc/{pid}")} <= set(found)
