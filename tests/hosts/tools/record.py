#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Records the hosts that were recorded, and takes out what tells of a particular machine. As root:
    record.py this-machine|busy-server DIR
"""
import ipaddress
import os
import re
import shutil
import struct
import subprocess
import sys

import busy
import case
import diag
import inet_diag
import netlink
import rtnl

IFLA_ADDRESS, IFLA_PERM_ADDRESS = 1, 54
CGROUPS = {busy.WEB: (5001, "/system.slice/nginx.service"),
           busy.APPLICATION: (5002, "/system.slice/app.service"),
           busy.LEAKY: (5003, "/system.slice/system-worker.slice/worker@1.service")}
PROCESSES = {busy.APPLICATION: (4242, "app-server"), busy.LEAKY: (4343, "worker: pool 1")}
LEAK_AGE_MS = 420000


def _read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def _write(data, *path):
    with open(os.path.join(*path), "wb") as file:
        file.write(data)


def _documentation(packed, index):
    """An address that RFC 5737 or RFC 3849 keeps for examples, where it is a host's own."""
    address = ipaddress.ip_address(packed)
    known = any(address in ipaddress.ip_network(text) for text in
                ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
                if address.version == ipaddress.ip_network(text).version)
    if known or address.is_loopback or address.is_unspecified or address.is_link_local:
        return packed
    example = f"192.0.2.{index}" if address.version == 4 else f"2001:db8::{index}"
    return ipaddress.ip_address(example).packed


def _anonymous(kind, index, name, payload):
    """One attribute without what identifies the machine."""
    if kind == rtnl.RTM_NEWLINK and name in (IFLA_ADDRESS, IFLA_PERM_ADDRESS) and any(payload):
        return b"\2\0\0\0\0" + bytes([index])
    if kind == rtnl.RTM_NEWADDR and name in (1, 2, 4):
        return _documentation(payload, index)
    return payload


def _scrub_rtnl(path):
    result = b""
    for kind, flags, sequence, body in netlink.messages(_read(path)):
        size = {rtnl.RTM_NEWLINK: 16, rtnl.RTM_NEWADDR: 8}.get(kind)
        if size:
            index = struct.unpack_from("=I", body, 4)[0]
            kept = [netlink.attribute(name, _anonymous(kind, index, name, payload))
                    for name, payload in netlink.attributes(body[size:])]
            body = body[:size] + b"".join(kept)
        result += netlink.message(kind, body, flags, sequence)
    _write(result, path)


def _scrub(root, hostname):
    conf = _read(root, "record.conf").decode()
    conf = re.sub(r"(?m)^hostname = .*", f"hostname = {hostname}", conf)
    conf = re.sub(r"(?m)^kernel = (\d+\.\d+\.\d+).*", r"kernel = \1", conf)
    conf = re.sub(r"(?m)^netns-inode = .*", "netns-inode = 4026531840", conf)
    _write(conf.encode(), root, "record.conf")
    for name in ("links.rtnl", "addresses.rtnl"):
        _scrub_rtnl(os.path.join(root, "netlink", name))
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(".conf") and "sysctl" in folder + name:
                # Lines keep their numbers.
                _write(re.sub(rb"(?m)^([#;]).*", rb"\1", _read(folder, name)), folder, name)


def _inode(data, state, port):
    """Of the first socket in this state at this port."""
    for kind, _, _, body in netlink.messages(data):
        if kind != inet_diag.TCPDIAG_GETSOCK:
            continue
        if body[diag.STATE] == state and int.from_bytes(body[diag.SPORT], "big") == port:
            return struct.unpack_from("=I", body, inet_diag.MESSAGE.size - 4)[0]
    raise LookupError(f"no socket in state {state} at port {port}")


def _dress_busy(root):
    """What a scene of half a minute cannot have: age, units, and processes with names."""
    options = diag.parse([f"--close-wait-age={LEAK_AGE_MS}"]
                         + [f"--cgroup={port}={number}" for port, (number, _) in CGROUPS.items()])
    for sample in ("", "sample-2"):
        for name in ("tcp.diag", "tcp-listen.diag"):
            path = os.path.join(root, sample, "netlink", name)
            _write(diag.rewrite(_read(path), options), path)
    names = os.path.join(root, "names")
    os.makedirs(names, exist_ok=True)
    _write("".join(f"{number} {path}\n" for number, path in CGROUPS.values()).encode(), names,
           "cgroups")
    dumps = {state: _read(root, "sample-2", "netlink", name) for state, name in
             ((inet_diag.LISTEN, "tcp-listen.diag"), (inet_diag.CLOSE_WAIT, "tcp.diag"))}
    holders = [(_inode(dumps[state], state, port), *PROCESSES[port]) for state, port in
               ((inet_diag.LISTEN, busy.APPLICATION), (inet_diag.CLOSE_WAIT, busy.LEAKY))]
    _write("".join(f"{inode} {pid} {name}\n" for inode, pid, name in holders).encode(), names,
           "holders")


def main(name, root):
    """Records into a new directory."""
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(os.path.dirname(os.path.abspath(root)), exist_ok=True)
    if name == "busy-server":
        scene = busy.BusyServer()
        scene.stand()
        scene.run(case.TCPADVISOR, "record", root).check_returncode()
        scene.end()
        _dress_busy(root)
        _scrub(root, "web1.example")
    else:
        subprocess.run([case.TCPADVISOR, "record", root], check=True)
        _scrub(root, "host.example")


if __name__ == "__main__":
    main(*sys.argv[1:])
