"""A real server that serves one client at a time, which a stuck one keeps from serving others."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVER = """
import http.server
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def http_server(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield pid and port."""
    with subprocess.Popen(
        [sys.executable, "-I", "-c", _SERVER],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        try:
            yield server.pid, int(server.stdout.readline())
            assert server.poll() is None
        finally:
            server.kill()
