"""What a record of the iterator holds: each field's name, format and place in the kernel."""

from __future__ import annotations

import struct
from collections.abc import Collection
from enum import IntFlag

from fdtui.linux.lean import NamedTuple


class Field(NamedTuple):
    """`path` is a BTF chain from file, task_struct or sock; empty: the program computes it.

    An optional field is 0 on a kernel built without that member.
    """

    name: str
    format: str
    path: str = ""
    optional: bool = False


class More(IntFlag):
    """What the record lacks, and only a look into /proc tells."""

    INFO = 1  # fdinfo has lines of the kind
    LOCKS = 2  # and perhaps those of locks
    STAT = 4  # stat(2) may say another device, number, mode or size than the inode


class Place(NamedTuple):
    """Where a field lies in the record, in bytes."""

    offset: int
    size: int
    field: Field


_SK = "sock.__sk_common."

HEAD = (
    Field("ofd", "Q"),
    Field("table", "Q", "task_struct.files"),
    Field("pos", "q", "file.f_pos"),
    Field("ino", "Q", "file.f_inode.i_ino"),
    Field("size", "q", "file.f_inode.i_size"),
    Field("blocks", "Q", "file.f_inode.i_blocks"),
    Field("pid", "I", "task_struct.tgid"),
    Field("tid", "I", "task_struct.pid"),
    Field("fd", "I", "bpf_iter__task_file.fd"),
    Field("flags", "I", "file.f_flags"),
    Field("cloexec", "I"),
    Field("mnt_id", "i"),
    Field("dev", "I", "file.f_inode.i_sb.s_dev"),
    Field("rdev", "I", "file.f_inode.i_rdev"),
    Field("nlink", "I", "file.f_inode.i_nlink"),
    Field("uid", "I", "file.f_inode.i_uid"),
    Field("more", "I"),  # bits of More
    Field("alone", "I"),  # 1: no other descriptor can be of this description
    Field("mode", "H", "file.f_inode.i_mode"),
    Field("length", "H"),  # bytes that follow: a path with its NUL, or a SOCK and a unix name
    Field("is_sock", "I"),
)
SOCK = (
    Field("peer_ino", "Q"),
    Field("netns", "I", _SK + "skc_net.net.ns.inum", optional=True),
    Field("rx_packets", "I", "sock.sk_receive_queue.qlen"),
    Field("rx_alloc", "I", "sock.sk_backlog.rmem_alloc.counter"),
    Field("tx_alloc", "I", "sock.sk_wmem_alloc.refs.counter"),
    Field("backlog", "I", "sock.sk_ack_backlog"),
    Field("max_backlog", "I", "sock.sk_max_ack_backlog"),
    Field("rcv_nxt", "I"),
    Field("copied_seq", "I"),
    Field("write_seq", "I"),
    Field("snd_una", "I"),
    Field("scm_fds", "I"),
    Field("show_fdinfo", "I"),
    Field("saddr", "4s", _SK + "skc_rcv_saddr"),
    Field("daddr", "4s", _SK + "skc_daddr"),
    Field("saddr6", "16s", _SK + "skc_v6_rcv_saddr", optional=True),
    Field("daddr6", "16s", _SK + "skc_v6_daddr", optional=True),
    Field("proto_name", "32s"),
    Field("family", "H", _SK + "skc_family"),
    Field("type", "H"),
    Field("protocol", "H", "sock.sk_protocol"),
    Field("lport", "H", _SK + "skc_num"),
    Field("dport", "H", _SK + "skc_dport"),
    Field("unix_length", "H"),
    Field("state", "B", _SK + "skc_state"),
    Field("", "3x"),
)
PATH_MAX = 4096
UNIX_NAME_MAX = 128


def _struct(table: tuple[Field, ...]) -> struct.Struct:
    return struct.Struct("=" + "".join(field.format for field in table))


def struct_of(table: tuple[Field, ...], names: Collection[str]) -> struct.Struct:
    """Only these fields, in their order; the others are passed over."""
    sizes = ((field, struct.calcsize("=" + field.format)) for field in table)
    return struct.Struct(
        "=" + "".join(field.format if field.name in names else f"{size}x" for field, size in sizes)
    )


def places(table: tuple[Field, ...], at: int = 0) -> dict[str, Place]:
    """Name -> place, for a table that starts at that offset of the record."""
    found = {}
    for field in table:
        size = struct.calcsize("=" + field.format)
        found[field.name] = Place(at, size, field)
        at += size
    return found


HEAD_STRUCT, SOCK_STRUCT = _struct(HEAD), _struct(SOCK)
TAIL = HEAD_STRUCT.size
RECORD_MAX = TAIL + PATH_MAX + 8
assert TAIL % 8 == 0
assert SOCK_STRUCT.size % 8 == 0
