"""A FUSE server in plain Python: `python hangfs.py MOUNTPOINT`; prints `mounted` when it is.

`hang`: reads are never answered.  `stuck`: neither is the flush of a close.  `bad`: the second
block of 4 KiB is EIO.  `fine`: all is well.  Ends the mount when it is killed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = (
    1, 2, 3, 14, 15, 17, 18, 25, 26, 36, 42,
)  # fmt: skip
NAMES = {b"hang": 2, b"stuck": 3, b"bad": 4, b"fine": 5}
HANG, STUCK, BAD = 2, 3, 4
SIZE = 64 << 10
BLOCK = 4096
HEADER = struct.Struct("<IIQQIIII")


def attributes(node: int) -> bytes:
    mode = stat.S_IFDIR | 0o755 if node == 1 else stat.S_IFREG | 0o666
    size = 0 if node == 1 else SIZE
    return struct.pack("<6Q3I7I", node, size, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, BLOCK, 0)


def answer(op: int, node: int, body: bytes) -> bytes | int | None:
    """Return the answer's body, an errno, or None for no answer at all."""
    if op in (FORGET, BATCH_FORGET, INTERRUPT):
        return None
    if op == INIT:
        return struct.pack("<IIIIHHIIHHI", 7, 31, 65536, 0, 12, 10, 65536, 1, 1, 0, 0) + bytes(28)
    if op == LOOKUP:
        found = NAMES.get(body.rstrip(b"\0"))
        entry = struct.pack("<4Q2I", found or 0, 0, 0, 0, 0, 0)
        return entry + attributes(found) if found else errno.ENOENT
    if op == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(node)
    if op == OPEN:
        return struct.pack("<QII", 1, 0, 0)
    if op == STATFS:
        return struct.pack("<5Q4I", 0, 0, 0, 0, 0, BLOCK, 255, BLOCK, 0) + bytes(24)
    if op == READ:
        _, offset, length = struct.unpack_from("<QQI", body)
        if node in (HANG, STUCK):
            return None
        end = min(offset + length, SIZE)
        if node == BAD and offset < 2 * BLOCK and end > BLOCK:
            return errno.EIO
        return bytes(65 + (at // BLOCK) % 26 for at in range(offset, end))
    if op == FLUSH and node == STUCK:
        return None
    return b"" if op in (FLUSH, RELEASE) else errno.ENOSYS


def main() -> None:
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if ctypes.CDLL(None, use_errno=True).mount(
        b"hangfs", sys.argv[1].encode(), b"fuse", 0, options
    ):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    while True:
        request = os.read(fuse, 1 << 20)
        _, op, unique, node, *_ = HEADER.unpack_from(request)
        said = answer(op, node, request[HEADER.size :])
        if said is None:
            continue
        body, code = (b"", said) if isinstance(said, int) else (said, 0)
        os.write(fuse, struct.pack("<IiQ", 16 + len(body), -code, unique) + body)


if __name__ == "__main__":
    main()
