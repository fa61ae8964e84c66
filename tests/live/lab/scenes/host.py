# SPDX-License-Identifier: GPL-2.0-or-later
"""The host's own limits, and TCP's neighbours."""
import itertools
import os
import resource
import select
import socket
import tempfile
import time

from .. import conntrack, peers, probe
from ..kernel import name_process
from ..net import B, Peer, SceneError
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 8080
MIB = 1 << 20


# Roles.

def crowded(channel, group, share, clients):
    """A server that will have this share of its descriptors open once its clients are there."""
    group.join()
    now = len(os.listdir("/proc/self/fd"))
    limit = int((now + 3 + clients) / share)  # the listener, the poller, the listing itself
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    peers.serve(channel, [PORT], manners="hold")


def pour_all(channel, target, count):
    """Connections that send as much as they may, for ever."""
    data = bytes(64 * 1024)
    socks = [socket.create_connection(target) for _ in range(count)]
    for sock in socks:
        sock.setblocking(False)
    channel.say("established")
    while True:
        _, ready, _ = select.select([], socks, [], 1)
        for sock in ready:
            try:
                sock.send(data)
            except BlockingIOError:
                pass


def sip_all(channel, group, count, sip):
    """A server that reads a little from each connection, twenty times a second."""
    if group:
        group.join()
    listening = peers.listener(PORT, 4096)
    listening.setblocking(True)
    channel.say("ready")
    socks = [listening.accept()[0] for _ in range(count)]
    for sock in socks:
        sock.setblocking(False)
    channel.say("accepted")
    while True:
        time.sleep(0.05)
        for sock in socks:
            try:
                sock.recv(sip)
            except BlockingIOError:
                pass


def _drain(sock):
    try:
        while sock.recv(MIB):
            pass
    except BlockingIOError:
        pass


def shrink_all(channel, count, late):
    """
    A server that promises its peers room, takes it back, and reads; or, not late, one that set its
    small buffers before it listened.
    """
    listening = peers.listener(PORT, 4096)
    listening.setblocking(True)
    if not late:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    channel.say("ready")
    socks = [listening.accept()[0] for _ in range(count)]
    for sock in socks:
        sock.setblocking(False)
    channel.say("accepted")
    for turn in itertools.count():
        for sock in socks:
            if late:
                size = 4096 if turn % 2 else MIB
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
            if turn % 2 == 0:
                _drain(sock)
        time.sleep(0.01)


def stand_in(channel, name):
    """A process by that name, which does nothing."""
    name_process(name)
    channel.say("ready")
    channel.hear()


# Conditions.

def _near_limit(share):
    def build(lab):
        clients = 120
        client, server = lab.pair()
        group = lab.cgroup()
        Peer(server, crowded, group, share, clients).expect("ready")
        Peer(client, peers.connect, [(B, PORT)] * clients).expect("begun").expect("established")
        lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) == clients, "clients")
        lab.still(lambda: probe.count(server, probe.ESTABLISHED, PORT) == clients, "clients")
        return server
    return build


def _limited(limit, presses):
    def build(lab):
        client, server = lab.pair()
        group = lab.cgroup(tcp_limit=limit)
        server.sysctl(tcp_rmem="4096 2097152 8388608")
        reader = Peer(server, sip_all, group, 8, 64 * 1024).expect("ready")
        Peer(client, pour_all, (B, PORT), 8).expect("established")
        reader.expect("accepted")
        if not presses:
            lab.wait(lambda: group.used() > MIB, "full receive queues")
            lab.still(lambda: group.used() < limit / 4, "a limit that is far away")
            return server
        lab.wait(lambda: probe.counter(server, "TCPRcvQDrop") > 20, "dropped packets")
        before = probe.counter(server, "TCPRcvQDrop")
        lab.still(lambda: probe.counter(server, "TCPRcvQDrop") > before + 20, "more of them")
        return server
    return build


def _shrunk(late):
    def build(lab):
        count = 20
        client, server = lab.pair()
        server.sysctl(tcp_rmem="4096 1048576 8388608")
        reader = Peer(server, shrink_all, count, late).expect("ready")
        Peer(client, pour_all, (B, PORT), count).expect("established")
        reader.expect("accepted")
        if not late:
            time.sleep(1.0)
            lab.still(lambda: probe.counter(server, "RcvPruned") == 0, "nothing thrown away")
            return server
        lab.wait(lambda: probe.counter(server, "RcvPruned") > 20, "data thrown away")
        before = probe.counter(server, "RcvPruned")
        lab.still(lambda: probe.counter(server, "RcvPruned") > before + 20, "more thrown away")
        return server
    return build


def _unread(netns):
    return sum(row[3] for row in probe.sockets(netns, probe.ESTABLISHED, PORT))


def _memory():
    with open("/proc/meminfo", encoding="ascii") as file:
        return 1024 * int(file.readline().split()[1])


def _profile(lab, threshold, percent):
    """Balanced with another share, which a test can reach."""
    with tempfile.NamedTemporaryFile("w", suffix=".profile", delete=False) as file:
        file.write("format = 1\n[profile]\nsummary = For one scene\ninclude = balanced\n"
                   f"[thresholds]\n{threshold} = {percent:.6f} %\n")
    lab.leftovers.append(file.name)
    lab.options.append(f"--profile={file.name}")


