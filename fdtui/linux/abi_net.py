"""Kernel values of sockets: families, types, protocols, netlink, in the words of lsfd and ss."""

from __future__ import annotations

FAMILIES = {
    1: "unix",
    2: "inet",
    3: "ax25",
    8: "x25",
    10: "inet6",
    15: "key",
    16: "netlink",
    17: "packet",
    21: "rds",
    24: "pppox",
    29: "can",
    30: "tipc",
    31: "bluetooth",
    33: "rxrpc",
    37: "caif",
    38: "alg",
    39: "nfc",
    40: "vsock",
    41: "kcm",
    42: "qipcrtr",
    43: "smc",
    44: "xdp",
    45: "mctp",
}
TYPES = {1: "stream", 2: "dgram", 3: "raw", 4: "rdm", 5: "seqpacket", 6: "dccp", 10: "packet"}
IP_PROTOCOLS = {
    0: "ip",
    1: "icmp",
    2: "igmp",
    4: "ipip",
    6: "tcp",
    17: "udp",
    33: "dccp",
    41: "ipv6",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "icmpv6",
    89: "ospf",
    103: "pim",
    132: "sctp",
    136: "udplite",
    255: "raw",
    262: "mptcp",
}
NETLINK_PROTOCOLS = {
    0: "route",
    2: "usersock",
    3: "firewall",
    4: "sock_diag",
    5: "nflog",
    6: "xfrm",
    7: "selinux",
    8: "iscsi",
    9: "audit",
    10: "fib_lookup",
    11: "connector",
    12: "netfilter",
    13: "ip6_fw",
    14: "dnrtmsg",
    15: "kobject_uevent",
    16: "generic",
    18: "scsitransport",
    19: "ecryptfs",
    20: "rdma",
    21: "crypto",
    22: "smc",
}
ETHER_PROTOCOLS = {
    0x0003: "all",
    0x0004: "802_2",
    0x0800: "ip",
    0x0806: "arp",
    0x8035: "rarp",
    0x8100: "802_1q",
    0x86DD: "ipv6",
    0x8863: "ppp_disc",
    0x8864: "ppp_ses",
    0x888E: "pae",
    0x88CC: "lldp",
    0x88F7: "1588",
}

# system.sockprotoname, `name` of struct proto: family, protocol (None: the name says no more).
PROTOCOL_NAMES: dict[str, tuple[str, str | None]] = {
    "TCP": ("inet", "tcp"),
    "TCPv6": ("inet6", "tcp"),
    "MPTCP": ("inet", "mptcp"),
    "MPTCPv6": ("inet6", "mptcp"),
    "UDP": ("inet", "udp"),
    "UDPv6": ("inet6", "udp"),
    "UDP-Lite": ("inet", "udplite"),
    "UDPLITEv6": ("inet6", "udplite"),
    "RAW": ("inet", None),
    "RAWv6": ("inet6", None),
    "PING": ("inet", "icmp"),
    "PINGv6": ("inet6", "icmpv6"),
    "SCTP": ("inet", "sctp"),
    "SCTPv6": ("inet6", "sctp"),
    "UNIX": ("unix", None),
    "UNIX-STREAM": ("unix", None),
    "NETLINK": ("netlink", None),
    "PACKET": ("packet", None),
    "AF_VSOCK": ("vsock", None),
    "XDP": ("xdp", None),
    "KEY": ("key", None),
    "ALG": ("alg", None),
    "TIPC": ("tipc", None),
    "SMC": ("smc", None),
}


# linux/rtnetlink.h RTNLGRP_*, from 1; "" for what is not used
_ROUTE_GROUPS = (
    *("link", "notify", "neigh", "tc", "ipv4-ifaddr", "ipv4-mroute", "ipv4-route", "ipv4-rule"),
    *("ipv6-ifaddr", "ipv6-mroute", "ipv6-route", "ipv6-ifinfo", "", "", "", "", ""),
    *("ipv6-prefix", "ipv6-rule", "nd-useropt", "phonet-ifaddr", "phonet-route", "dcb"),
    *("ipv4-netconf", "ipv6-netconf", "mdb", "mpls-route", "nsid", "mpls-netconf"),
    *("ipv4-mroute-r", "ipv6-mroute-r", "nexthop", "brvlan", "mctp-ifaddr", "tunnel", "stats"),
)
_GROUPS = {"route": _ROUTE_GROUPS, "kobject_uevent": ("kernel", "udev")}


def netlink_group(protocol: str, number: int) -> str:
    """Return the name of a multicast group, "" where it has none."""
    names = _GROUPS.get(protocol, ())
    return names[number - 1] if 0 < number <= len(names) else ""
