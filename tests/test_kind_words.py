"""TARGET cells, panes and state views in the words that the screens show."""

from __future__ import annotations

import pytest

from fdtui.kinds import BY_NAME
from fdtui.kinds.base import Section
from fdtui.kinds.epoll import parse_tfd
from fdtui.kinds.sock_facts import sock_facts
from fdtui.linux.json_types import Info
from fdtui.linux.record import Sock
from fdtui.linux.spans import Spans
from tests.test_kind_facts import REG, row


def plain(spans: Spans) -> str:
    return "".join(span.text for span in spans)


def tcp(state: str, **more: object) -> Info:
    ends: Info = {"laddr": "10.2.0.17", "lport": 8443, "raddr": "10.2.9.4", "rport": 51822}
    info: Info = {"family": "inet", "type": "stream", "protocol": "tcp", "state": state, **ends}
    info.update(more)  # type: ignore[arg-type]
    return info


@pytest.mark.parametrize(
    ("kind", "info", "words"),
    [
        ("pipe", {"queued": 12288, "capacity": 65536}, "12.0K of 64.0K queued"),
        ("pipe", {"queued": 0, "capacity": 65536}, "0 of 64.0K queued"),
        ("epoll", {"tfds": [{"tfd": n} for n in (5, 6, 9, 10)]}, "watches 4: 5 6 9 10"),
        ("epoll", {"tfds": [{"tfd": 14, "ghost": True}]}, "watches 1: 14  1 ghost"),
        ("eventfd", {"eventfd_count": 0}, "count 0"),
        (
            "tcp",
            {
                "state": "LISTEN",
                "laddr": "0.0.0.0",
                "lport": 8443,
                "recv_queue": 3,
                "send_queue": 511,
            },
            "LISTEN 0.0.0.0:8443  3 of 511 waiting",
        ),
        ("tcp", tcp("ESTAB"), "ESTAB 10.2.0.17:8443 ← 10.2.9.4:51822"),
        ("tcp", tcp("ESTAB", lport=40122, rport=5432), "ESTAB 10.2.0.17:40122 → 10.2.9.4:5432"),
        (
            "tcp",
            tcp("ESTAB", laddr="::1", raddr="fe80::1%2"),
            "ESTAB [::1]:8443 ← [fe80::1%2]:51822",
        ),
        (
            "udp",
            {"laddr": "10.2.0.17", "lport": 8125, "meminfo": {"drops": 11}},
            "10.2.0.17:8125  11 drops",
        ),
        (
            "unix",
            {"state": "ESTAB", "type": "dgram", "path": "", "peer_path": "/run/log"},
            "dgram → /run/log",
        ),
        (
            "unix",
            {"state": "LISTEN", "type": "stream", "path": "/run/ctl.sock"},
            "LISTEN stream /run/ctl.sock",
        ),
        ("timerfd", {"it_value": 0.42, "it_interval": 1.0}, "every 1 s, next in 0.42 s"),
        ("timerfd", {"it_value": 3.0, "it_interval": 0.0}, "once, in 3 s"),
        (
            "memfd",
            {"memfd_name": "route-cache", "seals": ["shrink", "grow"]},
            "route-cache  sealed: shrink grow",
        ),
        (
            "inotify",
            {"inotify": [{"wd": 1, "path": "/etc/x"}, {"wd": 2}, {"wd": 3}]},
            "3 watches: /etc/x  +2",
        ),
        (
            "inotify",
            {"inotify": [{"wd": 1, "ino": 7, "sdev": "254:0"}]},
            "1 watch: inode 7 on 254:0",
        ),
        ("signalfd", {"sigmask": ["HUP", "INT", "TERM", "CHLD"]}, "HUP INT TERM CHLD"),
        ("pidfd", {"pid": 4190, "state": "running"}, "pid 4190, running"),
        (
            "io_uring",
            {"sq_queued": 4, "sq_entries": 256, "cq_queued": 0, "cq_entries": 512},
            "sq 4 of 256, cq 0 of 512",
        ),
        (
            "namespace",
            {"ns_type": "net", "ns_ino": 4026531840, "host": True},
            "net 4026531840  the host's",
        ),
        (
            "netlink",
            {"protocol": "route", "lport": 12, "groups": [1, 5]},
            "route  port 12, groups 1 5",
        ),
        ("mqueue", {"mq_curmsgs": 2, "mq_maxmsg": 10}, "/x  2 of 10 messages"),
    ],
)
def test_target(kind: str, info: Info, words: str) -> None:
    assert plain(BY_NAME[kind].target(row("/x", REG), info)) == words


