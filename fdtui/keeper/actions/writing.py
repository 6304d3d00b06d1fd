"""write, pwrite, append: bytes into what is shared."""

from __future__ import annotations

import os

from fdtui.keeper.actions.arguments import (
    MAX_OFFSET,
    Args,
    Argument,
    Usage,
    parse_size,
    parse_text,
    raw,
    whole,
    write_text,
)
from fdtui.keeper.actions.base import (
    FILES,
    PIPES,
    STORED,
    TERMINALS,
    Action,
    Held,
    Outcome,
    Preview,
    Token,
    written,
)
from fdtui.keeper.actions.regions import UNDOABLE, old_bytes, quoted, region_token
from fdtui.linux.act import Act
from fdtui.render.units import count, offset_words, plural, size_words

TEXT = Argument("TEXT", parse_text, example=r"a line\n")


_QUEUES = {  # title, what a menu says of it
    "pipe": ("Write into the pipe", "its reader takes it for the target's"),
    "fifo": ("Write into the FIFO", "its reader takes it for the target's"),
    "tty": ("Write to the terminal", "appears among what is printed there"),
    "ptmx": ("Type into the terminal", "is taken for typed by its user"),
    "char": ("Write to the device", "what it does is up to its driver"),
}


def _append_words(held: Held) -> str:
    return "O_APPEND" if held.has(os.O_APPEND) else "no O_APPEND"


class Write(Action):
    """write(2) at the shared offset, or into the queue.

    A file that is written at its end may grow before it is done: the end is meant then, else the
    offset is what was confirmed.
    """

    name = "write"
    title = "Write at the shared offset"
    risk = "moves the offset the target writes at"
    kinds = STORED | PIPES | TERMINALS | {"char"}
    arguments = (TEXT,)
    access = 2

    def heading(self, kind: str) -> str:
        return _QUEUES.get(kind, (self.title, ""))[0]

    def danger(self, kind: str) -> str:
        return _QUEUES.get(kind, ("", self.risk))[1]

    def essentials(self, held: Held, args: Args) -> Token:
        if held.kind.name not in STORED:
            return {}
        if held.has(os.O_APPEND) or held.pos == held.size:
            return {"the place": "the end"}
        return {"the place": held.pos, **region_token(held, held.pos, len(raw(args, 0)))}

    def preview(self, held: Held, args: Args) -> Preview:
        data = raw(args, 0)
        if held.kind.name not in STORED:
            return self._queue(held, data)
        at = held.size if held.has(os.O_APPEND) else held.pos
        over = old_bytes(held, at, len(data))
        size = max(held.size, at + len(data))
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}", _append_words(held)),
            after=(size_words(size), f"offset {count(at + len(data))}"),
            hazard=f"{quoted(over)} is overwritten, and the target goes on writing behind it."
            if over or over is None
            else "The target goes on behind it, as if it had written these bytes itself.",
            undo="none; pwrite puts single bytes back",
            calls=(f"write(fd, {quoted(data)}, {len(data)})",),
            size_after=size,
            shared_by="its offset moves too",
        )

    def _queue(self, held: Held, data: bytes) -> Preview:
        what = {
            "char": "The device takes them as its orders; what it does then is up to its driver.",
            "tty": "It appears on the terminal, between whatever else is printed there.",
            "ptmx": "Whoever reads the terminal takes it for typed by its user, also a shell.",
        }
        queued, room = held.info.get("queued"), held.info.get("capacity")
        known = isinstance(queued, int) and isinstance(room, int)
        return Preview(
            now=(f"{queued} of {room} bytes queued",) if known else (held.entry.link,),
            after=(f"{plural(len(data), 'byte')} more",),
            hazard=what.get(
                held.kind.name, "Its reader cannot tell these bytes from those of the target."
            ),
            undo="none",
            calls=(f"write(fd, {quoted(data)}, {len(data)}), never waiting for room",),
            shared_by="unaffected",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        before = held.size
        done = Act(held.owned).write(raw(args, 0))
        note = "none"
        if shown.get("the place") == "the end" and held.kind.name in FILES:
            note = f"while nobody wrote after it: truncate {before}, then seek {held.pos}"
        return written(held, done, "write", note=note)


class Pwrite(Action):
    """pwrite(2): bound to the bytes that are there."""

    name = "pwrite"
    title = "Write at an offset"
    risk = "overwrites bytes, for everybody"
    kinds = STORED
    arguments = (Argument("OFFSET", parse_size, example="0x1a0"), TEXT)
    access = 2

    def essentials(self, held: Held, args: Args) -> Token:
        return region_token(held, whole(args, 0), len(raw(args, 1)))

    def preview(self, held: Held, args: Args) -> Preview:
        offset, data = whole(args, 0), raw(args, 1)
        if offset + len(data) > MAX_OFFSET:
            raise Usage("that lies beyond the largest offset, 2^63-1")
        old = old_bytes(held, offset, len(data))
        size = max(held.size, offset + len(data))
        beyond = offset > held.size and held.kind.name in FILES
        notes = [("there now", quoted(old))]
        if beyond:
            notes.append(("hole", f"zeros from {offset_words(held.size)} up to it"))
        if held.has(os.O_APPEND):
            notes.append(("O_APPEND", "is set, and passed over for this one write"))
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}"),
            after=(size_words(size), f"offset {count(held.pos)}", "the offset stays"),
            hazard=f"{size_words(len(old))} of the file are overwritten, for everybody."
            if old
            else "The file becomes longer, for everybody."
            if old is not None
            else "What is overwritten cannot be read here, so it is lost.",
            undo=_undo_words(held, offset, data, old),
            calls=(f"pwrite(fd, {quoted(data)}, {len(data)}, {offset:#x})",),
            notes=tuple(notes),
            size_after=size,
            shared_by="sees the bytes",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        offset, data = whole(args, 0), raw(args, 1)
        old = old_bytes(held, offset, len(data)) if len(data) <= UNDOABLE else None
        done = Act(held.owned).pwrite(data, offset)
        undo: tuple[str, ...] = ()
        if old:
            undo = ("pwrite", f"{offset:#x}", write_text(old[: done.done]))
        elif old is not None and held.kind.name in FILES:
            undo = ("truncate", str(held.size))
        return written(held, done, "pwrite", undo, _undo_words(held, offset, data, old))


