"""The task_file iterator: BTF, assembler, program and decoder, against what we opened ourselves."""

from __future__ import annotations

import errno
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.errors import CallFailed
from fdtui.linux.bpf import iterator
from fdtui.linux.bpf.asm import Alu, Assembler, Jump, Reg, encode
from fdtui.linux.bpf.btf import VMLINUX, Btf, Kernel, Missing
from fdtui.linux.bpf.builder import Match, Options
from fdtui.linux.bpf.decode import Row, link_of, sock_of
from fdtui.linux.bpf.iterator import TaskFile, available
from fdtui.linux.bpf.layout import RECORD_MAX
from fdtui.linux.bpf.program import assemble
from fdtui.linux.procfs import parse_fdinfo
from fdtui.linux.sockdiag import OWNED_STATES
from tests.puppets import Puppet

needs_root = pytest.mark.needs_root


def blob(records: list[bytes], strings: list[str]) -> bytes:
    text = b"\0" + b"".join(s.encode() + b"\0" for s in strings)
    types = b"".join(records)
    head = struct.pack("=HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(text))
    return head + types + text


def record(name: int, kind: int, count: int, size: int, *words: int) -> bytes:
    return struct.pack(f"={3 + len(words)}I", name, kind << 24 | count, size, *words)


STRINGS = ["int", "outer", "deep", "next", "value", "run"]
OFFSET = {name: 1 + sum(len(s) + 1 for s in STRINGS[:index]) for index, name in enumerate(STRINGS)}
SMALL = blob(
    [
        record(OFFSET["int"], 1, 0, 4, 32),  # 1 int
        record(0, 5, 1, 8, OFFSET["deep"], 1, 32),  # 2 union { int deep at bit 32 }
        record(0, 2, 0, 4),  # 3 pointer to 4
        record(OFFSET["outer"], 4, 3, 24, 0, 2, 64, OFFSET["next"], 5, 0, OFFSET["value"], 1, 128),
        record(0, 10, 0, 3),  # 5 const pointer
        record(OFFSET["run"], 12, 0, 1),  # 6 func
    ],
    STRINGS,
)


def test_btf_finds_members_through_pointers_and_anonymous_unions() -> None:
    btf = Btf(SMALL)
    assert btf.chain("outer.value") == ((), 16, 4)
    assert btf.chain("outer.deep") == ((), 12, 4)
    assert btf.chain("outer.next.next.value") == ((0, 0), 16, 4)
    assert btf.chain("outer.next") == ((), 0, 8)
    assert btf.function("run") == 6


@pytest.mark.parametrize("path", ["outer.none", "nothing.value", "outer.value.deep", "int.value"])
def test_btf_says_what_is_missing(path: str) -> None:
    with pytest.raises(Missing):
        Btf(SMALL).chain(path)


def test_btf_of_another_byte_order_is_refused() -> None:
    with pytest.raises(Missing, match="byte order"):
        Btf(b"\xeb\x9f" + SMALL[2:])


@pytest.mark.skipif(not os.path.exists(VMLINUX), reason="kernel without BTF")
def test_answers_of_the_kernel_survive_its_blob() -> None:
    kernel = Kernel()
    chain = kernel.chain("file.f_inode.i_ino")
    assert len(chain.pointers) == 1
    assert chain.size == struct.calcsize("l")
    kernel.forget_blob()
    assert kernel.chain("file.f_inode.i_ino") == chain
    assert not kernel.has("file.no_such_member")


def test_assembler_resolves_jumps_in_instructions() -> None:
    a = Assembler()
    a.set(Reg.R0, 0)
    a.jump(Jump.EQ, Reg.R1, 0, "end")
    a.wide(Reg.R2, 0x1122334455667788)
    a.alu_reg(Alu.XOR, Reg.R1, Reg.R2)
    a.label("end")
    a.exit()
    code = a.code()
    assert len(code) == 6 * 8
    assert code[8:16] == encode(Jump.EQ, Reg.R1, 0, 3, 0)  # over the two halves and the xor
    assert struct.unpack_from("=i", code, 16 + 4)[0] == 0x55667788
    assert struct.unpack_from("=i", code, 24 + 4)[0] == 0x11223344
    with pytest.raises(ValueError, match="twice"):
        a.label("end")


def test_programs_differ_only_in_their_keys() -> None:
    kernel = Kernel()
    one, two = (assemble(kernel, 3, Options()) for _ in range(2))
    assert len(one) == len(two)
    assert one != two


@pytest.fixture(scope="module")
def table() -> Iterator[TaskFile]:
    reason = available()
    if reason:
        pytest.skip(reason)
    with TaskFile.load() as loaded:
        yield loaded


def own(table: TaskFile) -> dict[int, tuple[Row, bytes]]:
    return {row.fd: (row, tail) for row, tail in table.rows(os.getpid())}


@needs_root
def test_fields_are_those_of_fstat_and_fdinfo(table: TaskFile, tmp_path: Path) -> None:
    name = b"odd\n\xff (deleted)"
    fd = os.open(os.fsencode(tmp_path) + b"/" + name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    high = os.dup2(fd, 777)
    try:
        os.write(fd, b"x" * 5000)
        os.fsync(fd)
        os.lseek(fd, 99, os.SEEK_SET)
        rows = own(table)
        for number, cloexec in ((fd, 1), (high, 0)):
            row, tail = rows[number]
            st, info = (
                os.fstat(number),
                parse_fdinfo(Path(f"/proc/self/fdinfo/{number}").read_bytes()),
            )
            assert link_of(row, tail) == os.readlink(f"/proc/self/fd/{number}")
            assert (row.pos, row.ino, row.size) == (99, st.st_ino, 5000)
            assert (row.mode, row.nlink, row.uid) == (st.st_mode, st.st_nlink, st.st_uid)
            assert (row.blocks, row.mnt_id) == (st.st_blocks, info.mnt_id)
            assert (row.dev >> 20, row.dev & 0xFFFFF) == (
                os.major(st.st_dev),
                os.minor(st.st_dev),
            )
            assert row.flags == info.flags & ~os.O_CLOEXEC
            assert row.cloexec == cloexec
        assert rows[fd][0].ofd == rows[high][0].ofd
        assert len({row.table for row, _ in rows.values()}) == 1
    finally:
        os.close(fd)
        os.close(high)


@needs_root
def test_same_file_opened_twice_is_two_descriptions(table: TaskFile, tmp_path: Path) -> None:
    path = tmp_path / "twice"
    path.touch()
    with open(path) as one, open(path) as two:
        rows = own(table)
        assert rows[one.fileno()][0].ofd != rows[two.fileno()][0].ofd
        assert rows[one.fileno()][0].ino == rows[two.fileno()][0].ino


@needs_root
@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_tcp_endpoints_states_and_queues(table: TaskFile, family: int, host: str) -> None:
    with socket.create_server((host, 0), family=family, backlog=7) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((host, port)) as ours:
            rows = own(table)
            waiting = sock_of(rows[listener.fileno()][1]).sock
            assert (waiting.state, waiting.laddr != "", waiting.lport) == (10, True, port)
            assert (waiting.recv_queue, waiting.send_queue) == (1, 7)
            theirs, _ = listener.accept()
            with theirs:
                ours.sendall(b"twelve bytes")
                rows = own(table)
                left = sock_of(rows[ours.fileno()][1])
                right = sock_of(rows[theirs.fileno()][1])
                assert (left.sock.laddr, left.sock.lport) == ours.getsockname()[:2]
                assert (left.sock.raddr, left.sock.rport) == (host, port)
                assert (right.sock.raddr, right.sock.rport) == ours.getsockname()[:2]
                assert right.sock.recv_queue == 12
                assert left.proto == ("TCP" if family == socket.AF_INET else "TCPv6")
                assert right.sock.netns == os.stat("/proc/self/ns/net").st_ino
                assert 1 << right.sock.state & OWNED_STATES


@needs_root
def test_udp_and_unix_sockets(table: TaskFile, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        udp.sendto(b"self", udp.getsockname())
        named.bind(bytes(tmp_path / "s"))
        named.listen(3)
        abstract.bind(b"\0odd\0name")
        left, right = socket.socketpair()
        with left, right:
            rows = own(table)
            found = {s: sock_of(rows[s.fileno()][1]).sock for s in (udp, named, abstract, left)}
            assert found[udp].lport == udp.getsockname()[1]
            assert (found[udp].recv_queue or 0) > 0
            assert found[named].path == str(tmp_path / "s")
            assert (found[named].state, found[named].send_queue) == (10, 3)
            assert found[abstract].path == "@odd\0name"
            assert found[left].peer_ino == os.fstat(right.fileno()).st_ino
            assert (found[left].recv_queue, found[left].path) == (0, "")


@needs_root
def test_unix_name_is_never_longer_than_its_socket_says(table: TaskFile) -> None:
    with socket.socket(socket.AF_UNIX) as short:
        short.bind(b"\0x")
        _, tail = own(table)[short.fileno()]
        assert sock_of(tail).sock.path == "@x"
        assert tail.endswith(b"\1\0\0x")


@needs_root
def test_a_pipe_has_two_descriptions(table: TaskFile) -> None:
    read_end, write_end = os.pipe()
    try:
        row, tail = own(table)[read_end]
        assert link_of(row, tail) == f"pipe:[{row.ino}]"
        assert own(table)[write_end][0].ofd != row.ofd
    finally:
        os.close(read_end)
        os.close(write_end)


@needs_root
def test_alone_is_what_nobody_else_has(table: TaskFile) -> None:
    """Not after dup(2), not after fork(2), not in a table of two processes (CLONE_FILES)."""

    def alone(puppet: Puppet, fd: int) -> bool:
        rows = {row.fd: row for row, _ in table.rows(puppet.pid)}
        return bool(rows[fd].alone)

    with Puppet() as puppet:
        fd = puppet("os.open('/dev/null', os.O_RDWR)")
        assert alone(puppet, fd)
        puppet(f"d = os.dup({fd})")
        assert not alone(puppet, fd)
        puppet("os.close(d)")
        assert alone(puppet, fd)
    with Puppet() as puppet:
        fd = puppet("os.open('/dev/null', os.O_RDWR)")
        puppet(
            "c = os.fork()\nif not c: libc = ctypes.CDLL(None); libc.prctl(1, 9); signal.pause()"
        )
        assert not alone(puppet, fd)
    with Puppet() as puppet:
        fd = puppet("os.open('/dev/null', os.O_RDWR)")
        puppet(
            "libc = ctypes.CDLL(None); c = libc.syscall(56 if os.uname().machine == 'x86_64' "
            "else 220, 0x400 | 17, 0, 0, 0, 0)\n"
            "if not c: libc.prctl(1, 9); signal.pause(); os._exit(0)"
        )
        assert not alone(puppet, fd)


@needs_root
def test_a_match_lists_one_file_only(table: TaskFile, tmp_path: Path) -> None:
    path = tmp_path / "wanted"
    path.touch()
    with open(path) as wanted, open(tmp_path / "other", "w"):
        row = own(table)[wanted.fileno()][0]
        with table.matching(Match(row.ino, row.dev)) as only:
            found = [(r.pid, r.fd) for r, _ in only.rows()]
        assert found == [(os.getpid(), wanted.fileno())]


@needs_root
def test_closing_leaves_no_descriptor_behind(table: TaskFile) -> None:
    before = os.listdir("/proc/self/fd")
    with TaskFile.load() as another:
        for chunk in another.chunks():
            assert chunk
            break
    assert os.listdir("/proc/self/fd") == before


@needs_root
def test_passes_do_not_mix(table: TaskFile) -> None:
    found: list[int] = []

    def other() -> None:
        found.append(len(own(table)))

    thread = threading.Thread(target=other)
    for number, _ in enumerate(table.chunks()):
        if not number:
            thread.start()
            with pytest.raises(RuntimeError, match="inside a pass"):
                own(table)
        assert not found  # it waits
    thread.join()
    assert found[0] > 3


@needs_root
def test_a_program_that_lies_is_not_believed(
    table: TaskFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Kernel.chain

    def lying(self: Kernel, path: str) -> object:
        return real(self, "file.f_flags" if path == "file.f_inode.i_ino" else path)

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(Kernel, "chain", lying)
    with pytest.raises(CallFailed, match="self test") as failed:
        TaskFile.load()
    assert failed.value.errno == errno.EILSEQ
    assert os.listdir("/proc/self/fd") == before


@needs_root
def test_a_refused_program_tells_the_verifiers_words(
    table: TaskFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(kernel: Kernel, map_fd: int, options: Options) -> bytes:
        a = Assembler()
        a.load(8, Reg.R0, Reg.R3, 0)  # r3 was never set
        a.exit()
        return a.code()

    monkeypatch.setattr(iterator, "assemble", endless)
    with pytest.raises(CallFailed, match="R3 !read_ok"):
        TaskFile.load()


@needs_root
def test_records_fit_the_seq_buffer(table: TaskFile) -> None:
    assert RECORD_MAX < 8192
    assert all(len(chunk) <= 32768 and len(chunk) % 8 == 0 for chunk in table.chunks())
