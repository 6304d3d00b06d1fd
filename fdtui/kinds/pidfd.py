"""pidfd_open(2): a handle on a process, or on one thread of it."""

from __future__ import annotations

import os
import struct

from fdtui.kinds._info import integer, line, muted, text
from fdtui.kinds.base import HANDLE, Fact, FdKind, Fit, fact
from fdtui.kinds.facts import Facts
from fdtui.linux.abi import signal_name
from fdtui.linux.cgroup import path_of_id, read_cgroup
from fdtui.linux.json_types import Info
from fdtui.linux.peek import Peek
from fdtui.linux.peek_handle import ioctl_ask
from fdtui.linux.procfs import Entry, ProcFs
from fdtui.linux.spans import Spans
from fdtui.linux.users import user_name

_PIDFD_GET_INFO = 0xC040FF0B  # Linux 6.13, struct pidfd_info of 64 bytes
_INFO = struct.Struct("=QQ11Ii")  # mask cgroupid | pid tgid ppid, 4 uids, 4 gids | exit_code
_CGROUPID, _EXIT = 0x4, 0x8
_PIDFD_THREAD = os.O_EXCL
_STATES = {
    "R": "running",
    "S": "running",
    "D": "running",
    "I": "running",
    "T": "stopped",
    "t": "traced",
    "Z": "a zombie",
    "X": "dead",
}


class PidFd(FdKind):
    """On pidfs since Linux 6.9, an anonymous inode before."""

    name = "pidfd"
    label = "pidfd"
    family = HANDLE
    examines = True

    def fit(self, facts: Facts) -> Fit:
        anonymous = facts.where == "anon_inode" and facts.name == "pidfd"
        return Fit.BY_FACT if facts.where == "pidfd" or anonymous else Fit.NO

    def describe(self, entry: Entry) -> Info:
        if entry.info is None:
            return {}
        pid = int((entry.info.get("Pid") or "-1").split()[0])
        found: Info = {
            "pid": pid if pid > 0 else None,
            "nspid": [int(word) for word in (entry.info.get("NSpid") or "").split() if pid > 0],
            "thread": bool(entry.info.flags & _PIDFD_THREAD),
            "state": "ended",
        }
        if pid > 0:
            try:
                stat = ProcFs().stat(pid)
                found["comm"] = stat.comm
                found["state"] = _STATES.get(stat.state, stat.state)
            except OSError:
                pass
        elif pid == 0:
            found["state"] = "in another pid namespace"
        return found

    def examine(self, peek: Peek, entry: Entry) -> Info:
        found = self.describe(entry)
        question = struct.pack("=Q56x", 0x1 | 0x2 | _CGROUPID | _EXIT)
        try:
            answer = _INFO.unpack(ioctl_ask(peek, _PIDFD_GET_INFO, question))
        except OSError:
            return found  # before Linux 6.13, or reaped before 6.15
        mask = answer[0]
        if mask & _CGROUPID and answer[1]:
            found["cgroupid"] = answer[1]
            if (path := path_of_id(answer[1])) is not None:
                found["cgroup"] = path
            elif (pid := integer(found, "pid")) is not None and (path := _own_cgroup(pid)):
                found["cgroup"] = path  # of a living one everybody may know it
        if mask & 0x1 and answer[2]:
            found["ppid"] = answer[4]
            found["uid"] = answer[5]
        if mask & _EXIT:
            found["exit_code"] = answer[-1]
        return found

    def target(self, entry: Entry, info: Info) -> Spans:
        if (code := integer(info, "exit_code")) is not None and text(info, "state") == "ended":
            return line(f"ended, {_exit_words(code)}")
        if (pid := integer(info, "pid")) is None:
            return line(f"a process {text(info, 'state') or 'nobody names'}")
        words = "thread" if info.get("thread") else "pid"
        spans = line(f"{words} {pid}, {text(info, 'state')}")
        return line(*spans, "  ", muted(text(info, "comm"))) if text(info, "comm") else spans

    def details(self, entry: Entry, info: Info) -> tuple[Fact, ...]:
        facts = []
        if (pid := integer(info, "pid")) is not None:
            facts.append(fact("process", f"{text(info, 'comm')} {pid}", text(info, "state")))
            nspid = info.get("nspid")
            if isinstance(nspid, list) and len(nspid) > 1:
                facts.append(fact("inside", " ".join(map(str, nspid[1:])), "in its own namespaces"))
        else:
            facts.append(fact("process", text(info, "state")))
        if (code := integer(info, "exit_code")) is not None:
            facts.append(fact("exit", _exit_words(code)))
        if info.get("thread"):
            facts.append(fact("thread", "yes", "PIDFD_THREAD: one thread, not the process"))
        if parent := integer(info, "ppid"):
            facts.append(fact("parent", f"pid {parent}"))
        if (uid := integer(info, "uid")) is not None:
            facts.append(fact("user", user_name(uid), f"uid {uid}"))
        if (group := integer(info, "cgroupid")) is not None:
            facts.append(fact("cgroup", text(info, "cgroup") or f"id {group}"))
        return tuple(facts)


def _own_cgroup(pid: int) -> str:
    try:
        return next((one.path for one in read_cgroup(pid) if one.hierarchy == 0), "")
    except OSError:
        return ""


def _exit_words(status: int) -> str:
    """A wait status in words: `exit status 3`, `killed by SIGKILL`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    name = signal_name(-code)
    return f"killed by signal {name}" if name.isdecimal() else f"killed by SIG{name}"


KIND = PidFd()
