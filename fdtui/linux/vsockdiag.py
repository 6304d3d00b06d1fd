"""vsock_diag: sockets of vsock(7), linux/vm_sockets_diag.h, Linux 4.15 (CONFIG_VSOCKETS_DIAG)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fdtui.linux.lean import NamedTuple, Socket
from fdtui.linux.netlink import dump
from fdtui.linux.sockdiag import ALL_STATES, SOCK_DIAG_BY_FAMILY

_AF_VSOCK = 40
_REQUEST = struct.Struct("=BBHIII8s")  # family protocol pad states ino show cookie
_MESSAGE = struct.Struct("=BBBBIIIII")  # family type state shutdown, ends, ino


class VsockSocket(NamedTuple):
    """One socket; ports and context ids are 32 bits, VMADDR_CID_ANY and PORT_ANY all ones."""

    ino: int
    type: int
    state: int  # abi.TcpState
    shutdown: int  # 1 receive, 2 send, 3 both
    lcid: int
    lport: int
    rcid: int
    rport: int


def parse(message: memoryview) -> VsockSocket:
    """Take one message apart."""
    _, kind, state, shutdown, lcid, lport, rcid, rport, ino = _MESSAGE.unpack_from(message)
    return VsockSocket(ino, kind, state, shutdown, lcid, lport, rcid, rport)


def vsock_sockets(sock: Socket) -> Iterator[VsockSocket]:
    """Dump all; none can be asked about alone.  OSError ENOENT where the kernel lacks it."""
    request = _REQUEST.pack(_AF_VSOCK, 0, 0, ALL_STATES, 0, 0, bytes(8))
    return map(parse, dump(sock, SOCK_DIAG_BY_FAMILY, request))
