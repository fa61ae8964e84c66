# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink messages and attributes as bytes: what a record keeps."""
import struct

HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
ATTRIBUTE = struct.Struct("=HH")  # length, type
NLMSG_ERROR, NLMSG_DONE, NLMSG_OVERRUN = 2, 3, 4
MULTI, NESTED = 2, 0x8000


def pad(data):
    """Every message and attribute ends at a multiple of four."""
    return data + bytes(-len(data) % 4)


def message(kind, body, flags=MULTI, sequence=1):
    """One message with its header."""
    return pad(HEADER.pack(HEADER.size + len(body), kind, flags, sequence, 0) + body)


def done(sequence=1):
    """The end of a dump."""
    return message(NLMSG_DONE, struct.pack("=i", 0), sequence=sequence)


def error(code, sequence=1):
    """An error answer; code is a negative errno, or 0 for an acknowledgement."""
    return message(NLMSG_ERROR, struct.pack("=i", code) + bytes(HEADER.size), 0, sequence)


def attribute(kind, payload):
    """One attribute; text ends with a NUL, numbers have 32 bits."""
    if isinstance(payload, str):
        payload = payload.encode("utf-8", "surrogatepass") + b"\0"
    elif isinstance(payload, int):
        payload = struct.pack("=I", payload)
    return pad(ATTRIBUTE.pack(ATTRIBUTE.size + len(payload), kind) + payload)


def messages(data):
    """Messages of a file as (type, flags, sequence, body)."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            raise ValueError(f"malformed message at byte {at}")
        yield kind, flags, sequence, data[at + HEADER.size:at + length]
        at += length + -length % 4


def attributes(data):
    """Attributes as (type, payload)."""
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < ATTRIBUTE.size or at + length > len(data):
            raise ValueError(f"malformed attribute at byte {at}")
        yield kind, data[at + ATTRIBUTE.size:at + length]
        at += length + -length % 4
