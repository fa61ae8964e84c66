# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts with faults that no recording on one machine can have: long paths, too few ports."""
import inet_diag
import rtnl
from wolves import NGINX, both, names, sockstat

MIN_RTT = 80_000
RECEIVE_MAX, SEND_MAX = 6_291_456, 4_194_304


def _receiver(table, now):
    """Uploads as fast as half of the largest receive buffer lets them: 39 MB/s of 1250."""
    for i in range(3):
        got = 10**9 + now * 36_000
        table.flow(("192.0.2.10", 443), ("198.51.100.7", 40000 + i), cgroup=NGINX, rtt=MIN_RTT,
                   min_rtt=MIN_RTT,
                   rcv_rtt=81_000, mem={"rcvbuf": RECEIVE_MAX, "rmem": 60_000},
                   rcv_wnd=RECEIVE_MAX // 2, bytes_received=got, bytes_acked=900, bytes_sent=900,
                   last_data_recv=0)


def _sender(table, now):
    """Downloads that fill their send buffer, all of it under way."""
    for i in range(2):
        sent = 10**9 + now * 30_000
        table.flow(("192.0.2.10", 443), ("203.0.113.7", 41000 + i), cgroup=NGINX, rtt=82_000,
                   min_rtt=MIN_RTT,
                   mem={"sndbuf": SEND_MAX, "wmem": SEND_MAX - 9000}, snd_cwnd=9000, unacked=1750,
                   notsent_bytes=0, snd_wnd=30_000_000, bytes_acked=sent,
                   bytes_sent=sent + 2_534_000, last_data_sent=0, busy_time=9_000_000 + now * 1000,
                   sndbuf_limited=5_000_000 + now * 600, delivery_rate=31_000_000)


def _peer_window(table, now):
    """A client that offers a megabyte and no more."""
    sent = 10**9 + now * 12_000
    table.flow(("192.0.2.10", 443), ("198.51.101.7", 42000), cgroup=NGINX, rtt=81_000,
               min_rtt=MIN_RTT,
               mem={"sndbuf": 3_000_000}, snd_cwnd=2000, unacked=724, notsent_bytes=1_900_000,
               snd_wnd=1_048_576, bytes_acked=sent, bytes_sent=sent + 1_048_576, last_data_sent=0,
               busy_time=9_000_000 + now * 1000, rwnd_limited=8_000_000 + now * 950,
               delivery_rate=12_900_000)


def _queue(table, now):
    """A download that keeps 140 ms of queue on top of 40."""
    sent = 10**9 + now * 12_500
    table.flow(("192.0.2.10", 443), ("203.0.114.7", 43000), cgroup=NGINX, rtt=180_000,
               min_rtt=40_000,
               mem={"sndbuf": 3_900_000}, snd_cwnd=1600, unacked=1590, notsent_bytes=900_000,
               snd_wnd=30_000_000, bytes_acked=sent, bytes_sent=sent + 2_300_000, last_data_sent=0,
               busy_time=9_000_000 + now * 1000, delivery_rate=12_500_000)


def long_fat():
    """10 Gbit/s, 80 ms, windows off and cookies off: every rule about windows has its path."""
    def sample(prefix, now):
        table = inet_diag.Table("6.12")
        table.listen(("0.0.0.0", 443), cgroup=NGINX)
        for add in (_receiver, _sender, _peer_window, _queue):
            add(table, now)
        return {**table.files(2 if prefix else 1),
                prefix + "proc/net/sockstat": sockstat(8, 30, 9000)}

    routes = [rtnl.route(address, 2, "192.0.2.10")
              for address in ("198.51.100.7", "203.0.113.7", "198.51.101.7", "203.0.114.7")]
    return {**both(sample), **names(NGINX),
            **rtnl.files([rtnl.loopback(), rtnl.link(2, "eth0", qdisc="mq")],
                         [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.10/24")],
                         [rtnl.qdisc(2, "mq"), rtnl.qdisc(2, "fq_codel", 0x80010001)], [],
                         [rtnl.link_mode(2, "eth0", 10000)]),
            "sample-2/netlink/routes.rtnl": b"".join(routes),
            "sample-2/netlink/tcp-congestion.diag": inet_diag.congestion(
                ("192.0.2.10", 443), ("203.0.114.7", 43000), "cubic", 20008),
            "proc/sys/net/ipv4/tcp_window_scaling": "0\n",
            "proc/sys/net/ipv4/tcp_syncookies": "0\n"}


def ports_short():
    """A hundred ports, twelve reserved: one destination has 73 of the rest, the other 84."""
    def sample(prefix, now):
        table = inet_diag.Table("6.12")
        free = [port for port in range(50000, 50100) if port not in range(50050, 50060)
                and port not in (50075, 50076)]
        for port in free[:70]:
            table.time_wait(("192.0.2.10", port), ("198.51.100.7", 6379),
                            59_000 - port % 100 * 500 - now)
        for port in range(49000, 49004):  # ports that the application chose itself
            table.time_wait(("192.0.2.10", port), ("198.51.100.7", 6379), 30_000 - now)
        for port in free[70:73]:
            table.flow(("192.0.2.10", port), ("198.51.100.7", 6379), rtt=400, min_rtt=300)
        for port in free[:84]:
            table.flow(("192.0.2.10", port), ("203.0.113.7", 5432), rtt=400, min_rtt=300)
        return {**table.files(2 if prefix else 1), prefix + "proc/net/sockstat": sockstat(87, 74)}

    return {**both(sample),
            **rtnl.files([rtnl.loopback(), rtnl.link(2, "eth0")],
                         [rtnl.address(1, "127.0.0.1/8"), rtnl.address(2, "192.0.2.10/24")],
                         [rtnl.qdisc(2, "fq_codel")], [], [rtnl.link_mode(2, "eth0", 1000)]),
            "sample-2/netlink/routes.rtnl": rtnl.route("198.51.100.7", 2)
            + rtnl.route("203.0.113.7", 2),
            "proc/sys/net/ipv4/ip_local_port_range": "50000\t50099\n",
            "proc/sys/net/ipv4/ip_local_reserved_ports": "50050-50059,50075-50076\n"}


def long_fat_once():
    """Recorded with --window=0, so that the second questions went where the first did."""
    return {path.replace("sample-2/", ""): data for path, data in long_fat().items()
            if path in ("sample-2/netlink/routes.rtnl", "sample-2/netlink/tcp-congestion.diag")}


RECIPES = {"long-fat": long_fat, "long-fat-once": long_fat_once, "ports-short": ports_short}
