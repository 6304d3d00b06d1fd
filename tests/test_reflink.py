"""Dumps on a file system that shares blocks: nothing is copied."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fdtui.keeper.dump import dump
from tests.acting import custody_of
from tests.disks import sharing_disk
from tests.puppets import Puppet

MIB = 1 << 20
FIEMAP_EXTENT_SHARED = 0x2000


def shared_extents(path: Path) -> bool:
    """Are all extents shared with another file?  filefrag of e2fsprogs asks FIEMAP."""
    os.sync()
    told = subprocess.run(
        ["filefrag", "-v", str(path)], capture_output=True, text=True, check=True, timeout=10
    )
    extents = re.findall(r"^ +\d+: .*$", told.stdout, re.MULTILINE)
    return bool(extents) and all("shared" in extent for extent in extents)


@pytest.mark.needs_root
def test_a_deleted_file_is_recovered_by_sharing_its_blocks(tmp_path: Path) -> None:
    with sharing_disk(tmp_path / "disk") as disk, Puppet() as puppet:
        fd = puppet(f"os.open({str(disk / 'gone')!r}, os.O_RDWR | os.O_CREAT)")
        puppet(f"data = os.urandom({40 * MIB}); os.write({fd}, data); os.fsync({fd})")
        puppet(f"os.unlink({str(disk / 'gone')!r}); os.lseek({fd}, 7, 0)")
        before = puppet.fdinfo(fd)
        with custody_of(puppet.pid, fd) as custody:
            result = dump(custody, str(disk / "d"), overwrite=False, step=lambda done, total: None)
        assert (result.by, result.size) == ("reflink", 40 * MIB)
        with (disk / "printed").open("wb") as out:
            subprocess.run(
                [sys.executable, "-m", "fdtui", "cat", f"{puppet.pid}:{fd}"],
                stdout=out,
                check=True,
                timeout=30,
            )
        assert puppet.fdinfo(fd) == before
        for name in ("d", "printed"):
            assert puppet(f"open({str(disk / name)!r}, 'rb').read() == data")
            assert shared_extents(disk / name), name
        # The copies are their own: what the target does next is not in them.
        puppet(f"os.pwrite({fd}, b'changed', 0)")
        assert puppet(f"open({str(disk / 'printed')!r}, 'rb').read() == data")
        puppet(f"os.close({fd})")
