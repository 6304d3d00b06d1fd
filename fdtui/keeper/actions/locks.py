"""unlock: the locks that belong to the description (flock and OFD), not those of a process."""

from __future__ import annotations

from fdtui.keeper.actions.arguments import Args
from fdtui.keeper.actions.base import Action, Held, Outcome, Preview, Token, failed
from fdtui.linux.act import Act
from fdtui.linux.procfs import Entry

_CALLS = {"FLOCK": "flock(fd, LOCK_UN)", "OFDLCK": "fcntl(fd, F_OFD_SETLK, F_UNLCK, whole file)"}


def locks_of(entry: Entry) -> list[str]:
    """Return the `lock:` lines of fdinfo without their number: `FLOCK  ADVISORY  WRITE ...`."""
    lines = entry.info.all("lock") if entry.info else []
    return [line.partition(":")[2].strip() or line for line in lines]


def _own(entry: Entry) -> list[str]:
    return [lock for lock in locks_of(entry) if lock.split()[0] in _CALLS]


def _words(lock: str) -> str:
    """`FLOCK  ADVISORY  WRITE 812 fe:00:1311 0 EOF` -> `flock WRITE 0 to EOF`."""
    kind, _, access, *_, start, end = lock.split()
    name = {"FLOCK": "flock", "OFDLCK": "OFD lock"}[kind]
    return f"{name} {access} {start} to {end}"


class Unlock(Action):
    """Bound to the locks shown: a lock taken meanwhile protects something else."""

    name = "unlock"
    title = "Release the lock"
    risk = "two may write what one had locked"

    def unfit(self, kind: str, entry: Entry) -> str:
        """A POSIX lock is the process's: only its own calls, or its end, release it."""
        if _own(entry):
            return ""
        if locks_of(entry):
            return "unlock: a POSIX lock or a lease is the target's own; nobody else can release it"
        return "unlock: the description holds no lock"

    def essentials(self, held: Held, args: Args) -> Token:
        return {"the locks": sorted(_own(held.entry))}

    def preview(self, held: Held, args: Args) -> Preview:
        locks = _own(held.entry)
        kinds = {lock.split()[0] for lock in locks}
        return Preview(
            now=tuple(map(_words, locks)),
            after=("no lock",),
            hazard="The target goes on in the belief that it is alone; whoever waits starts now.",
            undo="none: the target does not take it again by itself",
            calls=tuple(call for kind, call in _CALLS.items() if kind in kinds),
            shared_by="loses the lock too",
        )

    def perform(self, held: Held, args: Args, shown: Token) -> Outcome:
        locks = _own(held.entry)
        kinds = {lock.split()[0] for lock in locks}
        act = Act(held.owned)
        try:
            if "FLOCK" in kinds:
                act.unlock_flock()
            if "OFDLCK" in kinds:
                act.unlock_ofd()
        except OSError as error:
            raise failed("unlock", held, error) from error
        words = f"{held.about()}: {', '.join(map(_words, locks))}"
        return Outcome("unlocked", words, (), "none: the target does not take it again by itself")


ACTIONS = (Unlock(),)
