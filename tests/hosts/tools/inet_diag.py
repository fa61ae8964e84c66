# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets as inet_diag tells them: struct inet_diag_msg, struct tcp_info and the rest."""
import ipaddress
import struct
import zlib

import netlink

TCPDIAG_GETSOCK = 18
INFO, CONG, SKMEMINFO, SHUTDOWN, CGROUP_ID, SOCKOPT = 2, 4, 7, 8, 21, 22
ESTABLISHED, SYN_SENT, SYN_RECV, FIN_WAIT1, FIN_WAIT2, TIME_WAIT = 1, 2, 3, 4, 5, 6
CLOSE_WAIT, LAST_ACK, LISTEN = 8, 9, 10
TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_TIME_WAIT = 1, 2, 3

MESSAGE = struct.Struct("=BBBB2s2s16s16sIII5I")  # struct inet_diag_msg

# struct tcp_info in its order, include/uapi/linux/tcp.h; times are in µs where nothing is said.
INFO_FIELDS = (
    "B:state", "B:ca_state", "B:retransmits", "B:probes", "B:backoff", "B:options", "B:wscale",
    "B:app_limited", "I:rto", "I:ato", "I:snd_mss", "I:rcv_mss", "I:unacked", "I:sacked", "I:lost",
    "I:retrans", "I:fackets",
    "I:last_data_sent", "I:last_ack_sent", "I:last_data_recv", "I:last_ack_recv",  # ms ago
    "I:pmtu", "I:rcv_ssthresh", "I:rtt", "I:rttvar", "I:snd_ssthresh", "I:snd_cwnd", "I:advmss",
    "I:reordering", "I:rcv_rtt", "I:rcv_space", "I:total_retrans",
    "Q:pacing_rate", "Q:max_pacing_rate", "Q:bytes_acked", "Q:bytes_received", "I:segs_out",
    "I:segs_in", "I:notsent_bytes", "I:min_rtt", "I:data_segs_in", "I:data_segs_out",
    "Q:delivery_rate", "Q:busy_time", "Q:rwnd_limited", "Q:sndbuf_limited", "I:delivered",
    "I:delivered_ce", "Q:bytes_sent", "Q:bytes_retrans", "I:dsack_dups", "I:reord_seen",
    "I:rcv_ooopack", "I:snd_wnd", "I:rcv_wnd", "I:rehash", "H:total_rto", "H:total_rto_recoveries",
    "I:total_rto_time",
)
INFO_NAMES = tuple(field[2:] for field in INFO_FIELDS)
INFO_STRUCT = struct.Struct("=" + "".join(field[0] for field in INFO_FIELDS))
INFO_OFFSETS = {name: struct.calcsize("=" + "".join(field[0] for field in INFO_FIELDS[:i]))
                for i, name in enumerate(INFO_NAMES)}
assert INFO_STRUCT.size == 248 and INFO_OFFSETS["snd_wnd"] == 228

# How much of it each kernel fills.
INFO_LENGTHS = {"4.19": 224, "5.4": 232, "5.15": 232, "6.1": 232, "6.6": 240, "6.12": 248,
                "6.18": 280}
OPTIONS = 1 | 2 | 4  # timestamps, SACK, window scaling
HEALTHY = {
    "state": ESTABLISHED, "options": OPTIONS, "wscale": 0x77, "rto": 204000, "ato": 40000,
    "snd_mss": 1448,
    "rcv_mss": 1448, "last_data_sent": 5000, "last_data_recv": 5000, "last_ack_recv": 5000,
    "pmtu": 1500,
    "rcv_ssthresh": 64088, "rtt": 1200, "rttvar": 300, "snd_ssthresh": 0x7fffffff, "snd_cwnd": 10,
    "advmss": 1448, "reordering": 3, "rcv_rtt": 0, "rcv_space": 14480, "max_pacing_rate": 2**64 - 1,
    "min_rtt": 1000, "snd_wnd": 64256, "rcv_wnd": 64256,
}
MEMORY = ("rmem", "rcvbuf", "wmem", "sndbuf", "fwd", "queued", "opt", "backlog", "drops")
RESTING = {"rcvbuf": 131072, "sndbuf": 87040}


def pack_address(text):
    """16 bytes; an IPv4 address takes the first four."""
    return ipaddress.ip_address(text).packed.ljust(16, b"\0")


