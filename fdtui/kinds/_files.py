"""What regular files, directories, FIFOs and devices have in common: a name, a mount, locks."""

from __future__ import annotations

from fdtui.kinds._info import integer, line, muted, objects, text
from fdtui.kinds.base import Borrow, Fact, FdKind, fact
from fdtui.linux.json_types import Info
from fdtui.linux.mountinfo import mounts_of
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Span, Spans
from fdtui.linux.units import count, size_cell, size_words

DELETED = " (deleted)"
BLOCK = 512  # unit of st_blocks
_MADE_UP = frozenset(
    ("proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "bpf", "configfs")
)
_IN_MEMORY = frozenset(("tmpfs", "ramfs", "devtmpfs", "hugetlbfs", "shmem"))
_LOCKS: dict[object, str] = {"flock": "flock", "ofd": "OFD lock"}  # they live on descriptions


def mount_info(entry: Entry) -> Info:
    """Return where the file is mounted in its process's view: `mount_point fstype source`."""
    mnt_id = entry.info.mnt_id if entry.info else entry.stat.mnt_id if entry.stat else -1
    mount = mounts_of(entry.pid).get(mnt_id)
    if mount is None:
        return {}
    return {"mount_point": mount.point, "fstype": mount.fstype, "source": mount.source}


def lock_info(entry: Entry) -> Info:
    """Return `locks`: type, state, access, owner's pid, first and last byte (None: to the end)."""
    lines = entry.info.all("lock") if entry.info else ()
    if not lines:
        return {}
    from fdtui.linux.locks import parse_lock

    locks = [lock for value in lines if (lock := parse_lock(value))]
    if not locks:
        return {}
    return {
        "locks": [
            {
                "type": lock.type,
                "state": lock.state,
                "access": lock.access,
                "pid": lock.pid if lock.pid > 0 else None,
                "start": lock.start,
                "end": lock.end,
            }
            for lock in locks
        ]
    }


def path_of(entry: Entry) -> Spans:
    """Return the path; ` (deleted)` is ours, told by the link count, and set apart."""
    if entry.deleted and entry.link.endswith(DELETED):
        path = entry.link.removesuffix(DELETED)
        return (Span(path, "text", "path"), Span(DELETED, "attention", "never"))
    return (Span(entry.link, "text", "path"),)


def mount_fact(info: Info) -> list[Fact]:
    """`on  /var  ext4 /dev/mapper/vg0-var`."""
    if not (point := text(info, "mount_point")):
        return []
    kind, source = text(info, "fstype"), text(info, "source")
    return [fact("on", point, kind if source in (kind, "none") else f"{kind} {source}".strip())]


def lock_facts(info: Info) -> list[Fact]:
    """`lock  flock  exclusive, on this description`, one line for each."""
    facts = []
    for lock in objects(info, "locks"):
        words = ["exclusive" if lock["access"] == "write" else "shared"]
        kind = text(lock, "type")
        if kind in ("lease", "delegation"):
            words = [text(lock, "access"), text(lock, "state")]
        elif lock["start"] or lock["end"] is not None:
            end = "the end" if lock["end"] is None else f"{lock['end']:,}"
            words.append(f"bytes {lock['start']:,} to {end}")
        if kind in ("flock", "ofd"):
            words.append("on this description")
        elif lock["pid"]:
            words.append(f"by pid {lock['pid']}")
        facts.append(fact("lock", kind, ", ".join(words)))
    return facts


def size_facts(entry: Entry, fstype: str = "") -> list[Fact]:
    """`size  19,316,224  18.4M` and `blocks  37,736  18.4M on disk`, where there are such."""
    if entry.stat is None:
        return []
    size, held = entry.stat.size, entry.stat.blocks * BLOCK
    if fstype in _MADE_UP:
        return [fact("content", "made by the kernel at each read")]
    where = "in memory" if fstype in _IN_MEMORY else "on disk"
    return [
        fact("size", count(size), size_cell(size) if size >= 1000 else "bytes"),
        fact("blocks", count(entry.stat.blocks), f"{size_cell(held)} {where}"),
    ]


def position_fact(entry: Entry, fstype: str = "") -> list[Fact]:
    """`position  19,316,224  at the end`."""
    if entry.info is None or entry.stat is None:
        return []
    pos, size = entry.info.pos, entry.stat.size
    if fstype in _MADE_UP:
        return [Fact("position", line(Span(count(pos), "strong")))]
    note = "at the end" if pos == size and size else ""
    if pos > size:
        note = f"{size_words(pos - size)} beyond the end"
    return [Fact("position", line(Span(count(pos), "strong")), note)]


def file_cost(entry: Entry, info: Info) -> str:
    """Return what holding a description of this file costs."""
    costs = []
    if entry.deleted and entry.stat and entry.stat.blocks:
        held = size_words(entry.stat.blocks * BLOCK)
        where = text(info, "mount_point")
        place = f"{held} of {where}" if where else held
        costs.append(f"{place} stay allocated until you release it")
    for lock in objects(info, "locks"):
        if lock["type"] in _LOCKS:
            costs.append(
                f"its {_LOCKS[lock['type']]} would outlive its owner by up to 0.5 s: "
                "whoever asks for it at once would find it taken"
            )
    if entry.stat and entry.access & 2 and entry.stat.mode & 0o111 and entry.file_type == 0o100000:
        costs.append("nobody can execute it while it is open for writing (ETXTBSY)")
    return "; ".join(costs)


def blocks_info(entry: Entry) -> Info:
    """Return `blocks` of 512 bytes, `nlink`."""
    return {"blocks": entry.stat.blocks, "nlink": entry.stat.nlink} if entry.stat else {}


def queued_span(info: Info) -> Spans:
    """`12.0K of 64.0K queued`, or nothing where nobody looked."""
    queued, capacity = integer(info, "queued"), integer(info, "capacity")
    if queued is None:
        return ()
    if capacity is None:
        return line(f"{size_cell(queued)} queued")
    return line(f"{size_cell(queued)} of {size_cell(capacity)} queued")


def bracketed(spans: Spans, note: str) -> Spans:
    """Add a muted note behind two blanks."""
    return (*spans, Span("  "), muted(note)) if note else spans


class StoredFile(FdKind):
    """What lies on a file system under a name: regular files and directories."""

    borrow = Borrow.VIEW

    def describe(self, entry: Entry) -> Info:
        return {**mount_info(entry), **blocks_info(entry), **lock_info(entry)}

    def size(self, entry: Entry, info: Info) -> int | None:
        return entry.stat.size if entry.stat else None

    def position(self, entry: Entry) -> int | None:
        return entry.info.pos if entry.info else None

    def target(self, entry: Entry, info: Info) -> Spans:
        return path_of(entry)

    def hold_cost(self, entry: Entry, info: Info) -> str:
        return file_cost(entry, info)
