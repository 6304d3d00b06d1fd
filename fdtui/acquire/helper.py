"""Pull by a helper: another process takes the descriptor in its own right and sends it."""

from __future__ import annotations

import errno
import os
import threading

from fdtui.acquire import helper_process, identity
from fdtui.acquire.base import Method, Target, Verdict
from fdtui.acquire.helper_client import HelperClient, HelperInfo
from fdtui.acquire.identity import Identity
from fdtui.acquire.permission import attach_refusal, filter_refusal, filtered
from fdtui.acquire.pidfd_getfd import open_process
from fdtui.errors import CallFailed, FdtuiError
from fdtui.linux.owned import OwnedFd
from fdtui.linux.status import read_status


class HelperMethod(Method):
    """Uses the helper attached to it; for the user's own processes it starts one by itself."""

    name = "helper"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: HelperClient | None = None
        self._info: HelperInfo | None = None
        self._own: helper_process.HelperProcess | None = None
        # For programs without a screen: start one through sudo too, quietly (False) or with the
        # terminal at hand (True).
        self.ask: bool | None = None

    def attach(self, client: HelperClient, info: HelperInfo) -> None:
        """Use this helper from now on, one that answered HELLO."""
        with self._lock:
            self._client, self._info = client, info

    def detach(self) -> None:
        """Use none; one that was started here ends."""
        with self._lock:
            if self._own is not None:
                self._own.close()
            self._client = self._info = self._own = None

    @property
    def client(self) -> HelperClient | None:
        """The helper that runs, if one does."""
        client = self._client
        return client if client is not None and client.alive else None

    @property
    def words(self) -> str:
        """`root`, `own rights` or `` for the status line."""
        if self.client is None or self._info is None:
            return ""
        return "root" if self._info.euid == 0 else "own rights"

    def check(self, target: Target) -> Verdict:
        """Say what a helper could do here, and what starting one takes."""
        try:
            open_process(target).close()
        except FdtuiError as error:
            return Verdict("refused", error.message, error.remedy)
        if self.client is not None and self._info is not None and self._can(target, self._info):
            return Verdict("works", f"as {self.words}, running as pid {self._info.pid}")
        if code := filtered():  # it would live under the filter as well, also as root
            return Verdict("refused", *filter_refusal(code))
        if own_rights_do(target):
            return Verdict("ready", "as yourself, a plain child", "--via helper")
        tools = helper_process.tools()
        if not tools:
            cause = "no sudo, pkexec or doas is installed here"
            return Verdict("refused", cause, "apt-get install sudo, or run fdtui as root")
        if read_status().no_new_privs:
            cause = f"fdtui runs with no_new_privs: {tools[0]} cannot raise anything"
            return Verdict("refused", cause, "run fdtui outside the sandbox")
        makes_way = "the screen makes way for the password and comes back"
        return Verdict("ready", f"as root, through {tools[0]}", makes_way)

    def acquire(self, target: Target) -> OwnedFd:
        """Have it sent: what is taken is compared with what the helper saw a moment before."""
        client = self._running(target)
        call = f"helper STEAL(pid {target.pid}, fd {target.fd})"
        with open_process(target) as pidfd:
            entry = client.entry(target.pid, target.fd)
            if entry.stat is None:
                code = entry.error.errno if entry.error else errno.EIO
                raise CallFailed(call, code, *self._explain(target, code))
            expected = Identity(entry.stat.dev, entry.stat.ino, entry.link)
            try:
                return client.steal(pidfd, target.fd, expected, by_link=entry.file_type == 0)
            except CallFailed as error:
                if error.errno != errno.EPERM:
                    raise
                raise CallFailed(call, error.errno, *self._explain(target, error.errno)) from error

    def _running(self, target: Target) -> HelperClient:
        with self._lock:
            if self.client is None and (started := self._start(target)):
                self._own, self._client, self._info = started, started.client, started.info
        if (client := self.client) is None:
            verdict = self.check(target)
            raise FdtuiError(f"no helper runs: {verdict.why}", verdict.remedy)
        return client

    def _start(self, target: Target) -> helper_process.HelperProcess | None:
        if os.geteuid() == 0 or (_is_own(target) and not _refused(target)):
            return helper_process.start("self")
        if self.ask is None or not (tools := helper_process.tools()):
            return None
        try:
            return helper_process.start(tools[0])
        except helper_process.HelperFailed as error:
            if not (error.needs_password and self.ask):
                raise
            return helper_process.start(tools[0], ask=True)

    def _can(self, target: Target, info: HelperInfo) -> bool:
        return info.sees_all or (_is_own(target) and not _refused(target))

    def _explain(self, target: Target, code: int) -> tuple[str, str]:
        if code in (errno.EPERM, errno.EACCES) and not (self._info and self._info.sees_all):
            return attach_refusal(target.pid)
        if code == errno.EPERM:
            return "the helper refuses itself, sudo and kernel threads, or a module refuses it", ""
        return "", ""


def own_rights_do(target: Target) -> bool:
    """Would a helper without more rights than ours be permitted?"""
    return os.geteuid() == 0 or (_is_own(target) and not _refused(target))


def _is_own(target: Target) -> bool:
    try:
        return set(read_status(target.pid).uids[:3]) == {os.getuid()}
    except OSError:
        return False


def _refused(target: Target) -> bool:
    """May this user not attach?  Asked with the right to read /proc/PID/syscall."""
    try:
        with open(f"/proc/{target.pid}/syscall", "rb") as file:
            file.read(1)
    except OSError:
        return True
    return False


def same_description(fd: OwnedFd, pid: int, target_fd: int) -> bool | None:
    """As identity.same_description; where kcmp(2) is refused the running helper is asked."""
    answer = identity.same_description(fd, pid, target_fd)
    if answer is not None or (client := METHOD.client) is None:
        return answer
    try:
        (order,) = client.compare([(os.getpid(), fd.fileno(), pid, target_fd)])
    except FdtuiError:
        return None
    if isinstance(order, int):
        return order == 0
    return False if order.errno in (errno.EBADF, errno.ESRCH) else None


METHOD = HelperMethod()
