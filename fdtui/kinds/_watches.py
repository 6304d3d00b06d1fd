"""What inotify and fanotify have in common: marks on inodes, turned back into paths."""

from __future__ import annotations

from fdtui.linux.handles import HandlePaths, kernel_dev
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
    """Add `path` to every mark whose handle opens; None where it does not."""
    found: list[Json] = []
    with HandlePaths() as paths:
        for index, (mark, pairs) in enumerate(zip(marks, lines, strict=True)):
            if "f_handle" not in pairs or index >= MOST_PATHS:
                found.append(mark)
                continue
            handle = bytes.fromhex(pairs["f_handle"])[: int(pairs["fhandle-bytes"], 16)]
            kind = int(pairs["fhandle-type"], 16)
            dev = kernel_dev(int(pairs.get("sdev", "0"), 16))
            found.append({**mark, "path": paths.path(dev, kind, handle)})
    return found


def where(mark: Info) -> str:
    """The path of a mark, or the inode where no path is known."""
    path = mark.get("path")
    return path if isinstance(path, str) else f"inode {mark.get('ino')} on {mark.get('sdev')}"
