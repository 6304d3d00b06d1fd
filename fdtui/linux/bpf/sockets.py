"""Sockets: endpoints, state and queues of any family, peers and names of unix sockets."""

from __future__ import annotations

from fdtui.linux.bpf.asm import Alu, Jump, Reg
from fdtui.linux.bpf.builder import BUFFER, FILE, PROBE_READ_KERNEL, TASK, Builder
from fdtui.linux.bpf.layout import SOCK_STRUCT, TAIL, UNIX_NAME_MAX

# bpf-helpers(7), with the release that has each
_TO_TCP_SOCK = 137  # 5.9
_SOCK_FROM_FILE = 162  # 5.11
_TO_UNIX_SOCK = 178  # 5.16

_SK = TASK  # the task is not needed any more when a socket is looked at
_AF_UNIX = 1


def socket(b: Builder) -> None:
    """A socket's record ends in its endpoints, and in its name if it is a unix socket."""
    a, sock = b.asm, b.sock
    a.move(Reg.R1, FILE)
    a.call(_SOCK_FROM_FILE)
    a.jump(Jump.EQ, Reg.R0, 0, "not a socket")
    a.load(8, Reg.R1, Reg.R0, b.offset("socket.sk"))
    a.jump(Jump.EQ, Reg.R1, 0, "not a socket")
    a.move(_SK, Reg.R1)
    b.value(Reg.R0, "socket.type", sock["type"])
    for place in sock.values():
        if not place.field.path and place.field.name not in ("type", ""):
            b.zero(place)
    if b.kernel.has("proto_ops.show_fdinfo"):
        b.follow(Reg.R1, Reg.R0, "socket.ops.show_fdinfo")
        a.jump(Jump.EQ, Reg.R1, 0, "no socket fdinfo")
        b.one(sock["show_fdinfo"])
        a.label("no socket fdinfo")
    for place in sock.values():
        if place.field.path:
            b.field(_SK, place)
    b.follow(Reg.R3, _SK, "sock.sk_prot_creator")
    a.alu(Alu.ADD, Reg.R3, b.offset("proto.name"))
    b.probe(sock["proto_name"].offset, sock["proto_name"].size)
    _tcp(b)
    if b.options.unix:
        _unix(b)
    b.one(b.head["is_sock"])
    a.load(2, Reg.R3, BUFFER, sock["unix_length"].offset)
    a.alu(Alu.AND, Reg.R3, UNIX_NAME_MAX - 1)
    a.alu(Alu.ADD, Reg.R3, SOCK_STRUCT.size)
    a.store(2, BUFFER, b.head["length"].offset, Reg.R3)
    a.alu(Alu.ADD, Reg.R3, TAIL + 7)
    a.alu(Alu.AND, Reg.R3, 0x3F8)
    a.jump(Jump.ALWAYS, Reg.R0, 0, "write")
    a.label("not a socket")


def _tcp(b: Builder) -> None:
    """Sequence numbers, from which ss(8) and sock_diag count the queued bytes."""
    a = b.asm
    a.move(Reg.R1, _SK)
    a.call(_TO_TCP_SOCK)
    a.jump(Jump.EQ, Reg.R0, 0, "not tcp")
    for name in ("rcv_nxt", "copied_seq", "write_seq", "snd_una"):
        b.value(Reg.R0, f"tcp_sock.{name}", b.sock[name])
    a.label("not tcp")


def _unix(b: Builder) -> None:
    """Descriptors in flight, the peer's inode, the name as struct sockaddr_un."""
    a, sock = b.asm, b.sock
    a.load(2, Reg.R1, BUFFER, sock["family"].offset)
    a.jump(Jump.NE, Reg.R1, _AF_UNIX, "not unix")
    a.move(Reg.R1, _SK)
    a.call(_TO_UNIX_SOCK)
    a.jump(Jump.EQ, Reg.R0, 0, "not unix")
    if b.kernel.has("unix_sock.scm_stat.nr_fds.counter"):
        b.value(Reg.R0, "unix_sock.scm_stat.nr_fds.counter", sock["scm_fds"])
    a.load(8, Reg.R2, Reg.R0, b.offset("unix_sock.peer"))
    a.jump(Jump.EQ, Reg.R2, 0, "no peer")
    b.value(Reg.R2, "sock.sk_socket.file.f_inode.i_ino", sock["peer_ino"])
    a.label("no peer")
    a.load(8, Reg.R3, Reg.R0, b.offset("unix_sock.addr"))
    a.jump(Jump.EQ, Reg.R3, 0, "not unix")
    a.load(4, Reg.R2, Reg.R3, b.offset("unix_address.len"))
    a.jump(Jump.GT, Reg.R2, UNIX_NAME_MAX - 1, "not unix")
    # the name's own length, never more: what lies behind it in memory is not ours to show
    a.store(2, BUFFER, sock["unix_length"].offset, Reg.R2)
    a.alu(Alu.AND, Reg.R2, UNIX_NAME_MAX - 1)
    a.alu(Alu.ADD, Reg.R3, b.offset("unix_address.name"))
    a.move(Reg.R1, BUFFER, TAIL + SOCK_STRUCT.size)
    a.call(PROBE_READ_KERNEL)
    a.label("not unix")
