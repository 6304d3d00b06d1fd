"""What inotify and fanotify have in common: marks on inodes, turned back into paths."""

from __future__ import annotations

from fdtui.linux.handles import Handle, kernel_dev, paths_of
from fdtui.linux.json_types import Info, Json

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


def where(mark: Info) -> str:
    """The path of a mark, or the inode where no path is known."""
    path = mark.get("path")
    return path if isinstance(path, str) else f"inode {mark.get('ino')} on {mark.get('sdev')}"
