"""Sockets of every other family: XDP, ALG, CAN, Bluetooth, TIPC and their like."""

from __future__ import annotations

import stat

from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fit
from fdtui.kinds.facts import Facts


class Socket(SocketKind):
    """Family, type and state are told; a look at bytes is not risked."""

    name = "socket"
    label = "socket"
    peekable = False

    def fit(self, facts: Facts) -> Fit:
        return Fit.BY_TYPE if facts.type == stat.S_IFSOCK and not facts.path_only else Fit.NO


KIND = Socket()