def test_deleted_is_ours_and_set_apart() -> None:
    spans = BY_NAME["regular"].target(row("/var/a (deleted)", REG, nlink=0), {})
    assert [(span.text, span.role) for span in spans] == [
        ("/var/a", "text"),
        (" (deleted)", "attention"),
    ]
    (only,) = BY_NAME["regular"].target(row("/var/a (deleted)", REG, nlink=1), {})
    assert (only.text, only.role) == ("/var/a (deleted)", "text")


def facts_of(sections: tuple[Section, ...], head: str) -> dict[str, str]:
    (section,) = (section for section in sections if section.head == head)
    return {fact.key: plain(fact.value) for fact in section.facts}


def test_the_state_of_a_connection() -> None:
    info = tcp(
        "ESTAB",
        recv_queue=96,
        send_queue=14541,
        not_sent=0,
        options={"SO_RCVBUF": 435_200, "SO_SNDBUF": 89_088, "TCP_NODELAY": True, "SO_MARK": 0},
        tcp_info={
            **{"rtt": 0.0382, "rttvar": 0.0041, "rto": 0.24, "unacked": 10, "snd_cwnd": 10},
            **{"snd_wnd": 64_102, "ca_state": "Loss", "total_retrans": 31, "backoff": 1},
            **{"retransmits": 1, "snd_wscale": 7, "rcv_wscale": 9, "bytes_sent": 19_293_798},
        },
    )
    sections = BY_NAME["tcp"].state(row("socket:[1]"), info)
    assert [section.head for section in sections] == ["CONNECTION", "QUEUES", "TCP_INFO", "OPTIONS"]
    assert facts_of(sections, "QUEUES") == {
        "receive": "96 of 425K",
        "send": "14.2K of 87.0K",
        "in flight": "10 of 10",
        "peer window": "14.2K of 62.6K",
    }
    told = facts_of(sections, "TCP_INFO")
    assert (told["rtt"], told["rto"], told["wscale"]) == ("38.2 ms", "240 ms", "7 / 9")
    assert (told["sent"], told["retrans"], told["ca_state"]) == ("18.4 MB", "31", "Loss")
    assert facts_of(sections, "OPTIONS") == {
        "TCP_NODELAY": "on",
        "SO_RCVBUF": "425K",
        "SO_SNDBUF": "87.0K",
        "SO_MARK": "0",
    }


def test_costs_of_holding() -> None:
    listener = tcp("LISTEN")
    assert BY_NAME["tcp"].hold_cost(row("socket:[1]"), listener) == (
        "port 8443 stays bound, and the kernel accepts connections that nobody serves, "
        "until you release it"
    )
    assert BY_NAME["regular"].hold_cost(row("/a", REG), {}) == ""
    stored = row("/a (deleted)", REG, nlink=0)
    assert stored.stat is not None
    held = stored._replace(stat=stored.stat._replace(blocks=8_808_038))
    assert BY_NAME["regular"].hold_cost(held, {"mount_point": "/var"}) == (
        "4.2 GB of /var stay allocated until you release it"
    )
    pipe = BY_NAME["pipe"]
    reading, writing = (row("pipe:[1]")._replace(access=access) for access in (4, 2))
    assert pipe.hold_cost(reading, {}) == "its writer would get EPIPE up to 0.5 s late"
    late = "its reader would get its end-of-file up to 0.5 s late"
    assert pipe.hold_cost(writing, {}) == late
    assert pipe.hold_cost(writing, {"readers": False}) == ""


def test_a_swept_socket_reads_as_one_looked_at() -> None:
    swept = sock_facts(Sock(2, 1, 6, 10, "0.0.0.0", 8443, "0.0.0.0", 0, 3, 511, 4026531833, 0, ""))
    words = plain(BY_NAME["tcp"].target(row("socket:[1]"), swept))
    assert words == "LISTEN 0.0.0.0:8443  3 of 511 waiting"
    assert swept["netns"] == 4026531833
    pair = sock_facts(Sock(1, 1, 0, 1, "", 0, "", 0, 0, 0, 0, 77, "/run/x"))
    assert (pair["family"], pair["type"], pair["state"]) == ("unix", "stream", "ESTAB")
    assert (pair["path"], pair["peer_ino"]) == ("/run/x", 77)


def test_what_an_epoll_watches() -> None:
    assert parse_tfd(
        "      13 events: 80000019 data:     7fa70000000d  pos:0 ino:40e sdev:10".strip()
    ) == {
        "tfd": 13,
        "events": ["IN", "ET"],
        "data": "0x7fa70000000d",
        "ino": 0x40E,
        "sdev": "0:16",
    }
    assert parse_tfd("5 events:       19 data: 5") == {"tfd": 5, "events": ["IN"], "data": "0x5"}
    with pytest.raises(ValueError, match="no tfd line"):
        parse_tfd("whatever comes next")
    odd = row("anon_inode:[eventpoll]", lines=(("tfd", "whatever comes next"),))
    assert BY_NAME["epoll"].describe(odd) == {"tfds": []}
