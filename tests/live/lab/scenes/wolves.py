# SPDX-License-Identifier: GPL-2.0-or-later
"""Healthy hosts that other tools cry wolf at: not one finding above info."""
from .. import crowd, peers, probe
from ..net import A, B, Peer
from ..scene import Scene

PORT = 443
UPSTREAM = 5432
SSH = 22


def idle_ssh(lab):
    """A default host and one administrator who thinks."""
    client, server = lab.pair()
    Peer(server, peers.serve, [SSH], manners="echo").expect("ready")
    Peer(client, peers.chat, (B, SSH), 30).expect("established")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, SSH) == 1, "one connection")
    return server


def _database(lab):
    client, server = lab.pair()
    Peer(server, crowd.answer, [UPSTREAM], 2000).expect("ready")
    for _ in range(2):
        Peer(client, crowd.pool, [(B, UPSTREAM)] * 150, 4, 2000, 0.01).expect("established")
    lab.still(lambda: probe.count(server, probe.ESTABLISHED, UPSTREAM) == 300, "resting pools")
    return client, server


def database_server(lab):
    """300 connections of two pools, most of them at rest."""
    return _database(lab)[1]


def database_client(lab):
    """The same from the side of those who pool."""
    return _database(lab)[0]


def proxy(lab):
    """1500 clients stay, others come and go, and all goes on by 40 kept connections."""
    client, host = lab.pair()
    Peer(host, crowd.answer, [PORT], 3000).expect("ready")
    Peer(client, crowd.answer, [UPSTREAM], 3000).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 1500).expect("begun").expect("established")
    Peer(client, crowd.visit, (B, PORT), 3000, 0.01).expect("begun")
    Peer(host, crowd.pool, [(A, UPSTREAM)] * 40, 10, 3000, 0.005).expect("established")
    lab.still(lambda: probe.count(host, probe.ESTABLISHED, PORT) >= 1500, "many clients")
    return host


def cdn_edge(lab):
    """A 25 Gbit/s NIC, clients 100 ms away who fetch small objects over connections they keep."""
    client, host = lab.box(names=("clients", "edge"), delay="50ms", rate="2Gbit/s", queue="20MB")
    Peer(host, crowd.answer, [PORT], 30000).expect("ready")
    Peer(client, crowd.browse, (B, PORT), 60, 30000, 0.2).expect("established", timeout=10)
    Peer(client, crowd.visit, (B, PORT), 30000, 0.05).expect("begun")
    meter = probe.Meter(client, "wan0")
    lab.wait(lambda: meter.rate() > 30, "traffic", step=0.5)
    return host


def container_host(lab):
    """A bridge with twelve pods that talk to each other through the host, which forwards."""
    host, pods = lab.namespace("host"), lab.namespace("pods")
    host.run("ip", "link", "add", "cni0", "type", "bridge")
    host.run("ip", "address", "add", "10.77.0.2/24", "dev", "cni0")
    for i in range(12):
        host.run("ip", "link", "add", f"veth{i}", "type", "veth", "peer", "name", f"eth{i}",
                 "netns", str(pods.pid))
        host.run("ip", "link", "set", f"veth{i}", "master", "cni0", "up")
        pods.run("ip", "link", "set", f"eth{i}", "up")
    pods.run("ip", "address", "add", "10.77.0.1/24", "dev", "eth0")
    host.run("ip", "link", "set", "cni0", "up")
    host.sysctl(ip_forward=1, **{"conf/all/rp_filter": 0, "conf/cni0/rp_filter": 2,
                                 "conf/cni0/route_localnet": 1})
    Peer(host, crowd.answer, [PORT], 2000).expect("ready")
    Peer(pods, crowd.pool, [("10.77.0.2", PORT)] * 20, 20, 2000, 0.02).expect(
        "established", timeout=10)
    lab.still(lambda: probe.count(host, probe.ESTABLISHED, PORT) == 20, "pods that talk")
    return host


def laptop(lab):
    """A dozen idle connections, a few in TIME_WAIT, one half-closed, one page under way."""
    server, host = lab.box(names=("internet", "laptop"), delay="15ms", rate="50Mbit/s",
                           queue="200KB")
    Peer(server, crowd.answer, [PORT], 60000).expect("ready")
    Peer(server, peers.serve, [8443], manners="goodbye").expect("ready")
    Peer(host, peers.connect, [(A, PORT)] * 12).expect("begun").expect("established")
    Peer(host, peers.churn, (A, PORT), 5, True).expect("done")
    Peer(host, peers.connect, [(A, 8443)]).expect("begun").expect("established")
    Peer(host, crowd.visit, (A, PORT), 60000, 0.5).expect("begun")
    lab.wait(lambda: probe.count(host, probe.CLOSE_WAIT, 8443) == 1, "a half-closed connection")
    return host


def _wolf(name, build, **kwargs):
    return Scene("healthy-host/" + name, build, **kwargs)


SCENES = (
    _wolf("idle-ssh", idle_ssh),
    _wolf("database-server", database_server),
    _wolf("database-client", database_client),
    _wolf("proxy", proxy),
    _wolf("cdn-edge", cdn_edge, needs=("tun",), options=("--speed=wan0=25Gbit/s",), weight=2),
    _wolf("container-host", container_host),
    _wolf("laptop", laptop, needs=("tun",), options=("--speed=wan0=50Mbit/s",)),
)
