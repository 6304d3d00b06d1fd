"""Why the kernel lets fdtui attach to a process or not, as one cause and one remedy.

pidfd_getfd(2) and ptrace(2) ask the same question, PTRACE_MODE_ATTACH_REALCREDS, and answer it
with a bare EPERM.  The order here is that of __ptrace_may_access(): credentials, dumpable,
capabilities, then the security modules.
"""

from __future__ import annotations

import errno
import os
import pwd

from fdtui.errors import errno_name
from fdtui.linux import syscalls
from fdtui.linux.lean import NamedTuple
from fdtui.linux.owned import OwnedFd
from fdtui.linux.procfs import read_file
from fdtui.linux.status import CAP_SYS_PTRACE, Status, read_status

SUDO_HELPER = "p on the row, or --via helper: a helper that runs as root"


class Refusal(NamedTuple):
    """A cause in one line, and what would change it."""

    cause: str
    remedy: str


def filtered(call: str = "pidfd_getfd") -> int:
    """Return 0, or the errno with which this process may not make the call even on itself.

    Taking from oneself is always permitted, so an EPERM or ENOSYS here is a seccomp filter's or
    an old kernel's, never the target's.
    """
    try:
        with OwnedFd(syscalls.pidfd_open(os.getpid())) as pidfd:
            if call == "kcmp":
                syscalls.kcmp(os.getpid(), os.getpid(), syscalls.KCMP_FILE, *(pidfd.fileno(),) * 2)
            else:
                OwnedFd(syscalls.pidfd_getfd(pidfd.fileno(), pidfd.fileno())).close()
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            return error.errno
    return 0


def filter_refusal(
    code: int, call: str = "pidfd_getfd", since: str = "5.6", release: str = ""
) -> Refusal:
    """Say whether a call refused on oneself is filtered or not in this kernel yet."""
    release = release or os.uname().release
    if code == errno.ENOSYS and _version(release) < _version(since):
        return Refusal(
            f"Linux {release} has no {call}, which came with {since}",
            "the helper and reopen work without it",
        )
    return Refusal(
        f"a seccomp filter around fdtui refuses {call} ({errno_name(code)}), as in a container",
        "docker run --cap-add SYS_PTRACE, or --via injection, or run fdtui outside",
    )


def _version(release: str) -> tuple[int, ...]:
    numbers = release.split("-", maxsplit=1)[0].split(".")[:2]
    return tuple(int(number) if number.isdigit() else 0 for number in numbers)


def yama_scope() -> int:
    """Return kernel.yama.ptrace_scope, 0 where Yama is not built in."""
    try:
        return int(read_file("/proc/sys/kernel/yama/ptrace_scope"))
    except OSError:
        return 0


def attach_refusal(pid: int, scope: int | None = None) -> Refusal:
    """Explain an EPERM for attaching to `pid`; `scope` overrides Yama's, for tests."""
    if code := filtered():
        return filter_refusal(code)
    me = read_status()
    try:
        # root owns the fd folder, unlike /proc/PID itself, of a process that is not dumpable.
        them, owner = read_status(pid), os.stat(f"/proc/{pid}/fd").st_uid
    except OSError:
        return Refusal("the process is gone, or hidepid hides it", SUDO_HELPER)
    if not me.capable(CAP_SYS_PTRACE):
        if refusal := _by_credentials(me, them, owner):
            return refusal
    elif in_child_user_namespace():
        return Refusal("it is in a user namespace above that of fdtui", "run fdtui outside")
    return _by_yama(me, yama_scope() if scope is None else scope) or Refusal(
        f"a security module refuses ({_security_modules()})",
        "its policy, for example aa-status or ausearch -m avc, names the rule",
    )


def _by_credentials(me: Status, them: Status, owner: int) -> Refusal | None:
    if foreign := [uid for uid in them.uids[:3] if uid != me.uids[0]]:
        return Refusal(
            f"it runs as {user_name(foreign[0])}, fdtui as {user_name(me.uids[0])}", SUDO_HELPER
        )
    if foreign := [gid for gid in them.gids[:3] if gid != me.gids[0]]:
        return Refusal(f"it runs with group {foreign[0]}, fdtui with {me.gids[0]}", SUDO_HELPER)
    if owner != them.uids[1]:
        return Refusal(
            "it is not dumpable (PR_SET_DUMPABLE of prctl(2)), as ssh-agent", SUDO_HELPER
        )
    if in_child_user_namespace():
        return Refusal("it is in another user namespace than fdtui", "run fdtui outside")
    if them.permitted & ~me.permitted:
        return Refusal("it has capabilities that fdtui has not", SUDO_HELPER)
    return None


def _by_yama(me: Status, scope: int) -> Refusal | None:
    if scope >= 3:
        return Refusal(
            "kernel.yama.ptrace_scope is 3: nobody may attach until the next boot",
            "set kernel.yama.ptrace_scope in /etc/sysctl.d and reboot; reopen and inbox still work",
        )
    if me.capable(CAP_SYS_PTRACE) or scope == 0:
        return None
    if scope == 2:
        return Refusal("kernel.yama.ptrace_scope is 2: only root may attach", SUDO_HELPER)
    return Refusal(
        "kernel.yama.ptrace_scope is 1, and it is no child of fdtui",
        "sudo sysctl kernel.yama.ptrace_scope=0  changes that for every process",
    )


def in_child_user_namespace() -> bool:
    """True when this process is not in the initial user namespace."""
    try:
        return read_file("/proc/self/uid_map").split() != [b"0", b"0", b"4294967295"]
    except OSError:
        return False


def _security_modules() -> str:
    try:
        names = read_file("/sys/kernel/security/lsm").decode()
    except OSError:
        names = ""
    return names.strip() or "AppArmor, SELinux, Landlock or another"


def user_name(uid: int) -> str:
    """Return the login name, or `uid N` for an id without one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
