"""/proc/PID/net/{tcp,udp,...}: sockets of a namespace that sock_diag cannot be asked about.

Only tables whose every field the kernel writes.  /proc/net/unix is not read: a newline in an
abstract name forges rows of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fdtui.linux.lean import socket
from fdtui.linux.procfs import read_file

_LIMIT = 64 << 20  # bytes of one table, 150 a socket

TABLES: dict[tuple[int, str], str] = {
    (socket.AF_INET, "tcp"): "tcp",
    (socket.AF_INET6, "tcp"): "tcp6",
    (socket.AF_INET, "udp"): "udp",
    (socket.AF_INET6, "udp"): "udp6",
    (socket.AF_INET, "udplite"): "udplite",
    (socket.AF_INET6, "udplite"): "udplite6",
    (socket.AF_INET, "raw"): "raw",
    (socket.AF_INET6, "raw"): "raw6",
    (socket.AF_INET, "ping"): "icmp",
    (socket.AF_INET6, "ping"): "icmp6",
}


def inet_keys(pid: int | str, family: int, protocol: str) -> Iterator[tuple[int, int, bytes]]:
    """Yield inode, state and addresses as `sockdiag.inet_keys` does; OSError where refused."""
    table = TABLES[family, protocol]
    yield from parse_inet(read_file(f"/proc/{pid}/net/{table}", limit=_LIMIT))


def parse_inet(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Parse a table of /proc/net: `sl local_address rem_address st ... inode`, proc(5)."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or not (ino := int(fields[9])):
            continue
        local, remote = fields[1], fields[2]
        yield (
            ino,
            int(fields[3], 16),
            bytes.fromhex((local[-4:] + remote[-4:]).decode())
            + _address(local[:-5])
            + _address(remote[:-5]),
        )


def _address(words: bytes) -> bytes:
    """Return 16 bytes of an address printed as 32-bit words in the order of this machine."""
    packed = b"".join(
        int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8)
    )
    return packed.ljust(16, b"\0")
