"""Names of users and groups, each asked for once."""

from __future__ import annotations

import pwd

names: dict[int, str] = {}  # known so far; nobody renames a user while fdtui runs

groups: dict[int, str] = {}


def user_name(uid: int) -> str:
    """Return the name of a user, the number where it has none."""
    name = names.get(uid)
    if name is None:
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        names[uid] = name
    return name


def group_name(gid: int) -> str:
    """Return the name of a group, the number where it has none."""
    name = groups.get(gid)
    if name is None:
        import grp

        try:
            name = grp.getgrgid(gid).gr_name
        except KeyError:
            name = str(gid)
        groups[gid] = name
    return name
