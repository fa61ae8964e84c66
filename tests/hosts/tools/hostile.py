# SPDX-License-Identifier: GPL-2.0-or-later
"""Records that lie: every kind of wrong bytes, and every way out of the directory."""
import os
import random
import re
import shutil
import struct

import case
import inet_diag
import netlink
import rtnl
import tree
import wolves

CANARY = "canary-5e1f"
CANARY_NUMBER = "48620915"
KIB, MIB = 1024, 1024 * 1024
NOISE = random.Random(20250131)

# One of each kind of file that is read, and the folders above them.
FILES = (
    "proc/net/netstat", "proc/net/snmp", "proc/net/sockstat", "proc/net/sockstat6",
    "proc/net/softnet_stat", "proc/meminfo", "proc/sys/fs/file-nr", "proc/sys/fs/file-max",
    "proc/sys/net/core/somaxconn", "proc/sys/net/ipv4/tcp_rmem", "proc/sys/net/ipv4/tcp_syncookies",
    "proc/sys/net/ipv4/ip_local_port_range", "proc/sys/net/ipv4/ip_local_reserved_ports",
    "proc/sys/net/ipv4/tcp_congestion_control", "proc/sys/net/ipv4/tcp_ehash_entries",
    "proc/sys/net/ipv4/tcp_adv_win_scale", "proc/sys/net/ipv4/tcp_syn_linear_timeouts",
    "proc/sys/net/ipv4/tcp_syn_retries", "sys/class/net/eth0/speed", "sys/class/net/eth0/duplex",
    "names/cgroups", "names/holders", "etc/sysctl.conf", "etc/sysctl.d/60-web.conf",
    "etc/tcpadvisor/tcpadvisor.conf",
    "etc/tcpadvisor/rules/x.rule", "etc/tcpadvisor/profiles/x.profile",
    "etc/tcpadvisor/waivers/x.waiver", "netlink/tcp.diag", "netlink/tcp-listen.diag",
    "netlink/links.rtnl", "netlink/addresses.rtnl", "netlink/qdiscs.rtnl",
    "netlink/ethtool-family.genl", "netlink/ethtool-linkmodes.genl", "sample-2/netlink/tcp.diag",
    "sample-2/netlink/routes.rtnl", "sample-2/netlink/tcp-congestion.diag",
    "sample-2/proc/net/netstat", "record.conf",
)
FOLDERS = ("sample-2", "netlink", "names", "proc/net", "proc/sys", "proc", "etc/sysctl.d", "sys")


# Hosts that are too large to be kept.
GROWN = {"full-edge": ("cdn-edge", lambda: wolves.cdn_edge(2400, 20000))}


class Playground:
    """A host to spoil, and beside it what must never be seen."""

    def __init__(self, folder, name):
        self.folder = folder
        self.good, self.root = (os.path.join(folder, part) for part in ("good", "host"))
        base, grow = GROWN.get(name, (name, dict))
        tree.assemble(base, self.good)
        for path, data in grow().items():
            tree.write(self.good, path, data)
        tree.write(folder, "canary", f"{CANARY} = {CANARY_NUMBER}\n")
        tree.write(folder, "number", CANARY_NUMBER + "\n")
        tree.write(folder, "outside/99-canary.conf", f"net.ipv4.tcp_retries2 = {CANARY_NUMBER}\n")
        for twin in ("twin", "host"):
            shutil.copytree(self.good, os.path.join(folder, twin), symlinks=True)
        tree.write(folder, "twin/proc/sys/net/core/somaxconn", CANARY_NUMBER + "\n")

    def restore(self, *targets):
        """Files or directories as they should be."""
        for target in targets:
            path, good = self.path(target), os.path.join(self.good, target)
            if os.path.isdir(good):
                shutil.copytree(good, path, symlinks=True)
            elif os.path.lexists(good):
                shutil.copy2(good, path, follow_symlinks=False)

    def write(self, target, data):
        """Other bytes for one file."""
        with open(self.path(target), "wb") as file:
            file.write(data)

    def path(self, target):
        """An absolute path inside the host, whose place is free."""
        path = os.path.join(self.root, target)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path


def _bytes(make):
    def spoil(ground, target):
        with open(ground.path(target), "wb") as file:
            file.write(make(target))
    return spoil


