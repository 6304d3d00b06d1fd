"""An epoll of a server with many connections: its fdinfo is longer than a megabyte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fdtui.linux.fdtable import read_record
from fdtui.linux.procfs import ProcFs
from tests.puppets import Puppet

NUMBERS, FILES = range(100, 900), 20
MANY = len(NUMBERS) * FILES
# The set has a file once per number it was added by, also when the number is another's by now.
_FILL = f"""
epoll = select.epoll()
files = [os.eventfd(0) for _ in range({FILES})]
for file in files:
    for number in range({NUMBERS.start}, {NUMBERS.stop}):
        os.dup2(file, number)
        epoll.register(number, select.EPOLLIN)
"""


@pytest.fixture(scope="module")
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        made(_FILL)
        yield made


def test_every_one_is_counted(puppet: Puppet) -> None:
    epfd = puppet("epoll.fileno()")
    info = ProcFs().entry(puppet.pid, epfd).info
    record = read_record(puppet.pid, epfd)
    assert info is not None
    assert record is not None
    assert len(info.all("tfd")) == record.extra.count("tfd:") == MANY
