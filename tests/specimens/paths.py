"""Specimens that only name a place: O_PATH, symbolic links, mounts attached nowhere."""

from __future__ import annotations

import os
import socket
import time

from tests.specimens.files import folder, new_file
from tests.specimens.registry import Keep, buffer, specimen, syscall


@specimen("o-path", "o-path", unseen=True)
def _o_path(keep: Keep) -> int:
    return os.open(new_file(), os.O_PATH)


@specimen("o-path-socket", "o-path", unseen=True)
def _o_path_socket(keep: Keep) -> int:
    path = folder() / f"name-{time.monotonic_ns()}"
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    keep.append(sock)
    return os.open(path, os.O_PATH)


@specimen("o-path-of-open-socket", "o-path", unseen=True)
def _o_path_open_socket(keep: Keep) -> int:
    sock = socket.socket(socket.AF_UNIX)
    keep.append(sock)
    return os.open(f"/proc/self/fd/{sock.fileno()}", os.O_PATH)


@specimen("symlink", "symlink", unseen=True)
def _symlink(keep: Keep) -> int:
    path = folder() / f"link-{time.monotonic_ns()}"
    path.symlink_to("/etc/passwd")
    return os.open(path, os.O_PATH | os.O_NOFOLLOW)


def new_tmpfs() -> int:
    """A tmpfs mounted nowhere: files in it have paths that start at its own root."""
    fsconfig_cmd_create = 6
    context = syscall("fsopen", buffer(b"tmpfs\0"), 0)
    syscall("fsconfig", context, fsconfig_cmd_create, None, None, 0)
    mount = syscall("fsmount", context, 0, 0)
    os.close(context)
    return mount


@specimen("mount", "mount", unseen=True)
def _mount(keep: Keep) -> int:
    return new_tmpfs()


@specimen("open-tree", "mount", unseen=True)
def _open_tree(keep: Keep) -> int:
    open_tree_clone, at_fdcwd = 1, -100
    return syscall("open_tree", at_fdcwd, buffer(os.fsencode(folder()) + b"\0"), open_tree_clone)