def _held(share):
    """Buffers of a server that reads nothing: 24 MiB and more, against a share of memory."""
    def build(lab):
        client, server = lab.pair()
        server.sysctl(tcp_rmem="4096 4194304 8388608")
        Peer(server, peers.serve, [PORT], manners="hold").expect("ready")
        Peer(client, pour_all, (B, PORT), 16).expect("established")
        lab.wait(lambda: _unread(server) > 20 * MIB, "unread data")
        lab.still(lambda: _unread(server) > 20 * MIB, "unread data")
        _profile(lab, "memory.buffer-share", 100 * share * 20 * MIB / _memory())
        return server
    return build


def _tracked(lab, share):
    """A table that is full to this share of what the profile takes for full."""
    server = lab.namespace("gateway")
    try:
        limit = int(server.read("/proc/sys/net/netfilter/nf_conntrack_max"))
    except OSError as error:
        raise SceneError(f"connections are not tracked: {error}") from error
    with server:
        conntrack.track(6000)
    count = int(server.read("/proc/sys/net/netfilter/nf_conntrack_count"))
    if count < 6000:
        raise SceneError(f"only {count} connections are tracked")
    _profile(lab, "conntrack.share", 100 * count / share / limit)
    return server


def nearly_full(lab):
    """A fifth more than the threshold."""
    return _tracked(lab, 1.2)


def half_full(lab):
    """The same connections, and room for as many again."""
    return _tracked(lab, 0.5)


TUNED = {
    "/etc/tuned/active_profile": "site-throughput\n",
    "/etc/tuned/site-throughput/tuned.conf":
        "[main]\nsummary=Site\ninclude=site-base\n\n[sysctl]\n# no host needs less\n"
        "net.core.somaxconn=>2048\nnet.ipv4.tcp_fin_timeout = 30\n",
    "/etc/tuned/site-base/tuned.conf":
        "[main]\nsummary=Base\n[sysctl]\nnet.ipv4.tcp_fin_timeout=15\nnet.ipv4.tcp_retries2=15\n"
        "vm.swappiness=10\n",
}


def _tuned(process):
    def build(lab):
        server = lab.namespace("server")
        daemon = Peer(server, stand_in, process).expect("ready")
        lab.files.update(TUNED)
        lab.files["/run/tuned/tuned.pid"] = f"{daemon.pid}\n"
        return server
    return build


DISAGREES = {"60-site.conf": "net.ipv4.tcp_fin_timeout = 60\nnet.ipv4.tcp_retries2 = 15\n"}
AGREES = {"60-site.conf": "net.ipv4.tcp_retries2 = 0xf\nnet.ipv4.tcp_sack = 1\n"}
# What slow readers say of themselves is for other rules.
SLOW = MAY_SYSCTL + ("legacy.initial-buffers-huge", "window.*", "loss.*", "bloat.*",
                     "memory.prune-collapse", "latency.*")
POOR = SLOW + ("sockets.*", "hol.*", "flows.*")

SCENES = (
    Scene("fd.owner-near-limit/near", _near_limit(0.9), needs=("cgroup",),
          expect=(Expect("fd.owner-near-limit", subject="tcpadvisor-lab", severity="warning"),)),
    Scene("fd.owner-near-limit/at", _near_limit(0.97), needs=("cgroup",),
          expect=(Expect("fd.owner-near-limit", subject="tcpadvisor-lab", severity="error"),)),
    Scene("fd.owner-near-limit/twin-far", _near_limit(0.7), needs=("cgroup",)),
    Scene("memory.cgroup-pressure/limit", _limited(4 * MIB, True), needs=("tcp-limit",), may=SLOW,
          expect=(Expect("memory.cgroup-pressure", subject="tcpadvisor-lab"),)),
    Scene("memory.cgroup-pressure/twin-far", _limited(1024 * MIB, False), needs=("tcp-limit",),
          may=SLOW),
    Scene("memory.prune-collapse/buffer-taken-back", _shrunk(True), may=POOR,
          expect=(Expect("memory.prune-collapse", severity="warning"),)),
    Scene("memory.prune-collapse/twin-small-from-the-start", _shrunk(False), may=POOR),
    Scene("memory.buffers-exceed-ram/unread", _held(0.8), may=POOR,
          expect=(Expect("memory.buffers-exceed-ram"),)),
    Scene("memory.buffers-exceed-ram/twin-room", _held(20), may=POOR),
    Scene("conntrack.full/nearly", nearly_full,
          expect=(Expect("conntrack.full", severity="warning"),)),
    Scene("conntrack.full/twin-half", half_full),
    Scene("manager.conflict/tuned", _tuned("tuned"), boot=DISAGREES,
          expect=(Expect("manager.conflict"),)),
    Scene("manager.conflict/twin-agrees", _tuned("tuned"), boot=AGREES),
    Scene("manager.conflict/twin-not-running", _tuned("untuned"), boot=DISAGREES),
)
