# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections for one request each, cold ones, and pools."""
import os

from .. import peers, probe, requests
from ..net import B, Peer
from ..scene import Expect, Scene

PORT = 8080
PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pool-idle-3s.profile")
BACKENDS = [f"10.77.0.{i}" for i in range(11, 15)]


def _visits(lab, rate, hang_up_here, delay=None, size=200):
    """An open loop of requests with a connection each, across a veth pair or a delay box."""
    if delay:
        client, server = lab.box(delay=delay, rate="100Mbit/s")
    else:
        client, server = lab.pair()
    Peer(server, requests.answer, [PORT], size=size, hang_up=not hang_up_here).expect("ready")
    Peer(client, requests.visit, [(B, PORT)], rate, size=size, hang_up=hang_up_here).expect("begun")
    holder = client if hang_up_here else server
    return client, server, holder


def closed_here(lab):
    """200 requests a second, each with a connection that the client closes."""
    client, _, holder = _visits(lab, 200, True)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 1100, "TIME_WAIT", timeout=14)
    return client


def closed_there(lab):
    """The same, closed by the server: nothing rests here."""
    client, _, holder = _visits(lab, 200, False)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 300, "TIME_WAIT there")
    lab.still(lambda: probe.count(client, probe.TIME_WAIT) < 100, "no TIME_WAIT here")
    return client


def far_closed_there(lab):
    """100 a second over 20 ms: two connections' worth of waiting at any time."""
    client, _, holder = _visits(lab, 100, False, delay="10ms")
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 200, "TIME_WAIT there", timeout=10)
    return client


def slow_visits(lab):
    """Ten a second."""
    client, _, holder = _visits(lab, 10, False)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 15, "TIME_WAIT there")
    return client


def _pool(lab, counts, rate, used=None, local=False):
    if local:
        client = server = lab.namespace("host")
    else:
        client, server = lab.pair()
        for address in BACKENDS:
            server.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
    Peer(server, requests.answer, [PORT], think=0.001).expect("ready")
    Peer(client, requests.pool, counts, rate, used).expect("established")
    total = sum(count for _, count in counts)
    lab.wait(lambda: probe.count(client, probe.ESTABLISHED, PORT) >= total, "open connections")
    return client, total


def pooled(lab):
    """The same load over a pool of ten."""
    client, _ = _pool(lab, [((B, PORT), 10)], 200)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == 10, "open connections")
    return client


def edge_server(lab):
    """Clients come with a connection each, the server closes, and talks to its backends by a pool."""
    client, edge = lab.pair()
    Peer(client, requests.answer, [9000], think=0.001).expect("ready")
    Peer(edge, requests.pool, [(("10.77.0.1", 9000), 20)], 200).expect("established")
    Peer(edge, requests.answer, [443], hang_up=True).expect("ready")
    Peer(client, peers.connect, [(B, 443)] * 300).expect("begun").expect("established")
    Peer(client, requests.visit, [(B, 443)], 200, hang_up=False).expect("begun")
    lab.wait(lambda: probe.count(edge, probe.TIME_WAIT) >= 1100, "TIME_WAIT", timeout=14)
    lab.still(lambda: probe.count(edge, probe.ESTABLISHED) >= 320, "open connections")
    return edge


def cold(lab):
    """20 answers of 150 kB each second over 60 ms, each on a new connection."""
    client, _, holder = _visits(lab, 20, False, delay="30ms", size=150_000)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 20, "TIME_WAIT there", timeout=10)
    return client


def warm(lab):
    """The same over a pool."""
    client, server = lab.box(delay="30ms", rate="100Mbit/s")
    Peer(server, requests.answer, [PORT], size=150_000).expect("ready")
    for _ in range(4):
        Peer(client, requests.fetch, (B, PORT), 150_000, 0.2).expect("established")
    lab.wait(lambda: probe.tcp_info(client, PORT).get("bytes_received", 0) > 600_000, "answers", timeout=10)
    return client


