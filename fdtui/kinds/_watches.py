"""What inotify and fanotify have in common: marks on inodes, turned back into paths."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.kinds.base import Fact, fact
from fdtui.linux.devices import kernel_dev
from fdtui.linux.handles import Handle, paths_of
from fdtui.linux.json_types import Info, Json
from fdtui.linux.status import CAP_DAC_READ_SEARCH, read_status

MOST_PATHS = 4096  # handles resolved at one look: 6 µs each


def parse_pairs(value: str) -> dict[str, str]:
    """`wd:1 ino:37bbc sdev:fe00000` -> its keys and values as they are."""
    return dict(part.split(":", 1) for part in value.split() if ":" in part)


def inode_info(pairs: dict[str, str]) -> Info:
    """Return `ino` and `sdev` ("254:0") of a mark on an inode."""
    found: Info = {}
    if "ino" in pairs:
        found["ino"] = int(pairs["ino"], 16)
    if "sdev" in pairs:
        major, minor = kernel_dev(int(pairs["sdev"], 16))
        found["sdev"] = f"{major}:{minor}"
    return found


def with_paths(marks: list[Info], lines: list[dict[str, str]]) -> list[Json]:
    """Add `path` to every mark that has a handle; None where the handle does not open."""
    wanted = [index for index, pairs in enumerate(lines) if "f_handle" in pairs][:MOST_PATHS]
    handles = [
        Handle(
            kernel_dev(int(lines[index].get("sdev", "0"), 16)),
            int(lines[index]["fhandle-type"], 16),
            bytes.fromhex(lines[index]["f_handle"])[: int(lines[index]["fhandle-bytes"], 16)],
        )
        for index in wanted
    ]
    paths = dict(zip(wanted, paths_of(handles), strict=True))
    return [
        {**mark, "path": paths[index]} if index in paths else mark
        for index, mark in enumerate(marks)
    ]


def path_facts(marks: Sequence[Info]) -> list[Fact]:
    """Say why paths are missing and what would show them; nothing where all are known."""
    missing = sum(1 for mark in marks if "path" in mark and mark["path"] is None)
    if not missing:
        return []
    if not read_status().capable(CAP_DAC_READ_SEARCH):
        note = "CAP_DAC_READ_SEARCH turns inodes into paths: run fdtui as root"
        return [fact("paths", "not known", note)]
    note = "deleted since, or on a file system that is mounted elsewhere"
    return [fact("paths", f"{missing:,} not known", note)]


def where(mark: Info) -> str:
    """The path of a mark, or the inode where no path is known."""
    path = mark.get("path")
    return path if isinstance(path, str) else f"inode {mark.get('ino')} on {mark.get('sdev')}"