def _link(to):
    def spoil(ground, target):
        os.symlink(to.format(folder=ground.folder, up="../" * (target.count("/") + 1)),
                   ground.path(target))
    return spoil


def _noise(_):
    return bytes(NOISE.randrange(256) for _ in range(3000))


def _text_noise(target):
    """Of the letters that the good ones are made of, so that parsers come further."""
    letters = "0123456789 \t\n-.,:=#;[]*/eEnaifxTcpEXt\0"
    return "".join(NOISE.choice(letters) for _ in range(2000 + len(target))).encode()


def _too_large(target):
    limit = (64 * KIB if target.startswith("proc/sys/net") else 256 * KIB if "proc/net" in target
             else 4 * MIB if "netlink" in target else MIB)
    return b"1 " * (limit // 2 + 8)


KINDS = {
    "noise": _bytes(_noise),
    "noise of its own letters": _bytes(_text_noise),
    "nothing": _bytes(lambda _: b""),
    "zeroes": _bytes(lambda _: bytes(4096)),
    "ones": _bytes(lambda _: b"\xff" * 4096),
    "line breaks": _bytes(lambda _: b"\n" * 5000),
    "one long line": _bytes(lambda _: b"A" * 60000),
    "escape sequences": _bytes(lambda _: b"\x1b[2J\x1b]0;x\x07\r\xe2\x80\xae 1 = 2\n" * 20),
    "numbers that are none": _bytes(lambda _: b"nan inf -inf nan\n"),
    "nan": _bytes(lambda _: b"nan\n"),
    "a number and none": _bytes(lambda _: b"1 nan 0x10\n"),
    "huge numbers": _bytes(lambda _: b"99999999999999999999 1e308 -1e308 18446744073709551616\n"),
    "negative numbers": _bytes(lambda _: b"-1\t-1\t-1\t-1\n"),
    "just above the limit": _bytes(_too_large),
    "a directory": lambda ground, target: os.mkdir(ground.path(target)),
    "a FIFO": lambda ground, target: os.mkfifo(ground.path(target)),
    "a link to itself":
        lambda ground, target: os.symlink(os.path.basename(target), ground.path(target)),
    "a link to /etc/passwd": _link("/etc/passwd"),
    "an absolute link out": _link("{folder}/canary"),
    "a relative link out": _link("{up}canary"),
    "a link far up": _link("../../../../../../../../../../..{folder}/canary"),
    "a link to a number outside": _link("{folder}/number"),
    "a link to a number above": _link("{up}number"),
    "a link to a descriptor": _link("/proc/self/fd/0"),
    "a link to the twin's root": _link("/proc/self/root{folder}/canary"),
}

# Whole directories that lie elsewhere.
WAYS_OUT = (
    ("proc", "{folder}/twin/proc"), ("proc", "../twin/proc"), ("proc/sys", "../../twin/proc/sys"),
    ("netlink", "../twin/netlink"), ("sample-2", "../twin"), ("etc/sysctl.d", "../../outside"),
    ("etc/sysctl.d", "{folder}/outside"), ("etc", "/etc"), ("usr", "/usr"),
    ("names", "../twin/names"),
)

# What must be unknown where this file is spoilt so, and part of the reason.
REASONS = (
    ("proc/sys/fs/file-nr", "noise", "fd.host-near-limit", "not understood"),
    ("proc/sys/fs/file-nr", "nothing", "fd.host-near-limit", "not understood"),
    ("proc/sys/fs/file-nr", "a directory", "fd.host-near-limit", "Invalid argument"),
    ("proc/sys/fs/file-nr", "a FIFO", "fd.host-near-limit", "Invalid argument"),
    ("proc/sys/fs/file-nr", "just above the limit", "fd.host-near-limit", "too large"),
    ("proc/sys/fs/file-nr", "numbers that are none", "fd.host-near-limit", "not understood"),
    ("proc/sys/net/ipv4/tcp_syncookies", "noise", "listen.syncookies-off", "not understood"),
    ("proc/sys/net/ipv4/tcp_syncookies", "nothing", "listen.syncookies-off", "not understood"),
    ("proc/sys/net/ipv4/tcp_syncookies", "nan", "listen.syncookies-off", "not understood"),
    ("proc/sys/net/ipv4/tcp_syncookies", "a directory", "listen.syncookies-off", "cannot be read"),
    ("proc/sys/net/ipv4/tcp_syncookies", "just above the limit", "listen.syncookies-off",
     "too large"),
    ("sample-2", "nothing", "listen.accept-queue-full", "two samples"),
    ("sample-2", "a directory", "listen.accept-queue-full", "two samples"),
    ("sample-2", "a FIFO", "listen.accept-queue-full", "two samples"),
    ("netlink/tcp-listen.diag", "a directory", "listen.accept-queue-full", "could not be dumped"),
    ("netlink/tcp-listen.diag", "a FIFO", "sockets.close-wait-leak", "could not be dumped"),
    ("netlink/tcp-listen.diag", "a link to itself", "window.send-below-bdp", "could not be dumped"),
)


def leaks(ground, run):
    """Does the output hold what lies outside?"""
    passwd = b"root:x:0:0"
    text = run.out + run.err
    return [word for word in (CANARY.encode(), CANARY_NUMBER.encode(), passwd) if word in text] + (
        [ground.folder.encode()] if ground.folder.encode() in run.out else [])


def faults(run):
    """What no input may cause, whatever it is."""
    if run.status not in (0, 1, 2, 3):
        yield f"exit status {run.status}: {run.err[-300:]!r}"
    if b"Sanitizer" in run.err or b"runtime error" in run.err:
        yield f"{run.err[:400]!r}"
    if run.status == 1 and not run.err.startswith(b"tcpadvisor: "):
        yield "exit status 1 without a word"
    try:
        text = run.out.decode() + run.err.decode()
    except UnicodeDecodeError:
        yield "output that is no UTF-8"
        return
    if any(ord(letter) < 32 and letter != "\n" for letter in text):
        yield "control characters in the output"
    if run.status in (0, 2, 3) and run.out.startswith(b"{"):
        try:
            run.json()
        except ValueError as error:
            yield f"no JSON: {error}"


def look(ground, thoroughly=False):
    """Everything that is wrong with how a spoilt host is taken."""
    runs = [case.audit(ground.root),
            case.Result(["facts", f"--root={ground.root}", "--format=json"])]
    if thoroughly:
        runs.append(case.audit(ground.root, output="text"))
        runs += [case.Result([verb, f"--root={ground.root}"])
                 for verb in ("facts", "paths", "sockets")]
    for run in runs:
        yield from faults(run)
        yield from (f"shows {word!r} from outside" for word in leaks(ground, run))


EVIL_NAMES = (
    "..", ".", "../../../../etc", "/etc/passwd", "eth0/../../../canary", "a\nb",
    "\x1b[2J\x1b]0;x\x07", "\u202eabc", "%s%n%x", "x" * 300, "", "eth0=1\n[host]\nkernel = 1",
    "\ud800",
)


def give_names(ground, name):
    """The host, its interface, units and processes get this name. Returns what was written."""
    raw = name.encode("utf-8", "surrogatepass")
    line = raw.replace(b"\n", b" ")
    conf = tree.read(ground.good, "record.conf").decode()
    if name.isprintable():  # others are refused there, which is the end of it
        conf = re.sub(r"(?m)^(hostname|kernel|machine) = .*",
                      lambda found: f"{found[1]} = {name[:150]}", conf)
    inode = tree.read(ground.good, "names/holders").split(b" ")[0]
    flow = ("192.0.2.10", 443), ("203.0.114.7", 43000)
    written = {
        "record.conf": conf.encode(),
        "netlink/links.rtnl": rtnl.link(2, name, name, qdisc=name) + netlink.done(),
        "netlink/qdiscs.rtnl": rtnl.qdisc(2, name, 0x80010001) + netlink.done(),
        "sample-2/netlink/tcp-congestion.diag": inet_diag.congestion(*flow, name, 20008),
        "names/cgroups": b"".join(b"%d /system.slice/%s.service\n" % (number, line)
                                  for number in range(5000, 7000)),
        "names/holders": inode + b" 77 " + line + b"\n",
        "etc/sysctl.d/99-x.conf": b"net.core.somaxconn = " + raw + b"\n" + raw + b" = 1\n",
        "proc/sys/net/ipv4/tcp_congestion_control": raw + b"\n",
    }
    for target, data in written.items():
        ground.write(target, data)
    return written


def corrupt(data, seed):
    """A few bytes changed, most of them in attributes."""
    chance = random.Random(seed)
    changed = bytearray(data)
    for _ in range(chance.randint(1, 40)):
        at = chance.randrange(len(changed))
        changed[at] = chance.choice((0, 1, 4, 0x7f, 0x80, 0xfe, 0xff, chance.randrange(256)))
    return bytes(changed)


def whole_messages(data):
    """The messages with their headers."""
    for kind, flags, sequence, body in netlink.messages(data):
        yield netlink.message(kind, body, flags, sequence)


def rewrite_message(data, number, change):
    """The file with one message given to change()."""
    return b"".join(change(whole) if i == number else whole
                    for i, whole in enumerate(whole_messages(data)))


def _patch(offset, form, value):
    """A change that overwrites a number in the message."""
    def change(whole):
        changed = bytearray(whole)
        struct.pack_into(form, changed, offset, value)
        return bytes(changed)
    return change


def _before(*messages):
    """A change that puts others before the message."""
    return lambda whole: b"".join(messages) + whole


def _attribute(suffix):
    """Where the first attribute begins."""
    return 16 + (inet_diag.MESSAGE.size if suffix == "diag" else 16)


# What is done with the second message of a file of this suffix.
MUTATIONS = {
    "nlmsg_len 0": lambda suffix: _patch(0, "=I", 0),
    "nlmsg_len 15": lambda suffix: _patch(0, "=I", 15),
    "nlmsg_len beyond the end": lambda suffix: _patch(0, "=I", 0x7ffffff0),
    "nlmsg_len of all ones": lambda suffix: _patch(0, "=I", 0xffffffff),
    "no body": lambda suffix: lambda whole: _patch(0, "=I", 16)(whole[:16]),
    "nla_len 0": lambda suffix: _patch(_attribute(suffix), "=H", 0),
    "nla_len 3": lambda suffix: _patch(_attribute(suffix), "=H", 3),
    "nla_len beyond the end": lambda suffix: _patch(_attribute(suffix), "=H", 0xfffc),
    "an error before": lambda suffix: _before(netlink.error(-1)),
    "an error of a positive number before": lambda suffix: _before(netlink.error(7)),
    "an error cut short before":
        lambda suffix: _before(netlink.message(netlink.NLMSG_ERROR, b"\xff\xff")),
    "NLMSG_OVERRUN before": lambda suffix: _before(netlink.message(netlink.NLMSG_OVERRUN, b"")),
    "much of nothing before": lambda suffix: _before(*[netlink.message(1, b"")] * 1000),
    "a stranger before": lambda suffix: _before(netlink.message(4000, bytes(64))),
    "an interrupted dump": lambda suffix: _patch(6, "=H", netlink.MULTI | 0x10),
}
MUST_BE_NOTED = (
    "nlmsg_len 0", "nlmsg_len 15", "nlmsg_len beyond the end", "nlmsg_len of all ones", "no body",
    "nla_len 0", "nla_len 3", "nla_len beyond the end", "an error before",
    "an error of a positive number before", "an error cut short before", "NLMSG_OVERRUN before",
    "a stranger before",
)
MUTATED = ("netlink/tcp.diag", "netlink/tcp-listen.diag", "sample-2/netlink/tcp.diag",
           "netlink/links.rtnl", "netlink/addresses.rtnl", "sample-2/netlink/routes.rtnl")
ANSWERS = ("netlink/tcp.diag", "netlink/tcp-listen.diag", "netlink/links.rtnl",
           "netlink/addresses.rtnl", "netlink/qdiscs.rtnl", "netlink/ethtool-family.genl",
           "netlink/ethtool-linkmodes.genl", "sample-2/netlink/tcp.diag",
           "sample-2/netlink/routes.rtnl", "sample-2/netlink/tcp-congestion.diag")
DUMPS = ("netlink/tcp.diag", "netlink/tcp-listen.diag", "netlink/links.rtnl",
         "netlink/addresses.rtnl", "netlink/qdiscs.rtnl", "netlink/ethtool-linkmodes.genl",
         "sample-2/netlink/tcp.diag")
