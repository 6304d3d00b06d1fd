"""What this machine allows: one function per question of `fdtui doctor`, each with a remedy."""

from __future__ import annotations

import errno
import locale
import os
import platform
import resource
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Callable, Iterator

from fdtui.acquire import helper_process, sessions
from fdtui.acquire.helper_process import HelperFailed
from fdtui.acquire.permission import (
    filter_refusal,
    filtered,
    in_child_user_namespace,
    user_name,
    yama_scope,
)
from fdtui.errors import errno_name
from fdtui.linux import scm, syscalls
from fdtui.linux.hidepid import REMEDY, hiding
from fdtui.linux.lean import TYPE_CHECKING, NamedTuple
from fdtui.linux.procfs import ProcFs, read_file
from fdtui.linux.registers import MACHINES
from fdtui.linux.status import CAP_SYS_ADMIN, CAP_SYS_PTRACE, read_status

if TYPE_CHECKING:
    from typing import Literal


_CLIPBOARDS = (("wl-copy", "WAYLAND_DISPLAY"), ("xclip", "DISPLAY"), ("xsel", "DISPLAY"))
_CAPABILITIES = {
    1: "CAP_DAC_OVERRIDE", 2: "CAP_DAC_READ_SEARCH", 3: "CAP_FOWNER", 19: "CAP_SYS_PTRACE",
    21: "CAP_SYS_ADMIN", 38: "CAP_PERFMON", 39: "CAP_BPF", 40: "CAP_CHECKPOINT_RESTORE",
}  # fmt: skip


class Finding(NamedTuple):
    """One line: about what, how it stands, in words, and what would change it."""

    topic: str
    state: Literal["ok", "limited", "missing"]
    words: str
    remedy: str = ""


def kernel() -> Iterator[Finding]:
    """The release, and the machine that injection must know."""
    release, machine = platform.release(), platform.machine()
    known = bool(syscalls.NUMBERS)
    yield Finding(
        "kernel",
        "ok" if known else "missing",
        f"Linux {release} {machine}",
        "" if known else f"the system call numbers of {machine} are not known to fdtui",
    )
    if machine not in MACHINES:
        yield Finding("injection", "missing", f"not written for {machine}")
    elif machine != "x86_64":
        yield Finding("injection", "limited", f"never tested on {machine}", "try it on a child")


def calls() -> Iterator[Finding]:
    """The calls that filters and old kernels lack, tried on this very process."""
    for call, since in (("pidfd_getfd", "5.6"), ("kcmp", "3.5")):
        code = filtered(call)
        refusal = filter_refusal(code, call, since) if code else None
        yield Finding(
            call,
            "missing" if refusal else "ok",
            refusal.cause if refusal else "works on this process itself",
            refusal.remedy if refusal else "",
        )
    yield _try("statx", "4.11", lambda: syscalls.statx(syscalls.AT_FDCWD, "/"))
    yield _try("process_vm_readv", "3.2", _read_own_memory)
    one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with one, two:
        pidfd = scm.peer_pidfd(one)
        yield Finding(
            "SO_PEERPIDFD",
            "ok" if pidfd else "limited",
            "works" if pidfd else "not in this kernel (6.5); pids serve instead",
        )
        if pidfd:
            pidfd.close()
        refuses = scm.refuse_descriptors(one)
        words = "works" if refuses else "not in this kernel (6.16); sockets drop what comes instead"
        yield Finding("SO_PASSRIGHTS", "ok" if refuses else "limited", words)


def _read_own_memory() -> None:
    from ctypes import addressof, create_string_buffer

    from fdtui.linux.ptrace import read_memory

    text = create_string_buffer(b"fdtui")
    read_memory(os.getpid(), addressof(text), 5)


def _try(call: str, since: str, attempt: Callable[[], object]) -> Finding:
    try:
        attempt()
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            refusal = filter_refusal(error.errno, call, since)
            return Finding(call, "missing", refusal.cause, refusal.remedy)
        return Finding(call, "limited", errno_name(error.errno or 0))
    return Finding(call, "ok", "works on this process itself")


