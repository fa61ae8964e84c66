# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces, addresses, queueing disciplines, routes and link speeds as netlink answers."""
import ipaddress
import struct

import netlink

RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWQDISC = 16, 20, 24, 36
IFLA_IFNAME, IFLA_MTU, IFLA_QDISC, IFLA_STATS64, IFLA_MASTER, IFLA_LINKINFO = 3, 4, 6, 23, 10, 18
UP, LOOPBACK, RUNNING, LOWER_UP = 1, 8, 0x40, 0x10000
ROOT = 0xffffffff
GENL_ID_CTRL, ETHTOOL = 16, 21
MAIN_TABLE = 254


def link(index, name, kind=None, mtu=1500, qdisc="fq_codel", master=0, up=True, dropped=(0, 0)):
    """RTM_NEWLINK; kind is that of a virtual link, dropped what it lost receiving and sending."""
    flags = UP | (RUNNING | LOWER_UP if up else 0) | (LOOPBACK if name == "lo" else 0)
    body = struct.pack("=BxHiII", 0, 772 if name == "lo" else 1, index, flags, 0)
    body += netlink.attribute(IFLA_IFNAME, name) + netlink.attribute(IFLA_MTU, mtu)
    body += netlink.attribute(IFLA_QDISC, qdisc)
    if master:
        body += netlink.attribute(IFLA_MASTER, master)
    stats = [0] * 24
    stats[6], stats[7] = dropped
    body += netlink.attribute(IFLA_STATS64, struct.pack("=24Q", *stats))
    if kind:
        body += netlink.attribute(IFLA_LINKINFO, netlink.attribute(1, kind))
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


def link_mode(index, name, mbit, full=True):
    """Speed and duplex of one link; mbit None: the driver does not know."""
    header = netlink.attribute(1, index) + netlink.attribute(2, name)
    body = struct.pack("=BBH", 4, 1, 0) + netlink.attribute(1 | netlink.NESTED, header)
    body += netlink.attribute(5, 0xffffffff if mbit is None else mbit)
    body += netlink.attribute(6, bytes([1 if full else 255 if mbit is None else 0]))
    return netlink.message(ETHTOOL, body)


def files(links, addresses, qdiscs, routes, modes):
    """What a record holds of them."""
    found = {
        "netlink/links.rtnl": b"".join(links) + netlink.done(),
        "netlink/addresses.rtnl": b"".join(addresses) + netlink.done(),
        "netlink/qdiscs.rtnl": b"".join(qdiscs) + netlink.done(),
        "netlink/ethtool-family.genl": ethtool_family(),
        "netlink/ethtool-linkmodes.genl": b"".join(modes) + netlink.done(),
    }
    if routes:
        found["netlink/routes.rtnl"] = b"".join(routes)
    return found
