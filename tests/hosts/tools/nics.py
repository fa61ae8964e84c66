# SPDX-License-Identifier: GPL-2.0-or-later
"""NICs, packet processing, tracked connections and neighbours: hosts in trouble, and wolves."""
import rtnl
from wolves import both

TSO, GSO, GRO = "tx-tcp-segmentation", "tx-generic-segmentation", "rx-gro"
SECOND = 2
CPUS = 2
CONNTRACK = ("entries", "clashres", "found", "new", "invalid", "ignore", "delete", "chainlength",
             "insert", "insert_failed", "drop", "early_drop", "icmp_error", "expect_new",
             "expect_create", "expect_delete", "search_restart")
# As kernels up to 5.8 name them.
CONNTRACK_OLD = ("entries", "searched", "found", "new", "invalid", "ignore", "delete",
                 "delete_list", "insert", "insert_failed", "drop", "early_drop", "icmp_error",
                 "expect_new", "expect_create", "expect_delete", "search_restart")
NEIGHBOUR = ("entries", "allocs", "destroys", "hash_grows", "lookups", "hits", "res_failed",
             "rcv_probes_mcast", "rcv_probes_ucast", "periodic_gc_runs", "forced_gc_runs",
             "unresolved_discards", "table_fulls")


def percpu(names, **values):
    """/proc/net/stat/NAME: entries on every line, the rest counted by the first processor."""
    lines = [" ".join(names)]
    for cpu in range(CPUS):
        numbers = [values.get(name, 0) if cpu == 0 or name == "entries" else 0 for name in names]
        lines.append(" ".join(f"{number:08x}" for number in numbers))
    return "".join(line + "\n" for line in lines)


def softnet(processed, dropped, squeezed):
    """/proc/net/softnet_stat of two processors, the second at rest."""
    return "".join(" ".join(f"{number:08x}" for number in (*row, *[0] * 12)) + "\n"
                   for row in ((processed, dropped, squeezed), (0, 0, 0)))