def rights() -> Iterator[Finding]:
    """Who runs this, with which capabilities, and what stands in the way of attaching."""
    me = read_status()
    names = [name for bit, name in _CAPABILITIES.items() if me.effective >> bit & 1]
    full = me.capable(CAP_SYS_PTRACE)
    yield Finding(
        "user",
        "ok" if full else "limited",
        f"{user_name(os.geteuid())}, {', '.join(names) or 'no capabilities that matter here'}",
        "" if full else "other users' processes need a helper: p on a row, or --via helper",
    )
    scope = yama_scope()
    words = ("off", "only children, or with CAP_SYS_PTRACE", "only CAP_SYS_PTRACE", "nobody")
    open_to_us = scope == 0 or (full and scope < 3)
    yield Finding(
        "yama",
        "ok" if open_to_us else "limited",
        f"kernel.yama.ptrace_scope is {scope}: {words[min(scope, 3)]}"
        if os.path.exists("/proc/sys/kernel/yama")
        else "not in this kernel",
        "" if open_to_us else "sudo sysctl kernel.yama.ptrace_scope=0, or the helper",
    )
    if me.seccomp:
        suspend = "cannot suspend a target's filter for injection"
        yield Finding("seccomp", "limited", f"fdtui is under a filter: {suspend}", "run it outside")
    elif not me.capable(CAP_SYS_ADMIN):
        yield Finding(
            "seccomp",
            "limited",
            "no filter here; targets under one refuse injection",
            "as root the filter is suspended for the moment",
        )
    if in_child_user_namespace():
        yield Finding(
            "user namespace",
            "limited",
            "not the first one: processes outside refuse",
            "run fdtui outside the container",
        )
    if me.no_new_privs:
        yield Finding(
            "no_new_privs",
            "limited",
            "set: sudo cannot raise anything from here",
            "run fdtui outside the sandbox",
        )
    try:
        modules = read_file("/sys/kernel/security/lsm").decode().strip()
        yield Finding("security modules", "ok", modules or "none")
    except OSError as error:
        why = errno_name(error.errno or 0)
        yield Finding("security modules", "limited", f"not told ({why})", "mount securityfs")


def visibility() -> Iterator[Finding]:
    """How /proc is mounted, and into how many processes one can see."""
    hidden = hiding()
    yield Finding(
        "hidepid",
        "limited" if hidden else "ok",
        hidden.words if hidden else "hides nothing",
        REMEDY if hidden else "",
    )
    proc, blind, pids = ProcFs(), Counter[str](), ProcFs().pids()
    for pid in pids:
        try:
            proc.fds(pid)
        except OSError as error:
            blind[errno_name(error.errno or 0)] += error.errno not in (errno.ENOENT, errno.ESRCH)
    blocked = sum(blind.values())
    reasons = ", ".join(name for name, count in blind.items() if count)
    yield Finding(
        "processes",
        "limited" if blocked else "ok",
        f"{blocked} of {len(pids)} hidden: {reasons}" if blocked else f"all {len(pids)} visible",
        "p on one of them, or --via helper" if blocked else "",
    )


def ways_in() -> Iterator[Finding]:
    """What a helper could be raised with, and where others can send to."""
    tools = helper_process.tools()
    yield Finding(
        "raising tools",
        "ok" if tools else "missing",
        ", ".join(tools) or "neither sudo nor pkexec nor doas",
        "" if tools else "apt-get install sudo, or run fdtui as root",
    )
    try:
        yield Finding("python for root", "ok", helper_process.interpreter("sudo"))
    except HelperFailed as error:
        yield Finding("python for root", "missing", error.message, error.remedy)
    known = sessions.sessions()
    found = sessions.folders()
    where = str(found[0]) if found else "made when a session starts"
    listed = ", ".join(f"{s.id} (pid {s.pid})" for s in known)
    yield Finding("inbox", "ok", f"{where}{'; sessions: ' + listed if listed else ''}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft < 256
    yield Finding(
        "descriptors",
        "limited" if few else "ok",
        f"RLIMIT_NOFILE {soft} of {hard}",
        f"ulimit -n {min(hard, 1024)}" if few else "",
    )


def terminal() -> Iterator[Finding]:
    """What the screen needs."""
    term = os.environ.get("TERM", "")
    colours = os.environ.get("COLORTERM", "")
    poor = term in ("", "dumb")
    yield Finding(
        "terminal",
        "missing" if poor else "ok",
        f"TERM={term or '(not set)'}{' COLORTERM=' + colours if colours else ''}",
        "export TERM=xterm-256color" if poor else "",
    )
    encoding = locale.getencoding().lower()
    utf8 = encoding in ("utf-8", "utf8")
    yield Finding(
        "encoding",
        "ok" if utf8 else "limited",
        encoding,
        "" if utf8 else "export LANG=C.UTF-8; until then the screen is ASCII",
    )
    if sys.stdout.isatty():
        size = shutil.get_terminal_size()
        small = size.columns < 80 or size.lines < 24
        yield Finding(
            "size",
            "limited" if small else "ok",
            f"{size.columns} x {size.lines}",
            "80 x 24 shows every column that matters" if small else "",
        )
    ways = [name for name, display in _CLIPBOARDS if shutil.which(name) and os.environ.get(display)]
    words = "the terminal itself (OSC 52)" if not poor else ""
    if os.environ.get("TMUX"):
        words += ", inside tmux with set -g set-clipboard on"
    yield Finding(
        "clipboard",
        "ok" if ways or words else "missing",
        ", ".join(filter(None, [*ways, words])) or "none",
        "" if ways or words else "apt-get install xclip or wl-clipboard",
    )


QUESTIONS: tuple[Callable[[], Iterator[Finding]], ...] = (
    kernel,
    calls,
    rights,
    visibility,
    ways_in,
    terminal,
)


def findings() -> Iterator[Finding]:
    """Ask every question."""
    for question in QUESTIONS:
        yield from question()
