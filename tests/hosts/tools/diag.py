#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites a recorded dump of sockets: as another kernel would have sent it, or at another age."""
import argparse
import struct
import sys

import inet_diag
import netlink

STATE, RETRANSMITS, SPORT, EXPIRES = 1, 3, slice(4, 6), 52  # in struct inet_diag_msg


def _info(payload, state, options):
    """tcp_info, older or newer than it was recorded."""
    if options.close_wait_age and state == inet_diag.CLOSE_WAIT:
        aged = bytearray(payload)
        for name in ("last_data_sent", "last_data_recv", "last_ack_recv"):
            struct.pack_into("=I", aged, inet_diag.INFO_OFFSETS[name], options.close_wait_age)
        payload = bytes(aged)
    if options.info_length:
        payload = payload.ljust(options.info_length,
                                bytes([options.info_fill]))[:options.info_length]
    return payload


def _cgroup(kind, payload, port, options):
    if kind == inet_diag.CGROUP_ID and port in options.cgroup:
        return struct.pack("=Q", options.cgroup[port])
    return payload


def _row(body, options):
    """One socket."""
    size = inet_diag.MESSAGE.size
    state, port = body[STATE], int.from_bytes(body[SPORT], "big")
    rewritten = bytearray(body[:size])
    if options.syn_sent and state == inet_diag.SYN_SENT:
        rewritten[RETRANSMITS], expires = options.syn_sent
        struct.pack_into("=I", rewritten, EXPIRES, expires)
    for kind, payload in netlink.attributes(body[size:]):
        if kind in options.drop:
            continue
        if kind == inet_diag.INFO:
            payload = _info(payload, state, options)
        rewritten += netlink.attribute(kind, _cgroup(kind, payload, port, options))
    for kind, payload in options.add.items():
        rewritten += netlink.attribute(kind, payload)
    return bytes(rewritten)


def rewrite(data, options):
    """A whole file; only IPv4 sockets where only_v4 says so."""
    result = b""
    for kind, flags, sequence, body in netlink.messages(data):
        if kind == inet_diag.TCPDIAG_GETSOCK:
            if options.only_v4 and body[0] != 2:
                continue
            body = _row(body, options)
        result += netlink.message(kind, body, flags, sequence)
    return result


def _pair(text):
    """"443=5001"."""
    name, value = text.split("=")
    return int(name, 0), int(value, 0)


def _bytes_pair(text):
    """"99=ffff"."""
    name, value = text.split("=")
    return int(name, 0), bytes.fromhex(value)


def parse(argv):
    """Options, as rewrite() takes them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--info-length", type=int, metavar="BYTES", help="cut or extend tcp_info")
    parser.add_argument("--info-fill", type=lambda text: int(text, 0), default=0, metavar="BYTE",
                        help="with what it is extended")
    parser.add_argument("--drop", type=int, action="append", default=[], metavar="TYPE",
                        help="leave out this attribute")
    parser.add_argument("--add", type=_bytes_pair, action="append", default=[], metavar="TYPE=HEX",
                        help="add this attribute to every socket")
    parser.add_argument("--cgroup", type=_pair, action="append", default=[], metavar="PORT=ID",
                        help="cgroup of the sockets at a local port")
    parser.add_argument("--close-wait-age", type=int, metavar="MS", help="time since any traffic")
    parser.add_argument("--syn-sent", type=_pair, metavar="N=MS",
                        help="retransmissions of unanswered SYNs, and time to the next")
    parser.add_argument("--only-v4", action="store_true", help="leave out IPv6 sockets")
    parser.add_argument("files", nargs="*", metavar="FILE", help="rewritten in place")
    options = parser.parse_args(argv)
    options.cgroup, options.add = dict(options.cgroup), dict(options.add)
    return options


def main(argv):
    """Rewrites files in place."""
    options = parse(argv)
    for path in options.files:
        with open(path, "rb") as file:
            data = rewrite(file.read(), options)
        with open(path, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main(sys.argv[1:])
