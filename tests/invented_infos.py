"""What acquired descriptors of the invented ingestd tell: sockets, a terminal, watches."""

from __future__ import annotations

from fdtui.linux.json_types import Info, Json

_OPTIONS: Info = {"SO_RCVBUF": 435_200, "SO_SNDBUF": 89_088, "SO_LINGER": None}
_TCP_INFO: Info = {
    "state": "ESTAB",
    "ca_state": "Loss",
    "retransmits": 1,
    "backoff": 1,
    "options": ["timestamps", "sack", "wscale"],
    "snd_wscale": 7,
    "rcv_wscale": 9,
    "rtt": 0.0382,
    "rttvar": 0.0041,
    "min_rtt": 0.0369,
    "rto": 0.24,
    "ato": 0.04,
    "snd_mss": 1448,
    "rcv_mss": 1448,
    "pmtu": 1500,
    "snd_cwnd": 10,
    "snd_ssthresh": 7,
    "snd_wnd": 64_128,
    "unacked": 10,
    "pacing_rate": 3_774_873,
    "delivery_rate": 1_153_433,
    "bytes_sent": 19_293_798,
    "bytes_acked": 19_279_318,
    "bytes_received": 2_202_009,
    "total_retrans": 31,
    "lost": 4,
    "reordering": 3,
    "last_data_recv": 0.112,
    "congestion": "cubic",
}


def tcp(state: str, local: tuple[str, int], remote: tuple[str, int], **more: Json) -> Info:
    """A TCP socket."""
    return {
        "family": "inet",
        "type": "stream",
        "protocol": "tcp",
        "state": state,
        "laddr": local[0],
        "lport": local[1],
        "raddr": remote[0],
        "rport": remote[1],
        "options": {**_OPTIONS, "TCP_NODELAY": True, "SO_KEEPALIVE": True},
        "recv_queue": 0,
        "send_queue": 0,
        "not_sent": 0,
        **more,
    }


def unix(state: str, kind: str, **more: Json) -> Info:
    """A unix socket."""
    return {
        "family": "unix",
        "type": kind,
        "protocol": "",
        "state": state,
        "path": "",
        "options": dict(_OPTIONS),
        "recv_queue": 0,
        "send_queue": 0,
        **more,
    }


LISTENER = tcp("LISTEN", ("0.0.0.0", 8443), ("0.0.0.0", 0), recv_queue=3, send_queue=511)
CLIENT = tcp(
    "ESTAB",
    ("10.2.0.17", 8443),
    ("10.2.9.4", 51_822),
    recv_queue=96,
    send_queue=14_480,
    tcp_info=_TCP_INFO,
    timer={"name": "retransmit", "expires": 0.18, "retransmits": 1},
)
DATABASE = tcp("ESTAB", ("127.0.0.1", 40_122), ("127.0.0.1", 5432))
LOGGING = unix("ESTAB", "dgram", peer_path="/run/systemd/journal/dev-log")
CONTROL = unix("LISTEN", "stream", path="/run/ingestd/ctl.sock", send_queue=128)
METRICS: Info = {
    "family": "inet",
    "type": "dgram",
    "protocol": "udp",
    "state": "UNCONN",
    "laddr": "10.2.0.17",
    "lport": 8125,
    "recv_queue": 0,
    "send_queue": 0,
    "options": dict(_OPTIONS),
    "meminfo": {"drops": 11},
}
TERMINAL: Info = {
    "rdev": "136:3",
    "driver": "/dev/pts",
    "tty_type": "pty:slave",
    "winsize": {"rows": 40, "columns": 120},
    "queued": 0,
    "unsent": 0,
    "line_discipline": "n_tty",
    "foreground_pgrp": 4182,
    "session": 3885,
    "termios": {
        "iflag": ["icrnl", "ixon"],
        "oflag": ["opost", "onlcr"],
        "cflag": ["cread"],
        "lflag": ["isig", "icanon", "echo", "echoe", "echok", "iexten"],
        "csize": 8,
        "speed": 38400,
    },
}
_WATCHED = ("/etc/ingestd/conf.d", "/etc/ingestd/tls", "/var/lib/ingestd/inbox")
WATCHES: Info = {
    "inotify": [
        {"wd": wd, "mask": ["IN_CLOSE_WRITE", "IN_MOVED_TO"], "path": path}
        for wd, path in enumerate(_WATCHED, 1)
    ],
    "queued": 0,
}
WORKER: Info = {
    "pid": 4190,
    "nspid": [4190],
    "thread": False,
    "comm": "ingest-worker",
    "state": "running",
}