def stat(ticks, busy):
    """/proc/stat: two processors, the first of which is busy for that share of its ticks."""
    first = (int(ticks * busy), 0, 0, ticks - int(ticks * busy), 0, 0, 0, 0, 0, 0)
    second = (ticks // 10, 0, 0, ticks - ticks // 10, 0, 0, 0, 0, 0, 0)
    rows = {"cpu ": [a + b for a, b in zip(first, second)], "cpu0": first, "cpu1": second}
    return "".join(f"{name} {' '.join(map(str, row))}\n" for name, row in rows.items()) + "ctxt 7\n"


def tracked(count, limit, names=CONNTRACK, **counters):
    """Tracked connections in the first sample, and counters in both: (before, after) pairs."""
    def sample(prefix, _now):
        values = {name: pair[bool(prefix)] for name, pair in counters.items()}
        return {prefix + "proc/net/stat/nf_conntrack": percpu(names, entries=count, **values),
                prefix + "proc/sys/net/netfilter/nf_conntrack_count": f"{count}\n"}

    return {**both(sample), "proc/sys/net/netfilter/nf_conntrack_max": f"{limit}\n",
            "proc/sys/net/netfilter/nf_conntrack_buckets": f"{limit}\n",
            "proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established": "432000\n"}


def neighbours(v4, v6, thresholds=(128, 512, 1024), **counters):
    """Both tables; the counters are those of IPv4: (before, after) pairs."""
    def sample(prefix, _now):
        values = {name: pair[bool(prefix)] for name, pair in counters.items()}
        return {prefix + "proc/net/stat/arp_cache": percpu(NEIGHBOUR, entries=v4, **values),
                prefix + "proc/net/stat/ndisc_cache": percpu(NEIGHBOUR, entries=v6)}

    keys = {f"proc/sys/net/ipv{family}/neigh/default/gc_thresh{i}": f"{number}\n"
            for family in (4, 6) for i, number in enumerate(thresholds, 1)}
    return {**both(sample), **keys}


def processing(busy, processed, dropped, squeezed):
    """Packet processing: what came in over the window, was dropped, and how often work was left."""
    def sample(prefix, _now):
        grown = bool(prefix)
        return {prefix + "proc/net/softnet_stat": softnet(10**6 + grown * processed,
                                                          24 + grown * dropped,
                                                          1000 + grown * squeezed),
                prefix + "proc/stat": stat(100000 + 200 * grown, busy)}
    return both(sample)


def _nic(index, name, qdisc="mq", **grown):
    """A link in both samples; grown is what its counters grew by."""
    start = {row: 10**9 for row in ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes")}
    later = {row: start.get(row, 0) + grown.get(row, 0) for row in {**start, **grown}}
    dropped = (grown.pop("old_drops", 0), 0)
    later.pop("old_drops", None)
    return (rtnl.link(index, name, qdisc=qdisc, dropped=dropped, **start),
            rtnl.link(index, name, qdisc=qdisc, **{"rx_dropped": dropped[0], **later}))


def _links(nics, modes, told):
    pairs = [(rtnl.loopback(), rtnl.loopback())] + nics
    return rtnl.files([first for first, _ in pairs], [rtnl.address(1, "127.0.0.1/8"),
                                                      rtnl.address(2, "192.0.2.60/24")],
                      [rtnl.qdisc(2, "mq"), rtnl.qdisc(2, "fq_codel", 0x80010001)], [], modes,
                      nics=told, later=[second for _, second in pairs])


def nic_trouble():
    """One NIC for each fault: ring overruns, half duplex, a slow mode, damage, no offloads."""
    nics = [_nic(2, "ring0", rx_packets=2_000_000, rx_bytes=SECOND * 10**8, rx_missed=9000),
            _nic(3, "half0", rx_packets=4000, tx_packets=4000),
            _nic(4, "slow0", rx_packets=4000, tx_packets=4000),
            _nic(5, "cable0", rx_packets=100_000, rx_bytes=10**8, rx_errors=800, rx_crc=800),
            _nic(6, "cut0", tx_packets=1_700_000, tx_bytes=SECOND * 12 * 10**8, rx_packets=50_000,
                 rx_bytes=4 * 10**6),
            _nic(7, "queue0", tx_packets=500_000, tx_bytes=SECOND * 5 * 10**7, tx_dropped=4000)]
    modes = [rtnl.link_mode(2, "ring0", 10000, ours=(1000, 10000), peer=(1000, 10000)),
             rtnl.link_mode(3, "half0", 100, full=False, ours=(10, 100, 1000)),
             rtnl.link_mode(4, "slow0", 100, ours=(10, 100, 1000), peer=(100, 1000)),
             rtnl.link_mode(5, "cable0", 1000, ours=(100, 1000), peer=(100, 1000)),
             rtnl.link_mode(6, "cut0", 25000), rtnl.link_mode(7, "queue0", 10000)]
    told = [(rtnl.rings(2, "ring0", 512, 4096), rtnl.features(2, "ring0", (TSO, GSO, GRO))),
            (rtnl.rings(5, "cable0", 4096, 4096), rtnl.features(5, "cable0", (TSO, GSO, GRO))),
            (rtnl.rings(6, "cut0", 1024, 4096), rtnl.features(6, "cut0", (GRO,)))]
    return {**_links(nics, modes, told), **processing(0.9, 4_000_000, 3000, 1000)}


def nic_healthy():
    """
    The same NICs a little better: drops that any fast NIC has, packets that nobody asked for, a
    switch that cannot do more, no offloads where there is nothing to do or nobody can.
    """
    nics = [_nic(2, "ring0", rx_packets=2_000_000, rx_bytes=SECOND * 10**8, rx_missed=24,
                 rx_dropped=180, multicast=900, old_drops=812_345),
            _nic(3, "quiet0", rx_packets=900, rx_dropped=60, multicast=60, tx_packets=300),
            _nic(4, "slow0", rx_packets=4000, tx_packets=4000),
            _nic(5, "cable0", rx_packets=100_000, rx_bytes=10**8, rx_errors=3, rx_crc=3),
            _nic(6, "cut0", tx_packets=30_000, tx_bytes=SECOND * 10**7),
            _nic(7, "plain0", tx_packets=1_700_000, tx_bytes=SECOND * 12 * 10**8)]
    modes = [rtnl.link_mode(2, "ring0", 25000), rtnl.link_mode(3, "quiet0", 1000),
             rtnl.link_mode(4, "slow0", 1000, ours=(1000, 10000), peer=(100, 1000)),
             rtnl.link_mode(5, "cable0", 1000, ours=(100, 1000), peer=(100, 1000)),
             rtnl.link_mode(6, "cut0", 25000), rtnl.link_mode(7, "plain0", 25000)]
    told = [(rtnl.rings(2, "ring0", 512, 4096), rtnl.features(2, "ring0", (TSO, GSO, GRO))),
            (rtnl.rings(6, "cut0", 1024, 4096), rtnl.features(6, "cut0", (GRO,))),
            (rtnl.rings(7, "plain0", 256, 256), rtnl.features(7, "plain0", (), possible=()))]
    return {**_links(nics, modes, told), **processing(0.4, 4_000_000, 6, 60)}


def tables_full():
    """A gateway whose tables are full, and a processor with time left that keeps stopping."""
    return {**tracked(64_100, 65_536, early_drop=(40, 90), drop=(700, 1500)),
            **neighbours(1024, 30, table_fulls=(5, 340), forced_gc_runs=(100, 400)),
            **processing(0.3, 2_000_000, 0, 900)}


def tables_near():
    """Nearly full, and nothing lost so far; an old kernel's names of columns."""
    return {**tracked(56_000, 65_536, CONNTRACK_OLD, early_drop=(40, 40), drop=(700, 700)),
            **neighbours(900, 30, forced_gc_runs=(1, 1))}


def tracking_clashes():
    """A tenth of the table is used, and connections still fail: the same port twice."""
    return {**tracked(26_000, 262_144, insert_failed=(1000, 1400))}


def kubernetes_node():
    """
    600,000 tracked connections of a million, look-ups that clash now and then, a thousand permanent
    neighbours of an overlay, and rounds of processing that stop as on any busy host.
    """
    return {**tracked(600_000, 1_048_576, insert_failed=(90_000, 90_007), drop=(12, 13)),
            **neighbours(1010, 400), **processing(0.6, 3_000_000, 0, 110)}


RECIPES = {"nic-trouble": nic_trouble, "nic-healthy": nic_healthy, "tables-full": tables_full,
           "tables-near": tables_near, "tracking-clashes": tracking_clashes,
           "kubernetes-node": kubernetes_node}
