"""close, redirect, restore: done in the target itself, by injection."""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack

from fdtui.acquire.injection import RISK, close_in_target, redirect_in_target
from fdtui.errors import FdtuiError
from fdtui.keeper import keepsake
from fdtui.keeper.actions.arguments import Args, Argument, Usage, parse_name, word_at
from fdtui.keeper.actions.base import Action, Held, Outcome, Preview, Token
from fdtui.keeper.actions.locks import locks_of
from fdtui.linux import nursery
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import Entry

_INJECTION = ("injection", RISK)
_READ, _WRITE = 4, 2


def must_be_open(held: Held) -> None:
    """Refuse what would be done to a number that holds something else by now."""
    if held.in_target in ("closed", "exited"):
        raise FdtuiError(f"the target has {_GONE[held.in_target]}")


_GONE = {"closed": "closed it", "exited": "ended"}


def locks_lost(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Warn of fcntl(2)'s POSIX locks, which any close of the file by the process drops."""
    if any(lock.startswith("POSIX") for lock in locks_of(entry)):
        return (("locks", "the target's POSIX locks on this file go with it, and don't come back"),)
    return ()


class Close(Action):
    """close(2) in the target, if the number still is the description that is held."""

    name = "close"
    title = "Close it in the target"
    risk = "its number becomes another file's"
    in_target = True

    def preview(self, held: Held, args: Args) -> Preview:
        must_be_open(held)
        return Preview(
            now=(f"{held.about()} is open",),
            after=("closed", "the number is free for the target's next open(2)"),
            hazard="The target does not know: soon the number it goes on with is another file's.",
            undo="none; redirect to /dev/null keeps the number, and can be restored",
            calls=(f"in the target: close({held.target.fd})",),
            notes=(_INJECTION, *locks_lost(held.entry)),
            shared_by="keeps it",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        close_in_target(held.target, held.owned)
        return Outcome("closed", held.about(), (), "none: the target may have reused the number")


class Redirect(Action):
    """open(2) and dup3(2) in the target; what was there before is kept for `restore`.

    TO is a path, opened by the target with its own rights, or `|COMMAND`: a pipe into it (out of
    it, for a descriptor that is open for reading).
    """

    name = "redirect"
    title = "Redirect it in the target"
    risk = "calls are run in the target"
    in_target = True
    arguments = (Argument("TO", parse_name, example="/dev/null, /tmp/log or '|gzip >x.gz'"),)

    def unfit(self, kind: str, entry: Entry) -> str:
        """A number that neither reads nor writes is no stream to be led elsewhere."""
        return "" if entry.access & (_READ | _WRITE) else "redirect: it neither reads nor writes"

    def _flags(self, held: Held) -> tuple[int, str]:
        match held.entry.access & (_READ | _WRITE):
            case 4:
                return os.O_RDONLY, "O_RDONLY"
            case 2:
                return os.O_WRONLY | os.O_CREAT | os.O_APPEND, "O_WRONLY|O_CREAT|O_APPEND"
            case _:
                return os.O_RDWR | os.O_CREAT | os.O_APPEND, "O_RDWR|O_CREAT|O_APPEND"

    def preview(self, held: Held, args: Args) -> Preview:
        must_be_open(held)
        to, fd = word_at(args, 0), held.target.fd
        if to.startswith("|"):
            if held.entry.access == _READ | _WRITE:
                raise Usage("a pipe goes one way, and this descriptor reads and writes")
            source = "a pipe into" if held.entry.access == _WRITE else "a pipe out of"
            where = f"{source} {to[1:].strip()}"
            calls = ("pipe2, sendmsg(SCM_RIGHTS)", f"in the target: recvmsg, dup3(new, {fd})")
            note = ("command", "runs with your rights, until the pipe ends")
        elif to.startswith("/"):
            where = to
            calls = (f"in the target: openat({to}, {self._flags(held)[1]})", f"dup3(new, {fd})")
            note = ("path", "as the target sees it, opened with its rights")
        else:
            raise Usage("the target has a folder of its own: an absolute path is needed")
        again = keepsake.kept(held.target)
        return Preview(
            now=(f"{held.about()} is {held.entry.link}",),
            after=(f"it is {where}", "same number"),
            hazard="What the target knows of its position, its terminal or its peer is wrong then.",
            undo="restore, which brings back what was before the first redirection"
            if again
            else "restore",
            calls=calls,
            notes=(
                note,
                ("before", "a process named fdtui-keepsake keeps it open until it is restored"),
                _INJECTION,
                *locks_lost(held.entry),
            ),
            shared_by="stays where it is",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        to, before = word_at(args, 0), held.entry.link
        cloexec = held.has(os.O_CLOEXEC)
        with ExitStack() as undo:
            if keepsake.keep(held.target, held.owned, cloexec, before):
                undo.callback(keepsake.forget, held.target)
            if to.startswith("|"):
                self._into_command(held, to[1:], cloexec)
            else:
                flags, _ = self._flags(held)
                redirect_in_target(held.target, to, held.owned, flags=flags, cloexec=cloexec)
            undo.pop_all()
        return Outcome("redirected", f"{held.about()} from {before} to {to}", ("restore",))

    def _into_command(self, held: Held, command: str, cloexec: bool) -> None:
        read_end, write_end = map(OwnedFd, os.pipe2(os.O_CLOEXEC))
        null = OwnedFd(os.open(os.devnull, os.O_RDWR))
        with read_end, write_end, null:
            writes = held.entry.access == _WRITE
            theirs, ours = (write_end, read_end) if writes else (read_end, write_end)
            # The target has its end before the command starts: one that is refused leaves nothing.
            redirect_in_target(held.target, theirs, held.owned, cloexec=cloexec)
            try:
                inherited = {0: ours} if writes else {0: null, 1: ours}
                shell = ["/bin/sh", "-c", command]
                nursery.start(shell, _silenced(null) | inherited, session=True).close()
            except FdtuiError:
                redirect_in_target(held.target, held.owned, theirs, cloexec=cloexec)
                raise


def _silenced(null: OwnedFd) -> dict[int, OwnedFd]:
    """Whoever reads our output through a pipe would wait for the end of the command as well."""
    return {n: null for n in (1, 2) if stat.S_ISFIFO(os.fstat(n).st_mode)}


class Restore(Action):
    """dup3(2) in the target of what `redirect` had kept.  Bound to what is there now."""

    name = "restore"
    title = "Restore what was redirected"
    risk = "calls are run in the target"
    in_target = True

    def unfit(self, kind: str, entry: Entry) -> str:
        """Whether something is kept is asked at the preview: it needs the start time."""
        return ""

    def essentials(self, held: Held, args: Args) -> Token:
        with keepsake.recalled(held.target) as before:
            return {"what is kept": before.link}

    def preview(self, held: Held, args: Args) -> Preview:
        must_be_open(held)
        with keepsake.recalled(held.target) as before:
            link = before.link
        return Preview(
            now=(f"{held.about()} is {held.entry.link}",),
            after=(f"it is {link} again", "same description as before, same number"),
            hazard="What is there now is closed in the target.",
            undo=f"redirect {held.entry.link}"
            if held.entry.link.startswith("/")
            else "none: what is there now is not kept",
            calls=("sendmsg(SCM_RIGHTS)", f"in the target: recvmsg, dup3(new, {held.target.fd})"),
            notes=(_INJECTION, *locks_lost(held.entry)),
            shared_by="stays where it is",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        with keepsake.recalled(held.target) as before:
            redirect_in_target(held.target, before.description, held.owned, cloexec=before.cloexec)
            before.restored()
        link = held.entry.link
        words = f"{held.about()} from {link} to {before.link}"
        undo = ("redirect", link) if link.startswith("/") and not held.entry.deleted else ()
        return Outcome("restored", words, undo, "" if undo else "none")


ACTIONS = (Close(), Redirect(), Restore())