def cold_small(lab):
    """20 answers a second that fit the first window."""
    client, _, holder = _visits(lab, 20, False, delay="30ms", size=2000)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= 20, "TIME_WAIT there", timeout=10)
    return client


def oversized(lab):
    """300 connections, and three of them do all the work."""
    client, total = _pool(lab, [((B, PORT), 300)], 50, used=3)
    lab.wait(lambda: _idle(client, 3.2) >= 290, "idle connections", timeout=9)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    return client


def resting(lab):
    """300 connections at night: nobody asks anything."""
    client, total = _pool(lab, [((B, PORT), 300)], 0)
    lab.wait(lambda: _idle(client, 3.2) == 300, "idle connections", timeout=9)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    return client


def turned(lab):
    """300 connections that are used in turn."""
    client, total = _pool(lab, [((B, PORT), 300)], 400)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    lab.wait(lambda: _idle(client, 3.0) == 0, "all in use", timeout=9)
    return client


def sensible(lab):
    """40 connections, and three of them do all the work."""
    client, _ = _pool(lab, [((B, PORT), 40)], 50, used=3)
    lab.wait(lambda: _idle(client, 3.2) >= 36, "idle connections", timeout=9)
    return client


def _idle(netns, seconds):
    """Connections that received nothing for so long."""
    return sum(float(age) >= seconds * 1000 for age in probe.ages(netns, PORT))


def unbalanced(lab):
    """One backend of four holds what was opened while the others were down."""
    client, total = _pool(lab, [((address, PORT), count) for address, count in
                                zip(BACKENDS, (60, 6, 5, 4))], 50)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    return client


def balanced(lab):
    """The same number, spread as chance spreads it."""
    client, total = _pool(lab, [((address, PORT), count) for address, count in
                                zip(BACKENDS, (24, 15, 19, 17))], 50)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    return client


def primary_and_replicas(lab):
    """A primary does the work; its replicas are watched by a connection or two."""
    client, total = _pool(lab, [((address, PORT), count) for address, count in
                                zip(BACKENDS, (60, 2, 2, 2))], 50)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == total, "open connections")
    return client


CHURN = "churn.connection-per-request"
SOON = (f"--profile={PROFILE}",)
HERE = f"{B}:{PORT}"

SCENES = (
    Scene(f"{CHURN}/closed-here", closed_here, expect=(Expect(CHURN, HERE, "notice"),)),
    Scene(f"{CHURN}/closed-there", closed_there, expect=(Expect(CHURN, HERE, "notice"),)),
    Scene(f"{CHURN}/far", far_closed_there, expect=(Expect(CHURN, HERE, "warning"),)),
    Scene(f"{CHURN}/twin-slow", slow_visits),
    Scene(f"{CHURN}/twin-pool", pooled),
    Scene(f"{CHURN}/twin-edge-server", edge_server),
    Scene("latency.cold-connections/answers", cold,
          expect=(Expect("latency.cold-connections", HERE),)),
    Scene("latency.cold-connections/twin-warm", warm, forbid=(CHURN,)),
    Scene("latency.cold-connections/twin-small", cold_small, forbid=(CHURN,)),
    Scene("pool.oversized/three-of-300", oversized, options=SOON,
          expect=(Expect("pool.oversized", HERE),)),
    Scene("pool.oversized/twin-resting", resting, options=SOON),
    Scene("pool.oversized/twin-turned", turned, options=SOON),
    Scene("pool.oversized/twin-sensible", sensible, options=SOON, full_only=True),
    Scene("pool.unbalanced/one-of-four", unbalanced,
          expect=(Expect("pool.unbalanced", f"{BACKENDS[0]}:{PORT}"),)),
    Scene("pool.unbalanced/twin-chance", balanced),
    Scene("pool.unbalanced/twin-primary", primary_and_replicas),
)
