"""The chain: every road to the same file, socket and pipe, also where a filter bars the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fdtui.acquire import chain
from fdtui.acquire.helper import METHOD as HELPER
from fdtui.acquire.identity import same_description
from fdtui.acquire.injection import WORKERS
from fdtui.errors import CallFailed, FdtuiError
from tests.puppets import Puppet
from tests.test_pidfd_getfd import SECCOMP

ROOT = str(Path(__file__).resolve().parent.parent)


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    with Puppet() as made:
        made(f"file = os.open({__file__!r}, os.O_RDONLY); os.lseek(file, 100, 0)")
        made("a, b = socket.socketpair(); r, w = os.pipe()")
        yield made
    HELPER.detach()
    WORKERS.close()


def numbers(puppet: Puppet) -> dict[str, int]:
    return {"file": puppet("file"), "socket": puppet("a.fileno()"), "pipe": puppet("r")}


@pytest.mark.needs_root
@pytest.mark.parametrize("via", ["pidfd_getfd", "helper", "injection"])
def test_the_same_three_by_every_method(puppet: Puppet, via: str) -> None:
    for name, fd in numbers(puppet).items():
        target = puppet.target(fd)
        acquired = chain.acquire(target, via)
        with acquired.fd as mine:
            assert acquired.method.name == via
            assert acquired.verified is True
            assert same_description(mine, puppet.pid, fd)
            if name == "file":
                assert os.lseek(mine.fileno(), 0, os.SEEK_CUR) == 100
                puppet("os.lseek(file, 7, os.SEEK_CUR)")
                assert os.lseek(mine.fileno(), 0, os.SEEK_CUR) == 107
                puppet("os.lseek(file, 100, 0)")


def test_the_order_and_the_names() -> None:
    assert tuple(chain.methods()) == chain.ORDER
    assert [m.name for m in chain.methods().values() if m.opt_in] == [
        "injection", "inbox", "reopen",
    ]  # fmt: skip
    assert [m.name for m in chain.methods().values() if not m.shares_description] == ["reopen"]


def test_every_method_has_a_verdict(puppet: Puppet) -> None:
    told = dict(chain.verdicts(puppet.target(puppet("a.fileno()"))))
    assert told["pidfd_getfd"].state == "works"
    assert told["helper"].state == "ready"
    assert told["inbox"].state in ("waiting", "refused")
    assert told["reopen"].state == "never"
    assert "a socket has no name" in told["reopen"].why


def test_a_method_that_is_none(puppet: Puppet) -> None:
    with pytest.raises(FdtuiError, match="no method is called gdb") as caught:
        chain.acquire(puppet.target(0), "gdb")
    assert "pidfd_getfd, helper, injection" in caught.value.remedy


def test_the_first_refusal_is_told_and_the_others_noted(puppet: Puppet) -> None:
    with pytest.raises(CallFailed, match=r"pidfd_getfd\(pid .*closed 99 .*EBADF") as caught:
        chain.acquire(puppet.target(99), injection=True)
    assert any("injection" in note for note in caught.value.__notes__)


# Under a filter

UNDER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from fdtui.acquire import chain, helper_process
from fdtui.acquire.base import Target
from fdtui.acquire.helper import METHOD
from fdtui.acquire.injection import WORKERS
from fdtui.errors import FdtuiError
helped = sys.argv[5] == "helped"
if helped:  # started outside the filter, as one that runs beside a container
    helper = helper_process.start("self")
    METHOD.attach(helper.client, helper.info)
exec(sys.argv[2])
refuse(json.loads(sys.argv[4]), int(sys.argv[6]))
said = []
for target in json.loads(sys.argv[3]):
    target = Target(*target)
    try:
        got = chain.acquire(target, injection=not helped)
        where = os.lseek(got.fd.fileno(), 0, os.SEEK_CUR) if target.fd == int(sys.argv[7]) else 0
        said.append([got.method.name, got.verified, os.readlink(f"/proc/self/fd/{got.fd.fileno()}"),
                     where, [str(error) for _, error in got.refusals]])
    except FdtuiError as error:
        said.append([str(error), error.remedy, getattr(error, "__notes__", [])])
print(json.dumps(said))
WORKERS.close()
if helped:
    helper.close()
"""
PIDFD_GETFD, KCMP, PTRACE = 438, 312, 101


def under_filter(puppet: Puppet, refused: list[int], code: int, helped: bool) -> list[list[object]]:
    targets = [puppet.target(fd) for fd in numbers(puppet).values()]
    argv = [
        ROOT,
        SECCOMP,
        json.dumps(targets),
        json.dumps(refused),
        "helped" if helped else "alone",
    ]
    done = subprocess.run(
        [sys.executable, "-c", UNDER, *argv, str(code), str(puppet("file"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said: list[list[object]] = json.loads(done.stdout)
    return said


@pytest.mark.needs_root
@pytest.mark.parametrize(("code", "name"), [(1, "EPERM"), (38, "ENOSYS")])
@pytest.mark.parametrize("helped", [True, False], ids=["helper", "injection"])
def test_a_filter_on_pidfd_getfd_and_kcmp(
    puppet: Puppet, code: int, name: str, helped: bool
) -> None:
    said = under_filter(puppet, [PIDFD_GETFD, KCMP], code, helped)
    links = [os.readlink(f"/proc/{puppet.pid}/fd/{fd}") for fd in numbers(puppet).values()]
    for (method, verified, link, where, refusals), expected in zip(said, links, strict=True):
        assert method == ("helper" if helped else "injection")
        assert verified is True
        assert link == expected
        assert where == (100 if link == __file__ else 0)
        assert isinstance(refusals, list)
        assert f"a seccomp filter around fdtui refuses pidfd_getfd ({name})" in refusals[0]


@pytest.mark.needs_root
def test_a_filter_on_everything_but_reopen(puppet: Puppet) -> None:
    said = under_filter(puppet, [PIDFD_GETFD, KCMP, PTRACE], 1, helped=False)
    for message, remedy, notes in said:
        assert "seccomp filter" in str(message)
        assert "--cap-add" in str(remedy)
        assert "injection" in str(notes)
