"""A row of one table as the scans of many tables have it."""

from __future__ import annotations

import os

from fdtui.linux.procfs import Entry
from fdtui.linux.record import Record
from fdtui.survey.links import bare_record


def record_of(entry: Entry) -> Record:
    """Return the same row as a Record; without its error; the number of cwd, root and exe is -1."""
    info, st = entry.info, entry.stat
    number = entry.fd if isinstance(entry.fd, int) else -1
    record = bare_record(entry.pid, number, entry.link)._replace(
        access=entry.access, sockproto=entry.sockproto
    )
    if info is not None:
        record = record._replace(
            flags=info.flags,
            pos=info.pos,
            mnt_id=info.mnt_id,
            extra="\n".join(f"{key}:\t{value}" for key, value in info.lines),
        )
    if st is not None:
        record = record._replace(
            ino=st.ino,
            dev=os.makedev(*st.dev),
            rdev=os.makedev(*st.rdev),
            mode=st.mode,
            size=st.size,
            blocks=st.blocks,
            nlink=st.nlink,
            uid=st.uid,
        )
    return record
