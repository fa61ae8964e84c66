# SPDX-License-Identifier: GPL-2.0-or-later
"""Healthy hosts that cry wolf: big numbers, resting connections, odd links, and nothing wrong."""
import inet_diag
import rtnl
import tree
from inet_diag import CLOSE_WAIT, SYN_SENT, TIMER_RETRANSMIT

MINUTE, HOUR = 60_000, 3_600_000
BASE = tree.HOSTS + "/this-machine/root"
WINDOW_MS = 2000
NGINX, POSTGRES, SSHD, BROWSER, KUBELET, POD = 6001, 6002, 6003, 6004, 6005, 6006
NAMES = {
    NGINX: "/system.slice/nginx.service",
    POSTGRES: "/system.slice/system-postgresql.slice/postgresql@16-main.service",
    SSHD: "/system.slice/ssh.service",
    BROWSER: "/user.slice/user-1000.slice/user@1000.service/app.slice/app-browser.scope",
    KUBELET: "/system.slice/kubelet.service",
    POD: "/kubepods.slice/kubepods-burstable.slice/kubepods-pod7.slice/cri-containerd-9f.scope",
}


def names(*cgroups):
    """The names of these cgroups."""
    return {"names/cgroups": "".join(f"{number} {NAMES[number]}\n" for number in cgroups)}


def counters(path, **values):
    """netstat or snmp of the base with other values of some counters."""
    lines = [line.split() for line in tree.read(BASE, path).decode().splitlines()]
    left = dict(values)
    for labels, numbers in zip(lines[::2], lines[1::2]):
        for i, label in enumerate(labels):
            if label in left:
                numbers[i] = str(left.pop(label))
    assert not left, left
    return "".join(" ".join(line) + "\n" for line in lines)


def sockstat(inuse, time_wait, pages=200, orphans=0):
    """/proc/net/sockstat."""
    return (f"sockets: used {inuse + 150}\n"
            f"TCP: inuse {inuse} orphan {orphans} tw {time_wait} alloc {inuse + 12} mem {pages}\n"
            "UDP: inuse 4 mem 2\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n")


def both(make):
    """What make(sample's prefix, ms since the first) gives for both samples."""
    return {**make("", 0), **make("sample-2/", WINDOW_MS)}


def _sample_of(prefix):
    return 2 if prefix else 1


def _client(i):
    """One address in each of many networks."""
    return f"203.{i // 200}.{i % 200}.7" if i >= 64 else f"198.51.{100 + i}.7"


def _cdn_flow(table, i, now):
    """Most wait for the application; every eighth fills the last mile of its client."""
    local, peer = ("192.0.2.10", 443), (_client(i), 40000 + i)
    min_rtt = 92_000 + i % 40 * 500
    if i % 8:
        table.flow(local, peer, cgroup=NGINX, mem={"sndbuf": 2_626_560}, app_limited=1,
                   rtt=min_rtt + 3000, min_rtt=min_rtt, snd_cwnd=96, snd_wnd=3_145_728,
                   last_data_sent=300 + i * 37 % 4000, bytes_acked=8_000_000 + i * 1000,
                   bytes_sent=8_000_000 + i * 1000, bytes_received=5200, busy_time=4_000_000,
                   delivery_rate=3_000_000)
        return
    sent = 40_000_000 + now * 6000  # 48 Mbit/s
    table.flow(local, peer, cgroup=NGINX, wqueue=1_900_000,
               mem={"sndbuf": 3_600_000, "wmem": 2_100_000},
               rtt=min_rtt + 18_000, min_rtt=min_rtt, snd_cwnd=520, unacked=505,
               notsent_bytes=1_150_000, snd_wnd=6_291_456, snd_ssthresh=480, last_data_sent=1,
               bytes_acked=sent, bytes_sent=sent + 900_000, bytes_retrans=120_000,
               bytes_received=900, busy_time=9_000_000 + now * 1000, rwnd_limited=40_000,
               delivery_rate=6_100_000)


