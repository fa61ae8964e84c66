# SPDX-License-Identifier: GPL-2.0-or-later
"""
What older kernels lacked or set otherwise, to turn a host recorded on a new one into one of
theirs. From the kernels' sources, not from the catalogue that is under test.
"""
import re

SINCE = {
    "net/core/skb_defer_max": (5, 19),
    "net/ipv4/tcp_backlog_ack_defer": (6, 7),
    "net/ipv4/tcp_child_ehash_entries": (6, 1),
    "net/ipv4/tcp_comp_sack_slack_ns": (5, 8),
    "net/ipv4/tcp_ecn_option": (6, 18),
    "net/ipv4/tcp_ecn_option_beacon": (6, 18),
    "net/ipv4/tcp_ehash_entries": (6, 1),
    "net/ipv4/tcp_migrate_req": (5, 14),
    "net/ipv4/tcp_mtu_probe_floor": (5, 4),
    "net/ipv4/tcp_no_ssthresh_metrics_save": (5, 6),
    "net/ipv4/tcp_pingpong_thresh": (6, 7),
    "net/ipv4/tcp_plb_cong_thresh": (6, 2),
    "net/ipv4/tcp_plb_enabled": (6, 2),
    "net/ipv4/tcp_plb_idle_rehash_rounds": (6, 2),
    "net/ipv4/tcp_plb_rehash_rounds": (6, 2),
    "net/ipv4/tcp_plb_suspend_rto_sec": (6, 2),
    "net/ipv4/tcp_reflect_tos": (5, 10),
    "net/ipv4/tcp_rto_max_ms": (6, 15),
    "net/ipv4/tcp_rto_min_us": (6, 11),
    "net/ipv4/tcp_shrink_window": (6, 5),
    "net/ipv4/tcp_syn_linear_timeouts": (6, 5),
    "net/ipv4/tcp_tso_rtt_log": (5, 18),
    "net/ipv4/tcp_tw_reuse_delay": (6, 14),
}

# Oldest first; the last that a kernel has reached is its default, on a host of 16 GB and more.
VALUES = {
    "net/core/optmem_max": (((0, 0), "20480"), ((6, 8), "131072")),
    "net/core/rmem_max": (((0, 0), "212992"), ((6, 18), "4194304")),
    "net/core/wmem_max": (((0, 0), "212992"), ((6, 18), "4194304")),
    "net/core/somaxconn": (((0, 0), "128"), ((5, 4), "4096")),
    "net/ipv4/tcp_challenge_ack_limit": (((0, 0), "1000"), ((6, 1), "2147483647")),
    "net/ipv4/tcp_limit_output_bytes": (((0, 0), "262144"), ((5, 0), "1048576"),
                                        ((6, 16), "4194304")),
    "net/ipv4/tcp_rmem": (((0, 0), "4096\t131072\t6291456"), ((6, 16), "4096\t131072\t33554432")),
}

# In a child namespace these came to be seen after 4.19.
CHILD_SINCE = {
    "net/core/rmem_default": (6, 12), "net/core/rmem_max": (6, 12),
    "net/core/wmem_default": (6, 12), "net/core/wmem_max": (6, 12),
    "net/core/optmem_max": (6, 8), "net/ipv4/tcp_allowed_congestion_control": (5, 15),
}

# Counters of TcpExt that 4.19 had not.
COUNTERS_SINCE_5 = re.compile(
    r"TCPAO|TCPMigrate|TCPPLB|TcpTimeoutRehash|TcpDuplicateDataRehash|TCPDSACKRecvSegs"
    r"|TCPDSACKIgnoredDubious|TCPFastOpenPassiveAltKey|TSEcrRejected|BeyondWindow"
    r"|PAWSOldAck|PAWSTimewait")


def version(release):
    """"6.1.0-27-amd64" is (6, 1)."""
    return tuple(int(number) for number in re.match(r"(\d+)\.(\d+)", release).groups())


def is_older(path, release, child):
    """Had this kernel no such key yet?"""
    since = SINCE.get(path, (0, 0))
    return version(release) < max(since, CHILD_SINCE.get(path, (0, 0)) if child else (0, 0))


def default(path, release):
    """The default of a key whose default moved, else None."""
    reached = [value for since, value in VALUES.get(path, ()) if version(release) >= since]
    return reached[-1] if reached else None


def older_netstat(text):
    """netstat as 4.19 wrote it."""
    lines = [line.split() for line in text.splitlines()]
    for i in range(0, len(lines), 2):
        kept = [k for k, name in enumerate(lines[i]) if not COUNTERS_SINCE_5.match(name)]
        lines[i], lines[i + 1] = ([line[k] for k in kept] for line in lines[i:i + 2])
    return "".join(" ".join(line) + "\n" for line in lines)
