# SPDX-License-Identifier: GPL-2.0-or-later
"""Tracked connections without packets: ctnetlink takes them from whoever asks."""
import socket
import struct

NETLINK_NETFILTER = 12
CT_NEW = 1 << 8  # IPCTNL_MSG_CT_NEW of NFNL_SUBSYS_CTNETLINK
REQUEST, CREATE = 1, 0x400
NESTED = 0x8000
TCP, ESTABLISHED = 6, 3
BATCH = 100


def _attribute(kind, payload):
    body = struct.pack("=HH", 4 + len(payload), kind) + payload
    return body + bytes(-len(body) % 4)


def _nest(kind, *parts):
    return _attribute(kind | NESTED, b"".join(parts))


def _tuple(kind, source, target, sport, dport):
    return _nest(kind,
                 _nest(1, _attribute(1, socket.inet_aton(source)),
                       _attribute(2, socket.inet_aton(target))),
                 _nest(2, _attribute(1, bytes([TCP])), _attribute(2, struct.pack(">H", sport)),
                       _attribute(3, struct.pack(">H", dport))))


def _connection(source, target, sport, dport):
    body = struct.pack("=BBH", socket.AF_INET, 0, 0)
    body += _tuple(1, source, target, sport, dport) + _tuple(2, target, source, dport, sport)
    body += _attribute(7, struct.pack(">I", 600))
    body += _nest(4, _nest(1, _attribute(1, bytes([ESTABLISHED]))))
    return struct.pack("=IHHII", 16 + len(body), CT_NEW, REQUEST | CREATE, 1, 0) + body


def track(count):
    """Has this namespace track so many connections."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as sock:
        for start in range(0, count, BATCH):
            sock.send(b"".join(
                _connection(f"10.79.{i // 30000}.1", "10.79.255.1", 20000 + i % 30000, 443)
                for i in range(start, min(start + BATCH, count))))
