"""Devices of internal file systems, asked at an unlucky moment."""

from __future__ import annotations

import ctypes
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fdtui.linux import syscalls
from fdtui.linux.owned import OwnedFd
from fdtui.linux.pseudofs import _mqueue_device, mqueue_device

NAME = ctypes.create_string_buffer(f"fdtui-{os.getpid()}".encode())


@contextmanager
def queue() -> Iterator[OwnedFd]:
    """A queue as it is there for a moment whenever a thread asks, or stays when that is killed."""
    attributes = (ctypes.c_long * 8)(0, 1, 1, 0)
    flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    where, how = ctypes.addressof(NAME), ctypes.addressof(attributes)
    with OwnedFd(syscalls.call("mq_open", where, flags, 0o600, how)) as made:
        try:
            yield made
        finally:
            syscalls.call("mq_unlink", where)


def test_a_queue_of_the_name_that_suggests_itself_is_there_already() -> None:
    _mqueue_device.cache_clear()
    with queue() as made:
        there = syscalls.statx(made.fileno(), "", syscalls.AT_EMPTY_PATH).dev
        assert mqueue_device() == there


def test_a_full_table_is_no_answer_for_ever() -> None:
    _mqueue_device.cache_clear()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        assert mqueue_device() is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert mqueue_device() is not None


def test_threads_that_ask_at_once_get_one_answer() -> None:
    answers: list[object] = []
    for _ in range(20):
        _mqueue_device.cache_clear()
        together = threading.Barrier(4)

        def ask(together: threading.Barrier = together) -> None:
            together.wait()
            answers.append(mqueue_device())

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(answers)) == 1
    assert answers[0] is not None
