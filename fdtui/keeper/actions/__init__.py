"""Actions on a shared description, by explicit command.  Adding one is adding it to a module here.

Imported by the keeper, which performs them, and by screens and commands, which list them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from fdtui.keeper.actions.base import Action
from fdtui.linux.procfs import Entry

# As the menu shows them; one that is not named here comes last.
_ORDER = (
    *("truncate-rewind", "truncate", "write", "pwrite", "append", "edit", "seek"),
    *("send", "shutdown", "drain", "pipe-size", "unlock", "set-nonblock", "set-append"),
    *("sync", "punch", "sockopt", "give", "redirect", "restore", "close"),
)


@cache
def actions() -> dict[str, Action]:
    """Return every action by name; two of one name are a bug, not a choice."""
    found: dict[str, Action] = {}
    for module in iter_modules(__path__):
        offered = getattr(import_module(f"{__name__}.{module.name}"), "ACTIONS", ())
        for action in offered:
            if action.name in found:
                raise LookupError(f"{module.name}: there is a {action.name} already")
            found[action.name] = action
    rank = {name: place for place, name in enumerate(_ORDER)}
    return dict(sorted(found.items(), key=lambda item: rank.get(item[0], len(rank))))


def fitting(kind: str, entry: Entry) -> list[Action]:
    """Return the actions that can be offered for a descriptor, in the order of the menu."""
    return [action for action in actions().values() if not action.unfit(kind, entry)]
