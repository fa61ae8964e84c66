# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory of sockets, limits of cgroups and processes, other managers: hosts in trouble, and wolves."""
import inet_diag
import tree
from inet_diag import CLOSE_WAIT
from wolves import BASE, MINUTE, NGINX, NAMES, both, counters, names, sockstat

MIB = 1 << 20
PRESSURE = 383867  # pages: tcp_mem[1] of the base
UNIT = NAMES[NGINX]
PID = 812


def netstat(before, after):
    """netstat of both samples; counters that the base does not print are left to it."""
    def sample(prefix, _now):
        return {prefix + "proc/net/netstat": counters("proc/net/netstat",
                                                      **(after if prefix else before))}
    return both(sample)


def server(flows=40, forgotten=0, **mem):
    """A web server with so many connections, each of which holds mem."""
    def sample(prefix, now):
        table = inet_diag.Table("6.12")
        table.listen(("0.0.0.0", 443), cgroup=NGINX)
        for i in range(flows):
            table.flow(("192.0.2.10", 443), (f"198.51.100.{1 + i % 4}", 33000 + i), cgroup=NGINX,
                       mem=mem, rtt=700, min_rtt=500, last_data_sent=20, last_data_recv=20,
                       bytes_acked=9000, bytes_sent=9000, bytes_received=9000)
        for i in range(forgotten):
            age = 5 * MINUTE + now
            table.flow(("192.0.2.10", 443), ("198.51.100.9", 45000 + i), CLOSE_WAIT, cgroup=NGINX,
                       rqueue=1, last_data_sent=age, last_data_recv=age, last_ack_recv=age)
        return {**table.files(2 if prefix else 1),
                prefix + "proc/net/sockstat": sockstat(flows + forgotten + 1, 12)}

    return {**both(sample), **names(NGINX)}


def pressure():
    """TCP holds more than tcp_mem allows without pressure, and kills connections."""
    def sample(prefix, _now):
        return {prefix + "proc/net/sockstat": sockstat(300, 12, PRESSURE + 40_000)}
    return {**both(sample), **netstat({"TCPMemoryPressures": 7, "TCPAbortOnMemory": 2},
                                      {"TCPMemoryPressures": 8, "TCPAbortOnMemory": 9})}


def pressure_past():
    """It was under pressure, weeks ago, and holds a lot; both are no fault now."""
    def sample(prefix, _now):
        return {prefix + "proc/net/sockstat": sockstat(300, 12, PRESSURE - 20_000)}
    past = {"TCPMemoryPressures": 700, "TCPAbortOnMemory": 20, "PruneCalled": 90_000,
            "TCPRcvCollapsed": 700_000, "RcvPruned": 4000, "OfoPruned": 300}
    # A slow reader now and then: pruned, and nothing thrown away.
    return {**both(sample), **netstat(past, {**past, "PruneCalled": 90_006,
                                             "TCPRcvCollapsed": 700_040})}


def cgroup(limit, used, sockets, before, after, high="max", path=UNIT):
    """Memory of a unit's cgroup; before and after are lines of memory.events."""
    where = "sys/fs/cgroup" + path + "/"

    def events(values):
        return "".join(f"{name} {value}\n" for name, value in
                       {"low": 0, "high": 0, "max": 0, "oom": 0, "oom_kill": 0, **values}.items())

    def sample(prefix, _now):
        return {prefix + where + "memory.max": f"{limit}\n",
                prefix + where + "memory.high": f"{high}\n",
                prefix + where + "memory.events": events(after if prefix else before)}

    return {**both(sample), "sample-2/" + where + "memory.current": f"{used}\n",
            "sample-2/" + where + "memory.stat": f"anon 1000\nfile {used - sockets}\n"
                                                 f"sock {sockets}\nshmem 0\n"}


def cgroup_pressed():
    """Reclaim tells the unit's sockets to hold back; the limit is that of the slice above it."""
    return {**server(60, rmem=900_000),
            **cgroup("max", 200 * MIB, 60 * MIB, {}, {}),
            **cgroup(256 * MIB, 255 * MIB, 60 * MIB, {"max": 900, "sock_throttled": 30},
                     {"max": 960, "sock_throttled": 44}, path="/system.slice")}


