# SPDX-License-Identifier: GPL-2.0-or-later
"""Ephemeral ports and TIME_WAIT."""
from .. import peers, probe
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 5432
RANGE = "32768 34767"
USED = 1800
SECOND = "10.77.0.3"


def _busy_range(lab, targets, sources=(None,), listening=()):
    client, server = lab.pair()
    client.sysctl(ip_local_port_range=RANGE)
    if listening:
        Peer(client, peers.serve, list(listening)).expect("ready")
    if SECOND in sources:
        client.run("ip", "address", "add", f"{SECOND}/24", "dev", "eth0")
    Peer(server, peers.serve, sorted({port for _, port in targets})).expect("ready")
    crowd = Peer(client, peers.connect, targets, sources=sources)
    crowd.expect("begun").expect("established")
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == len(targets), "open connections")
    return client


def one_destination(lab):
    """1800 of 2000 ports in use towards one destination."""
    return _busy_range(lab, [(B, PORT)] * USED)


def listeners_in_range(lab):
    """1200 of 2000 ports in use, and 600 more that connect() skips since somebody listens on them."""
    return _busy_range(lab, [(B, PORT)] * 1200, listening=range(33000, 33600))


def room_without_listeners(lab):
    """The same 1200 of 2000 ports, and nobody listens."""
    return _busy_range(lab, [(B, PORT)] * 1200)


def many_destinations(lab):
    """The same 1800 connections over 18 destinations."""
    return _busy_range(lab, [(B, PORT + i % 18) for i in range(USED)])


def two_sources(lab):
    """The same 1800 connections to one destination from two addresses."""
    return _busy_range(lab, [(B, PORT)] * USED, sources=(A, SECOND))


def _short_connections(lab, count, close_first=True, **sysctls):
    client, server = lab.pair()
    client.sysctl(**sysctls)
    Peer(server, peers.serve, [PORT], manners="close" if close_first else "goodbye").expect("ready")
    Peer(client, peers.churn, (B, PORT), count, close_first).expect("done", timeout=8)
    holder = client if close_first else server
    # A stray RST assassinates a few (RFC 1337); on a server a new SYN takes over its port's.
    enough = count * (0.95 if close_first else 0.75)
    lab.wait(lambda: probe.count(holder, probe.TIME_WAIT) >= enough, "TIME_WAIT")
    lab.still(lambda: probe.count(holder, probe.TIME_WAIT) >= enough, "TIME_WAIT")
    return holder


def ports_in_time_wait(lab):
    """1800 of 2000 ports wait out their minute."""
    return _short_connections(lab, USED, ip_local_port_range=RANGE)


def many_time_wait(lab):
    """5000 on a client whose range has room for them."""
    return _short_connections(lab, 5000)


def server_time_wait(lab):
    """5000 on a server that closes first: they take no ephemeral port at all."""
    return _short_connections(lab, 5000, close_first=False)


def few_time_wait(lab):
    """What any quiet host shows."""
    return _short_connections(lab, 15)


SPENT = (Expect("ports.exhaustion", subject=f"{B}:{PORT}"),)
NORMAL = (Expect("timewait.normal", severity="info"),)
CHURN = ("churn.connection-per-request",)

SCENES = (
    Scene("ports.exhaustion/one-destination", one_destination, expect=SPENT, may=MAY_SYSCTL),
    Scene("ports.exhaustion/time-wait", ports_in_time_wait, expect=SPENT,
          may=MAY_SYSCTL + CHURN + ("ports.exhaustion-forecast",), forbid=("timewait.normal",)),
    Scene("ports.exhaustion/listeners-in-range", listeners_in_range, expect=SPENT, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-room-without-listeners", room_without_listeners, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-many-destinations", many_destinations, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-two-sources", two_sources, may=MAY_SYSCTL),
    Scene("timewait.normal/client", many_time_wait, expect=NORMAL, may=CHURN),
    Scene("timewait.normal/server", server_time_wait, expect=NORMAL, may=CHURN, full_only=True),
    Scene("timewait.normal/twin-few", few_time_wait),
)
