"""Processes that the mount option hidepid of proc(5) keeps from us, without a word of its own."""

from __future__ import annotations

import os

from fdtui.linux.lean import NamedTuple

REMEDY = "sudo mount -o remount,hidepid=0 /proc, or run fdtui as root"


class Hiding(NamedTuple):
    """`option` as /proc is mounted; `pids` are listed by number alone, None: not even so."""

    option: str
    pids: int | None

    @property
    def words(self) -> str:
        """What a person should know."""
        if self.pids is None:
            return f"other users' processes are hidden and cannot be counted: {self.option}"
        what = "process" if self.pids == 1 else "processes"
        return f"{self.pids} {what} of other users, kernel threads too, are hidden: {self.option}"


def hiding(root: str = "/proc") -> Hiding | None:
    """Return what is hidden; None when every process is listed with its name (4 us).

    Process 1 runs in every pid namespace: it is hidden exactly when others' processes are, unless
    it is ours.
    """
    try:
        os.close(os.open(f"{root}/1/stat", os.O_RDONLY | os.O_CLOEXEC))
    except FileNotFoundError:
        return Hiding(_option(), None)
    except PermissionError:
        return Hiding(_option(), sum(_unreadable(root, pid) for pid in os.listdir(root)))
    except OSError:
        pass
    return None


def _unreadable(root: str, pid: str) -> bool:
    """Is it a process of which not even the name is told?  /proc/PID/stat is everybody's else."""
    return pid.isdigit() and not os.access(f"{root}/{pid}/stat", os.R_OK)


def _option() -> str:
    """The option as it stands among those of the mount."""
    try:
        with open("/proc/self/mounts", "rb") as file:
            mounts = file.read().decode(errors="replace").splitlines()
    except OSError:
        return "hidepid"
    found = "hidepid"
    for line in mounts:
        fields = line.split(" ")
        if fields[1] == "/proc":  # the last one is on top
            options = [one for one in fields[3].split(",") if one.startswith("hidepid=")]
            found = options[0] if options else "hidepid"
    return found
