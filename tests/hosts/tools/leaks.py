# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a record tells whose host it was, and whether another directory still says it: as text, in hex, or in binary."""
import ipaddress
import os
import re
import struct

import netlink
import rtnl
import tree

SOCKET = struct.Struct("=BBBB HH 16s16s I8s IIIII")
HEADS = {rtnl.RTM_NEWLINK: 16, rtnl.RTM_NEWADDR: 8, 24: 12}
HARDWARE, NAME, ALIAS, PERMANENT = 1, 3, 20, 54
COMMON = re.compile(r"(lo|(eth|bond|br|veth|cali|wan|dummy|ifb|cni|ens|eno)\d{0,4}|en\w+)$")
KNOWN = {"system.slice", "user.slice", "init.scope", "kubepods.slice", "tuned.service", "tuned", "systemd", "bpftune.service",
         "kubepods-burstable.slice", "kubepods-besteffort.slice"}


def contents(root):
    """All files as {path: bytes}."""
    return {path: b"" if os.path.islink(os.path.join(root, path)) else tree.read(root, path) for path in tree.files(root)}


def _messages(data):
    try:
        yield from netlink.messages(data)
    except ValueError:
        return


def sockets(root):
    """Every socket of every dump: addresses, uid and inode."""
    for path, data in contents(root).items():
        if not path.endswith(".diag"):
            continue
        for kind, _, _, body in _messages(data):
            if kind in (18, 20) and len(body) >= SOCKET.size:
                fields = SOCKET.unpack_from(body)
                size = 4 if fields[0] == 2 else 16
                yield fields[6][:size], fields[7][:size], fields[13], fields[14]


def _rtnetlink(root):
    for path, data in contents(root).items():
        if path.endswith(".rtnl"):
            for kind, _, _, body in _messages(data):
                if kind in HEADS:
                    yield from ((kind, name & 0x3fff, payload) for name, payload in netlink.attributes(body[HEADS[kind]:]))


def _is_everybodys(packed):
    address = ipaddress.ip_address(packed)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or (mapped or address).is_unspecified or packed[:1] == b"\0"


def addresses(root):
    """Packed, those that every host has apart."""
    found = {packed for source, peer, _, _ in sockets(root) for packed in (source, peer)}
    found |= {payload for kind, name, payload in _rtnetlink(root)
              if (kind == rtnl.RTM_NEWADDR and name in (1, 2)) or (kind == 24 and name in (1, 2, 5, 7)) if len(payload) in (4, 16)}
    return {packed for packed in found if not _is_everybodys(packed)}


def _names(root):
    for kind, name, payload in _rtnetlink(root):
        text = payload.rstrip(b"\0").decode(errors="replace")
        if kind == rtnl.RTM_NEWLINK and name in (NAME, ALIAS) and text and not COMMON.match(text):
            yield text
    for path, data in contents(root).items():
        lines = data.decode(errors="replace").splitlines()
        if path.endswith("record.conf"):
            yield from re.findall(r"(?m)^hostname = (\S{4,})", "\n".join(lines))
        elif path.endswith(("names/cgroups", "names/processes")):
            for line in lines:
                yield from (part for part in line.split(" ", 1)[-1].split("/") if len(part) > 3 and part not in KNOWN)
        elif path.endswith("names/holders"):
            yield from (line.split(" ", 2)[2] for line in lines if line.count(" ") > 1)
        elif path.endswith("/comm"):
            yield from (line for line in lines if line not in KNOWN)
        elif "sysctl.d/" in path:
            yield os.path.basename(path)


def secrets(root):
    """{how it is called: the forms in which it must not be found}."""
    found = {}
    for packed in addresses(root):
        forms = [str(ipaddress.ip_address(packed)).encode() + b"(?![0-9a-f.:])", packed.hex().encode()]
        forms[0] = b"(?<![0-9a-f.:])" + re.escape(str(ipaddress.ip_address(packed)).encode()) + b"(?![0-9a-f.:])"
        forms += [re.escape(packed), re.escape(packed[::-1])]
        found[str(ipaddress.ip_address(packed))] = forms
    for kind, name, payload in _rtnetlink(root):
        if kind == rtnl.RTM_NEWLINK and name in (HARDWARE, PERMANENT) and any(payload) and len(payload) == 6:
            text = payload.hex(":")
            found[text] = [text.encode(), payload.hex().encode(), re.escape(payload)]
    for name in _names(root):
        raw = name.encode(errors="replace")
        found[name] = [re.escape(raw), raw.hex().encode()]
    for _, _, uid, inode in sockets(root):
        found[f"inode {inode}"] = [b"(?<!\\d)%d(?!\\d)" % inode] if inode > 99999 else []
        if uid > 99:
            found[f"uid {uid}"] = [b"uid[ =]%d(?!\\d)" % uid]
    return found


def search(known, folder):
    """What of the secrets is in the names or contents of files."""
    held = contents(folder)
    for called, forms in known.items():
        for form in forms:
            pattern = re.compile(form, re.DOTALL | (re.IGNORECASE if form.isalnum() else 0))
            for path, data in held.items():
                if pattern.search(data) or pattern.search(path.encode()):
                    yield f"{called} is in {path}"
    ids = {(uid, inode) for _, _, uid, inode in sockets(folder)}
    for name in known:
        if name.startswith("inode ") and name != "inode 0" and int(name[6:]) in {inode for _, inode in ids}:
            yield f"{name} is the inode of a socket"


def _kind(packed):
    address = ipaddress.ip_address(packed)
    return (address.version, address.is_loopback, address.is_private, address.is_link_local, address.is_multicast,
            address.is_unspecified)


def _shared(a, b):
    x = int.from_bytes(a, "big") ^ int.from_bytes(b, "big")
    return len(a) * 8 - x.bit_length()


def structure(root, masked):
    """Sockets stand in the same order: each pair of addresses must share as many bits as before, and kinds must stay."""
    before = [packed for socket in sockets(root) for packed in socket[:2]]
    after = [packed for socket in sockets(masked) for packed in socket[:2]]
    if len(before) != len(after):
        return [f"{len(before)} addresses became {len(after)}"]
    pairs = sorted(set(zip(before, after)))
    # What an example network is for is no kind that counts.
    example = [ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]
    wrong = [f"{a.hex()} became {b.hex()}, of another kind" for a, b in pairs
             if _kind(a) != _kind(b) and not any(ipaddress.ip_address(a) in network for network in example
                                                 if network.version == ipaddress.ip_address(a).version)]
    wrong += [f"{a.hex()} and {c.hex()} shared {_shared(a, c)} bits, now {_shared(b, d)}" for a, b in pairs for c, d in pairs
              if len(a) == len(c) and _shared(a, c) != _shared(b, d)]
    return wrong