def cookie_of(*key):
    """Cookies are told apart by what a socket is about, so that two samples agree."""
    return zlib.crc32(repr(key).encode())


def tcp_info(length, **fields):
    """The attribute's payload as a kernel that fills so many bytes would send it."""
    values = dict(HEALTHY, **fields)
    unknown = set(values) - set(INFO_NAMES)
    if unknown:
        raise KeyError(f"no such field of tcp_info: {sorted(unknown)}")
    packed = INFO_STRUCT.pack(*(values.get(name, 0) for name in INFO_NAMES))
    return packed.ljust(length, b"\0")[:length]


def memory(**fields):
    """SK_MEMINFO."""
    values = dict(RESTING, **fields)
    return struct.pack("=9I", *(values.get(name, 0) for name in MEMORY))


def row(state, local, peer, attributes=b"", timer=0, retransmits=0, expires=0, rqueue=0, wqueue=0,
        uid=0, inode=0, ifindex=0):
    """One message; local and peer are (address, port), inode 0 where no process holds it."""
    family = 10 if ":" in local[0] else 2
    body = MESSAGE.pack(
        family, state, timer, retransmits, local[1].to_bytes(2, "big"), peer[1].to_bytes(2, "big"),
        pack_address(local[0]), pack_address(peer[0]), ifindex, cookie_of(local, peer, inode), 0,
        expires, rqueue, wqueue, uid, inode)
    return netlink.message(TCPDIAG_GETSOCK, body + attributes)


def _attributes(info_length, cgroup, info, mem):
    return (netlink.attribute(INFO, tcp_info(info_length, **info))
            + netlink.attribute(SKMEMINFO, memory(**mem))
            + netlink.attribute(SHUTDOWN, b"\0")
            + (netlink.attribute(CGROUP_ID, struct.pack("=Q", cgroup)) if cgroup else b""))


class Table:
    """The sockets of one sample of a host."""

    def __init__(self, kernel):
        self.info_length = INFO_LENGTHS[kernel]
        self.listeners, self.others = [], []
        self.inode = 20000

    def _next(self):
        self.inode += 1
        return self.inode

    def listen(self, local, limit=4096, queue=0, drops=0, cgroup=0):
        """A listener and its accept queue."""
        any_address = "::" if ":" in local[0] else "0.0.0.0"
        extra = _attributes(self.info_length, cgroup,
                            {"state": LISTEN, "unacked": queue, "sacked": limit},
                            {"drops": drops})
        self.listeners.append(row(LISTEN, local, (any_address, 0), extra, rqueue=queue,
                                  wqueue=limit, inode=self._next()))

    def flow(self, local, peer, state=ESTABLISHED, cgroup=0, keepalive_ms=0, rqueue=0, wqueue=0,
             mem=(), **info):
        """A connection with fields of its tcp_info, and mem for those of SK_MEMINFO."""
        extra = _attributes(self.info_length, cgroup, dict(info, state=state), dict(mem))
        self.others.append(row(state, local, peer, extra, TIMER_KEEPALIVE if keepalive_ms else 0,
                               expires=keepalive_ms, rqueue=rqueue, wqueue=wqueue,
                               inode=self._next()))

    def orphan(self, local, peer, state, cgroup=0, **info):
        """What a process closed and the kernel still sends, again and again."""
        extra = _attributes(self.info_length, cgroup, dict(info, state=state), {})
        self.others.append(row(state, local, peer, extra, timer=1, retransmits=5, expires=900))

    def time_wait(self, local, peer, left_ms):
        """A closed connection in its sixty seconds."""
        self.others.append(row(TIME_WAIT, local, peer, timer=TIMER_TIME_WAIT, expires=left_ms))

    def files(self, sample=1):
        """What a record holds of it."""
        where = "netlink/" if sample == 1 else f"sample-{sample}/netlink/"
        return {where + "tcp-listen.diag": b"".join(self.listeners) + netlink.done(),
                where + "tcp.diag": b"".join(self.others) + netlink.done()}


def congestion(local, peer, name, inode=0):
    """The answer to the question for one flow's congestion control."""
    return row(ESTABLISHED, local, peer, netlink.attribute(CONG, name), inode=inode)
