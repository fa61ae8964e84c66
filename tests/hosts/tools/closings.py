# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that no process holds any more: how many a host may have, and what they cost it."""
import inet_diag
from wolves import NGINX, SSHD, both, counters, names, sockstat

FIN_WAIT1, LAST_ACK = 4, 9
HERE = ("192.0.2.10", 443)
KILLED_BEFORE = 5000


def _orphans(count, killed, stuck=60):
    """So many on the host, a few of them in this namespace; counted kills are (before, after)."""
    def sample(prefix, _now):
        table = inet_diag.Table("6.12")
        table.listen(("0.0.0.0", 443), cgroup=NGINX)
        table.listen(("0.0.0.0", 22), cgroup=SSHD)
        for i in range(stuck):
            table.orphan(HERE, (f"203.0.113.{i + 1}", 40000 + i), FIN_WAIT1 if i % 3 else LAST_ACK,
                         cgroup=NGINX, backoff=5, last_ack_recv=9000, unacked=2)
        table.orphan(("192.0.2.10", 22), ("203.0.113.200", 50000), FIN_WAIT1, cgroup=SSHD,
                     backoff=5, last_ack_recv=9000, unacked=1)
        return {**table.files(2 if prefix else 1),
                prefix + "proc/net/sockstat": sockstat(count, 400, 30_000, orphans=count),
                prefix + "proc/net/netstat": counters(prefix + "proc/net/netstat",
                                                      TCPAbortOnMemory=killed[bool(prefix)])}

    return {**both(sample), **names(NGINX, SSHD),
            "proc/sys/net/ipv4/tcp_max_orphans": "65536\n"}


def orphans_many():
    """A quarter of the limit and one more, and none was killed yet."""
    return _orphans(16_385, (0, 0))


def orphans_killed():
    """Few at this moment, but some were reset within the window."""
    return _orphans(3_000, (KILLED_BEFORE, KILLED_BEFORE + 12))


def orphans_some():
    """Just below a quarter of the limit; what was killed was so long ago."""
    return _orphans(16_383, (KILLED_BEFORE, KILLED_BEFORE))


RECIPES = {"orphans-many": orphans_many, "orphans-killed": orphans_killed,
           "orphans-some": orphans_some}
