"""What the kernel's BTF told, kept until the next boot: finding it takes 30 ms, reading it 0.1.

The file is root's, in a folder that is root's alone to write; whatever in it does not fit is
found by the verifier or the self test, and asked for again.
"""

from __future__ import annotations

import os
import stat

from fdtui.linux.bpf.btf import VMLINUX, Chain, Kernel
from fdtui.linux.procfs import read_file

PLACE = "/run/fdtui/btf"
_LONGEST = 1 << 16  # bytes


def kernel() -> Kernel:
    """Return the running kernel with what was found out about it before."""
    try:
        lines = _read(PLACE).splitlines()
    except OSError:
        return Kernel()
    if not lines or lines[0] != _identity():
        return Kernel()
    chains: dict[str, Chain | None] = {}
    functions: dict[str, int] = {}
    try:
        for line in lines[1:]:
            what, name, *numbers = line.split()
            values = [int(number) for number in numbers]
            if what == "function":
                (functions[name],) = values
            elif values:
                *pointers, offset, size = values
                chains[name] = Chain(tuple(pointers), offset, size)
            else:
                chains[name] = None  # this kernel has it not
    except ValueError:
        return Kernel()
    return Kernel(known=(chains, functions))


def keep(known: Kernel) -> None:
    """Write the answers down; where that is refused the next start asks again."""
    chains, functions = known.answers
    lines = [_identity()]
    lines += [f"function {name} {ident}" for name, ident in functions.items()]
    for name, chain in chains.items():
        numbers = () if chain is None else (*chain.pointers, chain.offset, chain.size)
        lines.append(" ".join(["chain", name, *map(str, numbers)]))
    folder, new = os.path.dirname(PLACE), f"{PLACE}.{os.getpid()}"
    try:
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o755)
        if not _ours(os.lstat(folder)):
            return
        _remove(new)  # of an earlier process with our number
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join([*lines, ""]))
        os.replace(new, PLACE)
    except OSError:
        _remove(new)


def forget() -> None:
    """Remove what turned out to be wrong."""
    _remove(PLACE)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # it is not there; or not ours, and was not believed either


def _read(place: str) -> str:
    """OSError also for a file that somebody else could have written."""
    if not _ours(os.lstat(os.path.dirname(place))):
        raise PermissionError
    number = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(number)
        if not _ours(status) or not stat.S_ISREG(status.st_mode):
            raise PermissionError
        return os.read(number, _LONGEST).decode("ascii", "replace")
    finally:
        os.close(number)


def _ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _identity() -> str:
    """One boot of one kernel."""
    boot = read_file("/proc/sys/kernel/random/boot_id").decode().strip()
    return f"boot {boot} btf {os.stat(VMLINUX).st_size}"