def cdn_edge(flows=48, time_wait=0, resting=420):
    """25 Gbit/s and clients 100 ms away: the product is 300 MB, and nobody needs it."""
    def sample(prefix, now):
        table = inet_diag.Table("6.12")
        for address in ("0.0.0.0", "::"):
            table.listen((address, 443), cgroup=NGINX)
            table.listen((address, 80), cgroup=NGINX)
        for i in range(flows):
            _cdn_flow(table, i, now)
        for i in range(time_wait):
            table.time_wait(("192.0.2.10", 443), (_client(i % 250), 10000 + i), 60_000 - i % 60_000)
        return {**table.files(_sample_of(prefix)),
                prefix + "proc/net/sockstat": sockstat(flows + 4, max(time_wait, resting), 60_000),
                # Queues overflowed once, weeks ago.
                prefix + "proc/net/netstat": counters("proc/net/netstat", ListenOverflows=3121,
                                                      ListenDrops=3127, TCPTimeouts=90210,
                                                      TW=8_000_000 + now)}

    bulk = [(_client(i), 40000 + i) for i in range(0, min(flows, 256), 8)]
    routes = [rtnl.route(_client(i), 2, "192.0.2.10") for i in range(min(flows, 250))]
    links = [rtnl.loopback(), rtnl.link(2, "eth0", mtu=1500, qdisc="mq", dropped=(1204, 0))]
    queues = [rtnl.qdisc(2, "mq")] + [rtnl.qdisc(2, "fq", 0x80010000 + i) for i in range(1, 5)]
    return {**both(sample), **names(NGINX),
            **rtnl.files(links, [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.10/24")],
                         queues, [], [rtnl.link_mode(2, "eth0", 25000)]),
            "sample-2/netlink/routes.rtnl": b"".join(routes),
            "sample-2/netlink/tcp-congestion.diag": b"".join(
                inet_diag.congestion(("192.0.2.10", 443), peer, "cubic", 20005 + i * 8)
                for i, peer in enumerate(bulk))}


def db_server():
    """Pools at rest for hours behind a bond; a few that were closed a moment ago."""
    def sample(prefix, now):
        table = inet_diag.Table("5.15")
        table.listen(("0.0.0.0", 5432), limit=200, cgroup=POSTGRES)
        table.listen(("127.0.0.1", 9187), limit=128, cgroup=POSTGRES)
        for i in range(110):
            idle = 4 * MINUTE + i * 11 * MINUTE + now
            table.flow(("192.0.2.20", 5432), (f"198.51.100.{1 + i % 4}", 33000 + i),
                       cgroup=POSTGRES, keepalive_ms=60_000 + i * 1000 - now, last_data_sent=idle,
                       last_data_recv=idle, last_ack_recv=idle, rtt=250, min_rtt=90,
                       bytes_acked=90_000, bytes_sent=90_000, bytes_received=30_000, app_limited=1,
                       delivery_rate=50_000_000)
        for i in range(3):
            age = 1500 + i * 100 + now
            table.flow(("192.0.2.20", 5432), ("198.51.100.9", 45000 + i), CLOSE_WAIT,
                       cgroup=POSTGRES, rqueue=1, last_data_sent=age, last_data_recv=age,
                       last_ack_recv=age)
        return {**table.files(_sample_of(prefix)), prefix + "proc/net/sockstat": sockstat(115, 12)}

    links = [rtnl.loopback(), rtnl.link(2, "eth0", master=4, qdisc="mq"),
             rtnl.link(3, "eth1", master=4, qdisc="mq"),
             rtnl.link(4, "bond0", kind="bond", qdisc="noqueue")]
    return {**both(sample), **names(POSTGRES),
            **rtnl.files(links, [rtnl.address(1, "127.0.0.1/8"), rtnl.address(4, "192.0.2.20/24")],
                         [rtnl.qdisc(2, "mq"), rtnl.qdisc(3, "mq"), rtnl.qdisc(4, "noqueue")], [],
                         [rtnl.link_mode(2, "eth0", 10000), rtnl.link_mode(3, "eth1", 10000),
                          rtnl.link_mode(4, "bond0", 20000)]),
            "sample-2/netlink/routes.rtnl": rtnl.route("198.51.100.1", 4, "192.0.2.20")}


def _laptop_sockets(now):
    table = inet_diag.Table("6.12")
    table.listen(("127.0.0.1", 631), limit=1)
    table.listen(("0.0.0.0", 22), limit=128, cgroup=SSHD)
    table.flow(("192.0.2.55", 51022), ("198.51.100.22", 22), cgroup=BROWSER,
               keepalive_ms=5 * MINUTE, rtt=41_000, min_rtt=12_000, last_data_sent=700 + now,
               last_data_recv=660 + now)
    for i in range(6):
        table.flow(("192.0.2.55", 40000 + i), (f"203.0.113.{10 + i}", 443), cgroup=BROWSER,
                   keepalive_ms=20_000, rtt=35_000 + i * 4000, min_rtt=14_000,
                   last_data_sent=30_000 + now, last_data_recv=29_000 + now,
                   bytes_received=2_000_000, bytes_acked=90_000, bytes_sent=90_000)
    # A browser keeps a few that the far side has closed, and one page does not answer at once.
    for i in range(3):
        age = 90_000 + i * 5000 + now
        table.flow(("192.0.2.55", 41000 + i), (f"203.0.113.{30 + i}", 443), CLOSE_WAIT,
                   cgroup=BROWSER, rqueue=1, last_data_sent=age, last_data_recv=age,
                   last_ack_recv=age)
    table.others.append(inet_diag.row(SYN_SENT, ("192.0.2.55", 42000), ("203.0.113.77", 443),
                                      timer=TIMER_RETRANSMIT, retransmits=1, expires=800, wqueue=1,
                                      inode=777))
    return table


def laptop():
    """Wireless, where no driver names a speed; one ssh, a browser, and an empty bridge."""
    def sample(prefix, now):
        return {**_laptop_sockets(now).files(_sample_of(prefix)),
                prefix + "proc/net/sockstat": sockstat(13, 4)}

    links = [rtnl.loopback(), rtnl.link(2, "wlan0", qdisc="noqueue"),
             rtnl.link(3, "docker0", kind="bridge", qdisc="noqueue", up=False)]
    return {**both(sample), **names(BROWSER, SSHD),
            **rtnl.files(links, [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.55/24")],
                         [rtnl.qdisc(2, "noqueue")], [],
                         [rtnl.link_mode(3, "docker0", None, False)]),
            "sample-2/netlink/routes.rtnl": rtnl.route("198.51.100.22", 2)
            + rtnl.route("203.0.113.10", 2)}


def idle_ssh():
    """As installed, and somebody is logged in."""
    def sample(prefix, now):
        table = inet_diag.Table("6.1")
        table.listen(("0.0.0.0", 22), limit=128, cgroup=SSHD)
        table.listen(("::", 22), limit=128, cgroup=SSHD)
        idle = 40 * MINUTE + now
        table.flow(("192.0.2.30", 22), ("198.51.100.3", 60022), cgroup=SSHD,
                   keepalive_ms=HOUR - now, last_data_sent=idle, last_data_recv=idle,
                   last_ack_recv=idle, rtt=21_000, min_rtt=19_000)
        return {**table.files(_sample_of(prefix)), prefix + "proc/net/sockstat": sockstat(3, 0)}

    links = [rtnl.loopback(), rtnl.link(2, "eth0")]
    return {**both(sample), **names(SSHD),
            **rtnl.files(links, [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.30/24")],
                         [rtnl.qdisc(2, "fq_codel")], [], [rtnl.link_mode(2, "eth0", 1000)]),
            "sample-2/netlink/routes.rtnl": rtnl.route("198.51.100.3", 2)}


def _container_sockets(now):
    table = inet_diag.Table("6.6")
    table.listen(("192.0.2.40", 10250), cgroup=KUBELET)
    table.listen(("127.0.0.1", 10248), cgroup=KUBELET)
    for i in range(24):  # health checks, kept alive
        idle = i * 400 % 9000 + now
        table.flow(("198.51.100.1", 36000 + i), (f"198.51.100.{10 + i % 8}", 8080), cgroup=KUBELET,
                   keepalive_ms=14_000, rtt=90, min_rtt=18, last_data_sent=idle,
                   last_data_recv=idle, bytes_acked=5000, bytes_sent=5000, app_limited=1)
    # A pod pulls as fast as memory copies; the bridge on the way names 10 Gbit/s in any case.
    got = 10**9 + now * 1_900_000
    table.flow(("198.51.100.1", 36999), ("198.51.100.17", 5000), cgroup=POD, rtt=240, min_rtt=25,
               rcv_rtt=200,
               mem={"rcvbuf": 6_291_456}, bytes_received=got, bytes_acked=4000, bytes_sent=4000,
               last_data_recv=0, snd_wnd=65536, rcv_wnd=3_145_728)
    table.flow(("192.0.2.40", 37000), ("203.0.113.5", 6443), cgroup=KUBELET, keepalive_ms=15_000,
               rtt=700, min_rtt=300, last_data_sent=500, last_data_recv=480)
    return table


def _node_sysctls():
    """What all interfaces share, on a node that forwards."""
    found = {"proc/sys/net/ipv4/ip_forward": "1\n", "proc/sys/net/ipv4/tcp_rfc1337": "1\n",
             "proc/sys/net/ipv6/conf/all/forwarding": "1\n"}
    for key in ("accept_redirects", "accept_source_route", "send_redirects", "log_martians",
                "rp_filter"):
        for which in ("all", "default"):
            found[f"proc/sys/net/ipv4/conf/{which}/{key}"] = "0\n"
    for key in ("secure_redirects", "shared_media", "forwarding"):
        found[f"proc/sys/net/ipv4/conf/all/{key}"] = "1\n"
    for key in ("accept_redirects", "accept_ra"):
        found[f"proc/sys/net/ipv6/conf/default/{key}"] = "0\n"
    return found


def container_host():
    """Bridges, veth pairs and an overlay, none of which has a speed."""
    def sample(prefix, now):
        return {**_container_sockets(now).files(_sample_of(prefix)),
                prefix + "proc/net/sockstat": sockstat(30, 260)}

    # Forwarding, hardened, and loose; the network plugin has its own way with what it made.
    own = ({"forwarding": 1, "rp_filter": 2, "log_martians": 1}, {"forwarding": 1, "accept_ra": 1})
    plugin = ({"forwarding": 1, "accept_redirects": 1, "send_redirects": 1}, {"forwarding": 1})
    links = [rtnl.loopback(), rtnl.link(2, "eth0", qdisc="mq", conf=own),
             rtnl.link(3, "cni0", "bridge", 1450, "noqueue", conf=own),
             rtnl.link(4, "flannel.1", "vxlan", 1450, "noqueue", conf=plugin)]
    links += [rtnl.link(5 + i, f"veth{i:08x}", "veth", 1450, "noqueue", 3, dropped=(0, 2), conf=plugin)
              for i in range(8)]
    modes = [rtnl.link_mode(2, "eth0", 10000), rtnl.link_mode(3, "cni0", 10000),
             rtnl.link_mode(4, "flannel.1", None, False)]
    modes += [rtnl.link_mode(5 + i, f"veth{i:08x}", 10000) for i in range(8)]
    addresses = [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.40/24"),
                 rtnl.address(3, "198.51.100.1/24")]
    return {**both(sample), **names(KUBELET, POD), **_node_sysctls(),
            **rtnl.files(links, addresses, [rtnl.qdisc(2, "mq"),
                                            rtnl.qdisc(2, "fq_codel", 0x80010001)], [], modes),
            "sample-2/netlink/routes.rtnl": rtnl.route("198.51.100.10", 3, "198.51.100.1")
            + rtnl.route("203.0.113.5", 2, "192.0.2.40")}


RECIPES = {"cdn-edge": cdn_edge, "db-server": db_server, "laptop": laptop, "idle-ssh": idle_ssh,
           "container-host": container_host}
