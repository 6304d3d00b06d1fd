"""/proc/PID/status: the credentials, signals, seccomp mode and tracer of a process or thread."""

from __future__ import annotations

from fdtui.linux.lean import NamedTuple
from fdtui.linux.procfs import read_file

CAP_DAC_READ_SEARCH = 2
CAP_SYS_PTRACE = 19
CAP_SYS_ADMIN = 21


class Status(NamedTuple):
    """The lines of proc_pid_status(5) that decide who may do what; sets are bit masks."""

    uids: tuple[int, ...]  # real, effective, saved, file system
    gids: tuple[int, ...]
    tracer: int  # pid of the tracer, 0 for none
    permitted: int
    effective: int
    seccomp: int  # 0 none, 1 strict, 2 filter
    no_new_privs: bool
    pending: int  # of the thread and of the process
    blocked: int

    def capable(self, capability: int) -> bool:
        """True when the capability is effective."""
        return bool(self.effective >> capability & 1)


def parse_status(text: bytes) -> Status:
    """Parse status; lines that the kernel was built without count as 0."""

    def value(key: bytes) -> bytes:
        _, found, rest = text.partition(b"\n%b:\t" % key)  # Name is first, and has no newline
        return rest[: rest.find(b"\n")] if found else b""

    def numbers(key: bytes) -> tuple[int, ...]:
        return tuple(map(int, value(key).split()))

    def mask(key: bytes) -> int:
        return int(value(key) or b"0", 16)

    return Status(
        uids=numbers(b"Uid"),
        gids=numbers(b"Gid"),
        tracer=int(value(b"TracerPid") or b"0"),
        permitted=mask(b"CapPrm"),
        effective=mask(b"CapEff"),
        seccomp=int(value(b"Seccomp") or b"0"),
        no_new_privs=value(b"NoNewPrivs") == b"1",
        pending=mask(b"SigPnd") | mask(b"ShdPnd"),
        blocked=mask(b"SigBlk"),
    )


def read_status(pid: int | str = "self", tid: int | None = None) -> Status:
    """Read the status of a process, or of one of its threads; ENOENT when it is gone."""
    path = f"/proc/{pid}/status" if tid is None else f"/proc/{pid}/task/{tid}/status"
    return parse_status(read_file(path))