def _undo_words(held: Held, offset: int, data: bytes, old: bytes | None) -> str:
    if old is None or len(data) > UNDOABLE:
        return "none; dump it first"
    if held.kind.name in FILES and len(old) < len(data):
        shorten = f"truncate {held.size}"
        return f"writing the old bytes, then {shorten}" if old else shorten
    return "writing the old bytes"


class Append(Action):
    """RWF_APPEND of pwritev2(2): at the end, and the shared offset stays."""

    name = "append"
    title = "Append"
    risk = "the target may overwrite it"
    kinds = FILES
    arguments = (TEXT,)
    access = 2

    def preview(self, held: Held, args: Args) -> Preview:
        data = raw(args, 0)
        size = held.size + len(data)
        overwrites = not held.has(os.O_APPEND) and held.pos <= held.size
        return Preview(
            now=(size_words(held.size), f"offset {count(held.pos)}", _append_words(held)),
            after=(size_words(size), f"offset {count(held.pos)}", "the offset stays"),
            hazard="Without O_APPEND the target's next write overwrites it: "
            "its offset is not behind these bytes."
            if overwrites
            else "Whoever reads the file gets these bytes as the target's.",
            undo=f"truncate {held.size}, while nobody wrote after it",
            calls=(f"pwritev2(fd, {quoted(data)}, 0, RWF_APPEND)",),
            size_after=size,
            shared_by="sees the bytes",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        done = Act(held.owned).append(raw(args, 0))
        note = "while nobody wrote after it"
        return written(held, done, "pwritev2", ("truncate", str(held.size)), note)


ACTIONS = (Write(), Pwrite(), Append())