def cgroup_cache():
    """A cache of files runs into its unit's limit all day, and its sockets hold next to nothing."""
    return {**server(60), **cgroup(512 * MIB, 512 * MIB, 200_000, {"max": 70_000, "high": 90_000},
                                   {"max": 70_480, "high": 90_900}, high=480 * MIB)}


def processes(used, limit=1024):
    """The unit's processes: the first has most files open."""
    where = f"sample-2/proc/{PID}/"
    return {f"sample-2/sys/fs/cgroup{UNIT}/cgroup.procs": f"{PID}\n{PID + 1}\n",
            where + "limits": "Limit                     Soft Limit           Hard Limit           "
                              "Units     \n"
                              f"Max open files            {limit:<20} 524288               files"
                              "     \n",
            where + "comm": "nginx\n",
            f"sample-2/proc/{PID + 1}/limits": "Limit                     Soft Limit\n"
                                               "Max open files            1024                 "
                                               "524288               files     \n",
            "names/open-files": f"{PID} {used} 0\n{PID + 1} 40 0\n"}


def descriptors_leak():
    """900 of 1024 files, and the peers of a third of the sockets are long gone."""
    return {**server(40, forgotten=60), **processes(900)}


def descriptors_busy():
    """All of them connections in use."""
    return {**server(120), **processes(140, 150)}


def descriptors_room():
    """Many, and room for more."""
    return {**server(120), **processes(600)}


def descriptors_hidden():
    """Another user's process, seen without privilege."""
    return {**server(120), **processes(0), "names/open-files": f"{PID} 0 13\n{PID + 1} 0 13\n"}


def tuned(boot):
    """tuned runs with a profile that includes another, and a file of sysctl.d sets the same."""
    folder = "usr/lib/tuned/"
    return {"etc/tuned/active_profile": "network-throughput\n",
            folder + "network-throughput/tuned.conf":
                "[main]\nsummary=Optimize for streaming network throughput\n"
                "include=throughput-performance\n\n[sysctl]\n"
                "net.ipv4.tcp_rmem=4096 131072 16777216\n"
                "net.ipv4.tcp_wmem=4096 16384 16777216\n",
            folder + "throughput-performance/tuned.conf":
                "[cpu]\ngovernor=performance\n[sysctl]\nvm.swappiness=10\n"
                "net.core.somaxconn=>2048\n",
            "sys/fs/cgroup/system.slice/tuned.service/cgroup.procs": "711\n",
            "etc/sysctl.d/60-site.conf": boot}


def tuned_conflict():
    """The file wants other buffers than the profile."""
    return {**tuned("net.ipv4.tcp_rmem = 4096 131072 33554432\nnet.core.somaxconn = 1024\n"
                    "net.ipv4.tcp_wmem = 4096\t16384  16777216\n"),
            "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t33554432\n",
            "proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t16777216\n",
            "proc/sys/net/core/somaxconn": "4096\n"}


def tuned_agrees():
    """The file repeats what the profile sets, and more than it raises to."""
    return {**tuned("net.ipv4.tcp_wmem = 4096 16384 16777216\nnet.core.somaxconn = 4096\n"),
            "proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t33554432\n",
            "proc/sys/net/ipv4/tcp_wmem": "4096\t16384\t16777216\n"}


RECIPES = {"tcp-pressure": pressure, "tcp-pressure-past": pressure_past,
           "cgroup-pressed": cgroup_pressed, "cgroup-cache": cgroup_cache,
           "descriptors-leak": descriptors_leak, "descriptors-busy": descriptors_busy,
           "descriptors-room": descriptors_room, "descriptors-hidden": descriptors_hidden,
           "tuned-conflict": tuned_conflict, "tuned-agrees": tuned_agrees}
assert tree.read(BASE, "proc/sys/net/ipv4/tcp_mem").split()[1] == str(PRESSURE).encode()
