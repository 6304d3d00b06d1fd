"""The 143 processes of the invented machine: who runs, and with how many descriptors."""

from __future__ import annotations

from typing import NamedTuple

from fdtui.linux import users

# Users of ids that no machine has, so that names never depend on /etc/passwd.
MIRA = 7_100_001
_USERS = {
    MIRA: "mira",
    7_100_002: "elastic",
    7_100_003: "mysql",
    7_100_004: "www-data",
    7_100_005: "postgres",
    7_100_006: "prometh",
    7_100_007: "syslog",
    7_100_008: "redis",
    7_100_009: "message+",
}
_UID = {name: uid for uid, name in _USERS.items()} | {"root": 0}
PROCESSES = 143


class Process(NamedTuple):
    """A process; `samples` are the numbers of its descriptors at the sweeps, oldest first."""

    pid: int
    ppid: int
    uid: int
    name: str
    command: str
    samples: tuple[int, ...]
    limit: int
    start_time: int

    @property
    def fds(self) -> int:
        """How many descriptors it has now."""
        return self.samples[-1]


_FLAT, _UP, _STEP = "aaaaaaaaaaaa", "aaabccddeeff", "aaaaaaaccccc"
# pid user fds limit trend (a letter a level, the last sample is `fds`) step name | command
_TABLE = f"""
3318 elastic 11482 65535 efeedcbceded 12 java|/usr/share/elasticsearch/jdk/bin/java -Xms8g -Xmx8g
812 mysql 4210 10000 abaaaaaaabab 3 mysqld|/usr/sbin/mysqld --defaults-file=/etc/mysql/my.cnf
1044 root 2318 1048576 fecaabdffeaf 3 dockerd|/usr/bin/dockerd -H fd://
4190 mira 1003 1024 {_UP} 8 ingest-worker|/opt/ingestd/bin/ingest-worker --shard 3 --control 4
1209 www-data 774 4096 aaaaaaaaafdd 14 nginx|nginx: worker process
1208 www-data 731 4096 aaaaaaaaafdd 6 nginx|nginx: worker process
4182 mira 25 1024 aaaaaaaabbbb 1 ingestd|/opt/ingestd/bin/ingestd --config /etc/ingestd/ingestd.toml
1733 postgres 208 1024 {_FLAT} 1 postgres|postgres: 16/main: checkpointer
1739 postgres 191 1024 {_FLAT} 1 postgres|postgres: 16/main: ingest ingest 10.2.0.17(40122) idle
1740 postgres 188 1024 {_FLAT} 1 postgres|postgres: 16/main: ingest ingest 10.2.0.17(40124) idle
640 root 163 524288 {_FLAT} 1 systemd-journal|/usr/lib/systemd/systemd-journald
1 root 158 1048576 {_FLAT} 1 systemd|/sbin/init splash
5120 mira 1 1024 {_FLAT} 1 node|node /srv/grafter/server.js --port 3000
2890 prometh 122 65536 aaaaaaaaaaab 1 prometheus|/usr/bin/prometheus --storage.tsdb.path=/srv/prom
611 syslog 64 1024 {_FLAT} 1 rsyslogd|/usr/sbin/rsyslogd -n -iNONE
1020 root 58 1048576 {_FLAT} 1 containerd|/usr/bin/containerd
990 redis 47 65535 {_FLAT} 1 redis-server|/usr/bin/redis-server 127.0.0.1:6379
7441 mira 36 1024 {_STEP} 2 python3|python3 -m backfill --from 2025-11-01 --workers 2
7450 mira 33 1024 {_STEP} 2 python3|python3 -m backfill --from 2025-11-01 --workers 2
702 message+ 31 1024 {_FLAT} 1 dbus-daemon|@dbus-daemon --system --address=systemd: --nofork
1377 mira 22 1024 {_FLAT} 1 vector|/usr/bin/vector --config /etc/vector/vector.yaml
3990 mira 19 1024 {_FLAT} 1 tmux: server|tmux new-session -s ops
901 root 16 1024 {_FLAT} 1 sshd|sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
3871 root 14 1024 {_FLAT} 1 sshd|sshd: mira [priv]
3884 mira 12 1024 {_FLAT} 1 sshd|sshd: mira@pts/3
8802 mira 11 1024 aaaaabbbbccd 1 rsync|rsync -a --partial /var/lib/ingestd/ backup:/srv/ingestd/
5122 mira 1 1024 {_FLAT} 1 tail|tail -F /var/log/ingestd/access.log
4183 mira 8 1024 {_FLAT} 1 tee|tee -a /var/log/ingestd/stdout.log
3885 mira 4 1024 {_FLAT} 1 bash|-bash
3992 mira 4 1024 {_FLAT} 1 bash|-bash
8120 mira 4 1024 {_FLAT} 1 vim|vim /etc/ingestd/conf.d/routes.toml
2250 mira 4 1024 {_FLAT} 1 ssh-agent|ssh-agent -D -a /run/user/1000/ssh-agent.socket
9007 mira 3 1024 {_FLAT} 1 sleep|sleep 600
733 root 3 1024 {_FLAT} 1 cron|/usr/sbin/cron -f -P
590 root 3 1024 {_FLAT} 1 dhclient|dhclient -4 -v -i -pf /run/dhclient.eth0.pid eth0
4201 mira 3 1024 {_FLAT} 1 gzip|gzip -9 /var/lib/ingestd/spool-0416.seg
"""
_PARENTS = {4190: 4182, 4183: 4182, 4201: 4182, 1209: 1733, 1739: 1733, 1740: 1733, 7450: 7441}
_PARENTS |= {3871: 901, 3884: 3871, 3885: 3884, 3992: 3990, 8120: 3992, 9007: 3885, 5122: 3992}
_PARENTS |= {1208: 1200, 1209: 1200, 4182: 3992, 8802: 3992, 1: 0}
_MIRAS = 46  # processes of hers: what may be looked into without a helper


def _named() -> list[Process]:
    found = []
    for line in _TABLE.strip().splitlines():
        head, _, command = line.partition("|")
        pid, user, fds, limit, trend, step, name = head.split(" ", 6)
        levels = [ord(letter) - ord("a") for letter in trend]
        samples = tuple(int(fds) + (level - levels[-1]) * int(step) for level in levels)
        found.append(
            Process(
                int(pid),
                _PARENTS.get(int(pid), 1),
                _UID[user],
                name,
                command,
                samples,
                int(limit),
                int(pid) * 100,
            )
        )
    return found


def _more(known: list[Process]) -> list[Process]:
    """Small processes nobody looks at, so that there are as many as in the drawings."""
    miras = sum(process.uid == MIRA for process in known)
    missing = PROCESSES - len(known)
    hers = [
        Process(20_001 + n, 7441, MIRA, "python3", f"python3 -m backfill.worker {n}", (2,), 1024, n)
        for n in range(_MIRAS - miras)
    ]
    kernel = [
        Process(pid, 2, 0, f"kworker/{pid % 4}:{pid // 4}", "", (0,), 1024, pid)
        for pid in range(21_001, 21_001 + missing - len(hers))
    ]
    return [*hers, *kernel]


def processes() -> dict[int, Process]:
    """All of them by pid; their users' names are known from here on."""
    users.names.update(_USERS)
    users.groups.update({4: "adm", 1000: "mira"})
    known = _named()
    return {process.pid: process for process in (*known, *_more(known))}
