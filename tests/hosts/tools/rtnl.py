# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces, addresses, queueing disciplines, routes and link speeds as netlink answers."""
import ipaddress
import struct

import netlink

RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWQDISC = 16, 20, 24, 36
IFLA_IFNAME, IFLA_MTU, IFLA_QDISC, IFLA_STATS64, IFLA_MASTER, IFLA_LINKINFO = 3, 4, 6, 23, 10, 18
IFLA_AF_SPEC = 26
UP, LOOPBACK, RUNNING, LOWER_UP = 1, 8, 0x40, 0x10000
ROOT = 0xffffffff
GENL_ID_CTRL, ETHTOOL = 16, 21
MAIN_TABLE = 254


# Rows of struct rtnl_link_stats64.
STATS = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped",
         "tx_dropped", "multicast", "collisions", "rx_length", "rx_over", "rx_crc", "rx_frame",
         "rx_fifo", "rx_missed")


# The configuration that is reported with a link: family, attribute, rows, and those used here.
FAMILIES = {4: (2, 1, 33, {"forwarding": 0, "accept_redirects": 3, "secure_redirects": 4,
                           "send_redirects": 5, "shared_media": 6, "rp_filter": 7,
                           "accept_source_route": 8, "log_martians": 10}),
            6: (10, 2, 60, {"forwarding": 0, "accept_ra": 3, "accept_redirects": 4, "disable_ipv6": 26})}


def configuration(four, six):
    """IFLA_AF_SPEC; None: the link has nothing of that family."""
    body = b""
    for version, values in ((4, four), (6, six)):
        family, kind, count, places = FAMILIES[version]
        if values is not None:
            rows = [0] * count
            for key, value in values.items():
                rows[places[key]] = value
            packed = struct.pack(f"={count}i", *rows)
            body += netlink.attribute(family | netlink.NESTED, netlink.attribute(kind, packed))
    return netlink.attribute(IFLA_AF_SPEC, body)


def link(index, name, kind=None, mtu=1500, qdisc="fq_codel", master=0, up=True, dropped=(0, 0),
         conf=None, **counters):
    """
    RTM_NEWLINK; kind is that of a virtual link, dropped what it lost receiving and sending, conf its
    configuration of both families.
    """
    flags = UP | (RUNNING | LOWER_UP if up else 0) | (LOOPBACK if name == "lo" else 0)
    body = struct.pack("=BxHiII", 0, 772 if name == "lo" else 1, index, flags, 0)
    body += netlink.attribute(IFLA_IFNAME, name) + netlink.attribute(IFLA_MTU, mtu)
    body += netlink.attribute(IFLA_QDISC, qdisc)
    if master:
        body += netlink.attribute(IFLA_MASTER, master)
    stats = [0] * 24
    stats[6], stats[7] = dropped
    for row, value in counters.items():
        stats[STATS.index(row)] = value
    body += netlink.attribute(IFLA_STATS64, struct.pack("=24Q", *stats))
    if kind:
        body += netlink.attribute(IFLA_LINKINFO, netlink.attribute(1, kind))
    if conf:
        body += configuration(*conf)
    return netlink.message(RTM_NEWLINK, body)


def loopback():
    """The interface that every namespace has."""
    return link(1, "lo", mtu=65536, qdisc="noqueue")


def address(index, text):
    """RTM_NEWADDR for "192.0.2.1/24"."""
    interface = ipaddress.ip_interface(text)
    family = 2 if interface.version == 4 else 10
    body = struct.pack("=BBBBI", family, interface.network.prefixlen, 0x80, 0, index)
    packed = interface.ip.packed
    return netlink.message(RTM_NEWADDR, body + netlink.attribute(1, packed)
                           + netlink.attribute(2, packed))


def qdisc(index, kind, parent=ROOT):
    """RTM_NEWQDISC; a queue of a multi-queue NIC has the root as parent (0x80010001 and so on)."""
    body = struct.pack("=BxxxiIII", 0, index, 0, parent, 2)
    return netlink.message(RTM_NEWQDISC, body + netlink.attribute(1, kind))


def route(destination, index, source=None, sequence=1):
    """The answer to "which way to this address?": a message without more to come."""
    packed = ipaddress.ip_address(destination).packed
    family = 2 if len(packed) == 4 else 10
    body = struct.pack("=BBBBBBBBI", family, 8 * len(packed), 0, 0, MAIN_TABLE, 0, 0, 1, 0)
    body += netlink.attribute(15, MAIN_TABLE) + netlink.attribute(1, packed)
    body += netlink.attribute(4, index)
    if source:
        body += netlink.attribute(7, ipaddress.ip_address(source).packed)
    return netlink.message(RTM_NEWROUTE, body, 0, sequence)


