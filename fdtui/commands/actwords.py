"""The words of `fdtui act`: options may stand anywhere before `--`, a single `-` begins none."""

from __future__ import annotations

from collections.abc import Sequence

from fdtui.errors import WrongUsage
from fdtui.linux.lean import NamedTuple


class Given(NamedTuple):
    """What was typed: `action` is "" when only the target is named; `via` None for any method."""

    target: str
    action: str
    words: tuple[str, ...]
    yes: bool
    via: str | None

    def with_yes(self) -> list[str]:
        """Return the words of the command that does it without asking."""
        via = ["--via", self.via] if self.via else []
        if any(word.startswith("--") for word in self.words):
            return ["fdtui", "act", "--yes", *via, self.target, self.action, "--", *self.words]
        return ["fdtui", "act", self.target, self.action, *self.words, *via, "--yes"]


def take_apart(words: Sequence[str], *, yes: bool = False, via: str | None = None) -> Given:
    """Sort options from `PID:FD [ACTION [ARGS]]`; WrongUsage for an option there is not.

    -5 and -text are words like any other, `-` is stdin, and behind `--` everything is a word.
    """
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += left
        elif word == "--yes":
            yes = True
        elif word == "--via":
            via = _value(next(left, ""))
        elif word.startswith("--via="):
            via = _value(word.removeprefix("--via="))
        elif word.startswith("--"):
            raise WrongUsage(
                f"no option is called {word}", "what stands behind -- is taken as it is"
            )
        else:
            rest.append(word)
    if not rest:
        raise WrongUsage("PID:FD is missing", "fdtui act 812:3 lists what can be done with it")
    target, action, *others = [*rest, ""] if len(rest) == 1 else rest
    return Given(target, action, tuple(others), yes, via)


def _value(name: str) -> str:
    if not name:
        raise WrongUsage("--via needs a name", "pidfd_getfd, helper or injection")
    return name
