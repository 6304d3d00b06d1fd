"""Netlink sockets, netlink(7): which part of the kernel, port and multicast groups."""

from __future__ import annotations

from fdtui.kinds._info import integer, line, muted, text, words
from fdtui.kinds._options import Option
from fdtui.kinds._sockets import SocketKind
from fdtui.kinds.base import Fact, fact
from fdtui.linux.abi_net import netlink_group
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_socket import Address, option_bytes
from fdtui.linux.procfs import Entry
from fdtui.linux.spans import Spans

_SOL_NETLINK = 270
_LIST_MEMBERSHIPS = 9


class Netlink(SocketKind):
    """FIONREAD does not exist here: what is queued shows in `meminfo`."""

    name = "netlink"
    label = "netlink"
    protocols = frozenset({"NETLINK"})
    options = (
        Option("NETLINK_PKTINFO", _SOL_NETLINK, 3, True),
        Option("NETLINK_BROADCAST_ERROR", _SOL_NETLINK, 4, True),
        Option("NETLINK_NO_ENOBUFS", _SOL_NETLINK, 5, True),
        Option("NETLINK_EXT_ACK", _SOL_NETLINK, 11, True),
        Option("NETLINK_GET_STRICT_CHK", _SOL_NETLINK, 12, True),
    )

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = super().examine(peek, entry)
        if "rport" not in found:
            found["state"] = "UNCONN"  # getpeername answers 0: the kernel
        raw = option_bytes(peek, _SOL_NETLINK, _LIST_MEMBERSHIPS, 512) or b""
        mask = int.from_bytes(raw, "little")
        found["groups"] = [bit + 1 for bit in range(mask.bit_length()) if mask >> bit & 1]
        return found

    def addresses(self, local: Address, remote: Address) -> Info:
        if not isinstance(local, tuple):
            return {}
        found: Info = {}
        if isinstance(local[0], int):
            found["lport"] = local[0]
        if isinstance(remote, tuple) and isinstance(remote[0], int) and remote[0]:
            found["rport"] = remote[0]
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        if not (protocol := text(info, "protocol")):
            return line("netlink")
        parts = [f"port {info['lport']}"] if integer(info, "lport") else ["unbound"]
        if groups := words(info, "groups"):
            parts.append(f"{'group' if len(groups) == 1 else 'groups'} {' '.join(groups)}")
        return line(protocol, "  ", muted(", ".join(parts)))

    def connection(self, info: Info) -> list[Fact]:
        facts = [fact("protocol", text(info, "protocol"), role="strong")]
        if "lport" in info:
            note = "mostly the pid of who bound it" if info["lport"] else "not bound"
            facts.append(fact("port", str(info["lport"]), note))
        if "groups" in info:
            groups = words(info, "groups")
            named = [netlink_group(text(info, "protocol"), int(group)) for group in groups]
            facts.append(fact("groups", " ".join(groups) or "none", " ".join(filter(None, named))))
        return facts


KIND = Netlink()
