# SPDX-License-Identifier: GPL-2.0-or-later
"""
Hosts that were not recorded: what lies over their base. The first ones are busy-server as other
kernels would have sent it; wolves.py has healthy hosts that look like trouble, faults.py has those
that are in it.
"""
import closings
import diag
import faults
import inet_diag
import kernels
import limits
import netlink
import nics
import rtnl
import tree
import wolves

SAMPLES = ("", "sample-2/")
DUMPS = [f"{sample}netlink/{name}.diag" for sample in SAMPLES for name in ("tcp", "tcp-listen")]
COUNTERS = [sample + "proc/net/netstat" for sample in SAMPLES]
BUSY = tree.HOSTS + "/busy-server/root"


def _rewritten(*argv):
    options = diag.parse(list(argv))
    return {path: diag.rewrite(tree.read(BUSY, path), options) for path in DUMPS}


def _only_v4(path, kinds):
    """A file of rtnetlink messages without those of IPv6; their family is the first byte."""
    kept = [netlink.message(kind, body, flags, sequence)
            for kind, flags, sequence, body in netlink.messages(tree.read(BUSY, path))
            if kind not in kinds or body[0] == 2]
    return {path: b"".join(kept)}


def ipv6_off():
    """The same server, booted with ipv6.disable=1."""
    return {**_rewritten("--only-v4"), **_only_v4("netlink/addresses.rtnl", (rtnl.RTM_NEWADDR,)),
            **_only_v4("sample-2/netlink/routes.rtnl", (rtnl.RTM_NEWROUTE,))}


def linux_4_19():
    """No cgroup ids, no socket options, and a tcp_info of 224 bytes."""
    # Without linear time-outs three retransmissions take fifteen seconds.
    found = _rewritten(f"--info-length={inet_diag.INFO_LENGTHS['4.19']}",
                       f"--drop={inet_diag.CGROUP_ID}",
                       f"--drop={inet_diag.SOCKOPT}", "--syn-sent=3=1100")
    for path in COUNTERS:
        found[path] = kernels.older_netstat(tree.read(BUSY, path).decode())
    return found


def _strange_rows():
    """Connections in the newest state and in one that nobody knows, and an unknown message."""
    known = inet_diag.row(13, ("192.0.2.10", 40001), ("203.0.113.1", 443), inode=9001)
    unknown = inet_diag.row(14, ("192.0.2.10", 40002), ("203.0.113.1", 443), inode=9002)
    return known + unknown + netlink.message(99, bytes(24))


def future():
    """More of everything: tcp_info, attributes, states, counters, columns and keys."""
    found = _rewritten("--info-length=400", "--info-fill=0xff", "--add=99=0102030405060708",
                       "--add=32767=ff")
    for sample in SAMPLES:
        path = sample + "netlink/tcp.diag"
        found[path] = _strange_rows() + found[path]
        found[sample + "proc/net/netstat"] = (_with_counters(sample + "proc/net/netstat", "TcpExt")
                                              + "QuicExt: InStreams\nQuicExt: 7\n")
        found[sample + "proc/net/snmp"] = _with_counters(sample + "proc/net/snmp", "Tcp")
        found[sample + "proc/net/sockstat"] = _with_words(sample + "proc/net/sockstat")
        softnet = tree.read(BUSY, sample + "proc/net/softnet_stat").decode()
        found[sample + "proc/net/softnet_stat"] = softnet.replace("\n", " 00000001 00000002\n")
    found["proc/sys/net/ipv4/tcp_entanglement"] = "1\n"
    found["proc/sys/net/ipv4/tcp_rmem"] = "4096\t131072\t33554432\t67108864\n"
    found["proc/sys/net/ipv4/tcp_ecn"] = "auto\n"
    found["proc/sys/net/ipv4/tcp_congestion_control"] = "bbr5\n"
    return found


def _with_counters(path, prefix):
    """A counter that is not known yet, before and after the known ones."""
    lines = tree.read(BUSY, path).decode().splitlines()
    first = True
    for i, line in enumerate(lines):
        if line.startswith(prefix + ":"):
            front, back = ("FarAhead", "Beyond") if first else ("3", "18446744073709551615")
            lines[i] = f"{prefix}: {front}{line[len(prefix) + 1:]} {back}"
            first = False
    return "".join(line + "\n" for line in lines)


def _with_words(path):
    text = tree.read(BUSY, path).decode().replace("TCP: inuse", "TCP: zerocopy 4 inuse", 1)
    return text.replace("UDP: ", "QUIC: inuse 3 mem 1\nUDP: ", 1)




RECIPES = {"ipv6-off": ipv6_off, "linux-4.19": linux_4_19, "future": future, **wolves.RECIPES,
           **faults.RECIPES, **nics.RECIPES, **closings.RECIPES, **limits.RECIPES}