def ethtool_family():
    """The number under which ethtool's messages go; the machine that replays has another."""
    body = struct.pack("=BBH", 1, 2, 0) + netlink.attribute(2, "ethtool")
    return netlink.message(GENL_ID_CTRL, body + netlink.attribute(1, struct.pack("=H", ETHTOOL)), 0)


def _answer(command, index, name, attributes):
    header = netlink.attribute(1, index) + netlink.attribute(2, name)
    body = struct.pack("=BBH", command, 1, 0) + netlink.attribute(1 | netlink.NESTED, header)
    return body + attributes


def _bits(names, everything=()):
    """A set of bits in its long form; with everything as the mask, those named are set."""
    bits = b""
    for number, name in enumerate(everything or names):
        bit = netlink.attribute(1, FEATURES.get(name, number)) + netlink.attribute(2, name)
        if everything and name in names:
            bit += netlink.attribute(3, b"")
        bits += netlink.attribute(1 | netlink.NESTED, bit)
    nomask = b"" if everything else netlink.attribute(1, b"")
    return nomask + netlink.attribute(2, 64) + netlink.attribute(3 | netlink.NESTED, bits)


# Link modes by Mbit/s as far as the hosts here have them; their numbers are those of the kernel's table.
MODES = {10: "10baseT/Full", 100: "100baseT/Full", 1000: "1000baseT/Full", 10000: "10000baseT/Full",
         25000: "25000baseCR/Full"}
FEATURES = {"tx-tcp-segmentation": 16, "tx-generic-segmentation": 17, "rx-gro": 20,
            "10baseT/Full": 1, "100baseT/Full": 3, "1000baseT/Full": 5, "10000baseT/Full": 12,
            "25000baseCR/Full": 31}


def link_mode(index, name, mbit, full=True, ours=(), peer=()):
    """
    Speed and duplex of one link; mbit None: the driver does not know. ours and peer: Mbit/s of the
    modes that the two ends offer.
    """
    body = b""
    if ours:
        names = [MODES[speed] for speed in ours]
        body += netlink.attribute(3 | netlink.NESTED, _bits(names, list(MODES.values())))
    if peer:
        body += netlink.attribute(4 | netlink.NESTED, _bits([MODES[speed] for speed in peer]))
    body += netlink.attribute(5, 0xffffffff if mbit is None else mbit)
    body += netlink.attribute(6, bytes([1 if full else 255 if mbit is None else 0]))
    return netlink.message(ETHTOOL, _answer(4, index, name, body))


def rings(index, name, receive, receive_max, send=1024, send_max=4096):
    """Descriptors of one NIC."""
    body = netlink.attribute(2, receive_max) + netlink.attribute(5, send_max)
    body += netlink.attribute(6, receive) + netlink.attribute(9, send)
    return netlink.message(ETHTOOL, _answer(16, index, name, body), 0)


def features(index, name, active, possible=("tx-tcp-segmentation", "tx-generic-segmentation",
                                            "rx-gro")):
    """Offloads of one NIC: those in use, and those that could be."""
    body = netlink.attribute(2 | netlink.NESTED, _bits(list(possible)))
    body += netlink.attribute(4 | netlink.NESTED, _bits(list(active)))
    return netlink.message(ETHTOOL, _answer(11, index, name, body), 0)


def files(links, addresses, qdiscs, routes, modes, nics=(), later=None):
    """What a record holds of them; later are the links of the second sample, the same if not said."""
    found = {
        "netlink/links.rtnl": b"".join(links) + netlink.done(),
        "netlink/addresses.rtnl": b"".join(addresses) + netlink.done(),
        "netlink/qdiscs.rtnl": b"".join(qdiscs) + netlink.done(),
        "netlink/ethtool-family.genl": ethtool_family(),
        "netlink/ethtool-linkmodes.genl": b"".join(modes) + netlink.done(),
    }
    found["sample-2/netlink/links.rtnl"] = b"".join(later or links) + netlink.done()
    if nics:
        found["netlink/ethtool-rings.genl"] = b"".join(rows for rows, _ in nics)
        found["netlink/ethtool-features.genl"] = b"".join(rows for _, rows in nics)
    if routes:
        found["netlink/routes.rtnl"] = b"".join(routes)
    return found
