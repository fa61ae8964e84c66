# SPDX-License-Identifier: GPL-2.0-or-later
"""Ephemeral ports and TIME_WAIT."""
from .. import peers, probe, requests
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 5432
RANGE = "32768 34767"
USED = 1800
SECOND = "10.77.0.3"
NARROW = "32768 35767"


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


def time_wait_reused(lab):
    """1800 of 2000 ports wait out their minute, and connect() may take them over."""
    return _short_connections(lab, USED, ip_local_port_range=RANGE, tcp_tw_reuse=1)


def _bound_elsewhere(lab, free):
    """900 connections to one destination, and 800 to another by sockets that bind() first, or not."""
    client, server = lab.pair()
    client.sysctl(ip_local_port_range=RANGE)
    Peer(server, peers.serve, [PORT, PORT + 1]).expect("ready")
    if free:
        other = Peer(client, peers.connect, [(B, PORT + 1)] * 800, sources=(A,)).expect("begun")
    else:
        other = Peer(client, requests.bind_first, (B, PORT + 1), A, 800)
    other.expect("established")
    Peer(client, peers.connect, [(B, PORT)] * 1000).expect("begun").expect("established")
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == 1800, "open connections")
    return client


def bound_elsewhere(lab):
    """1000 of 2000 ports towards one destination, and bind() took 800 of the others."""
    return _bound_elsewhere(lab, False)


def not_bound_elsewhere(lab):
    """The same with IP_BIND_ADDRESS_NO_PORT."""
    return _bound_elsewhere(lab, True)


def _proxy_source(lab, count):
    """A proxy binds its source address before it connects to ten backends."""
    client, server = lab.pair()
    client.sysctl(ip_local_port_range=RANGE)
    Peer(server, peers.serve, list(range(PORT, PORT + 10))).expect("ready")
    for i in range(10):
        Peer(client, requests.bind_first, (B, PORT + i), A, count // 10).expect("established")
    lab.still(lambda: probe.count(client, probe.ESTABLISHED) == count, "open connections")
    return client


def proxy_source(lab):
    """1700 connections over ten backends: bind() takes a port for all of them."""
    return _proxy_source(lab, 1700)


def proxy_source_room(lab):
    """Half as many."""
    return _proxy_source(lab, 850)


def _churn(lab, targets, rate, enough, local=False, **sysctls):
    """Requests with a connection each, closed here, until the audit is over."""
    if local:
        client = server = lab.namespace("host")
    else:
        client, server = lab.pair()
    client.sysctl(**sysctls)
    Peer(server, requests.answer, sorted({port for _, port in targets})).expect("ready")
    Peer(client, requests.visit, targets, rate).expect("begun")
    lab.wait(lambda: probe.count(client, probe.TIME_WAIT) >= enough, "TIME_WAIT", timeout=14)
    lab.still(lambda: probe.count(client, probe.TIME_WAIT) >= enough * 0.9, "TIME_WAIT")
    return client


def forecast(lab):
    """150 connections a second into 3000 ports: taken in twenty seconds."""
    return _churn(lab, [(B, PORT)], 150, 800, ip_local_port_range=NARROW)


def forecast_spread(lab):
    """The same rate over 18 destinations."""
    return _churn(lab, [(B, PORT + i) for i in range(18)], 150, 800, ip_local_port_range=NARROW)


def forecast_room(lab):
    """The same rate into the kernel's own range."""
    return _churn(lab, [(B, PORT)], 150, 1050)


def forecast_reused(lab):
    """The same rate into 3000 ports that connect() may take over after a second."""
    return _churn(lab, [(B, PORT)], 150, 800, ip_local_port_range=NARROW, tcp_tw_reuse=1)


def local_reused(lab):
    """On loopback they are taken over by default."""
    return _churn(lab, [("127.0.0.1", PORT)], 150, 800, local=True, ip_local_port_range=NARROW)


def local_not_reused(lab):
    """On loopback with tcp_tw_reuse = 0."""
    return _churn(lab, [("127.0.0.1", PORT)], 150, 800, local=True, ip_local_port_range=NARROW,
                  tcp_tw_reuse=0)


def quiet_narrow(lab):
    """The narrow range, and 15 connections a second."""
    return _churn(lab, [(B, PORT)], 15, 20, ip_local_port_range=NARROW)


def _services(lab, low, reserved):
    host = lab.namespace("host")
    host.sysctl(ip_local_port_range=f"{low} 60999")
    if reserved:
        host.sysctl(ip_local_reserved_ports=reserved)
    Peer(host, peers.serve, [3306, 8080, 11211]).expect("ready")
    lab.still(lambda: probe.count(host, probe.LISTEN) == 3, "listeners")
    return host


def range_over_services(lab):
    """From 2000 on, over three services."""
    return _services(lab, 2000, "8080")


def range_reserved(lab):
    """The same, all reserved."""
    return _services(lab, 2000, "3306,8000-9000,11211")


def range_above_services(lab):
    """Wider than the default, and above all services."""
    return _services(lab, 20000, None)


def overflow(lab):
    """150 connections a second are closed, and 200 may rest."""
    return _overflow(lab, 200, tcp_max_tw_buckets=200)


def no_overflow(lab):
    """The same with the kernel's own limit."""
    return _overflow(lab, 400)


def _overflow(lab, enough, **sysctls):
    client, server = lab.pair()
    client.sysctl(**sysctls)
    Peer(server, requests.answer, [PORT]).expect("ready")
    Peer(client, requests.visit, [(B, PORT)], 150).expect("begun")
    lab.wait(lambda: probe.count(client, probe.TIME_WAIT) >= enough * 0.95, "TIME_WAIT")
    if sysctls:
        lab.wait(lambda: probe.counter(client, "TCPTimeWaitOverflow") > 0, "refused entries")
    return client


SPENT = (Expect("ports.exhaustion", subject=f"{B}:{PORT}"),)
NORMAL = (Expect("timewait.normal", severity="info"),)
CHURN = ("churn.connection-per-request",)
NEED = ("ports.range-narrow", "ports.tw-reuse-off")
FORECAST = ("ports.exhaustion-forecast",) + NEED
SET = MAY_SYSCTL + ("legacy.*",)

SCENES = (
    Scene("ports.exhaustion/one-destination", one_destination, expect=SPENT, may=MAY_SYSCTL),
    Scene("ports.exhaustion/time-wait", ports_in_time_wait, expect=SPENT,
          may=MAY_SYSCTL + CHURN + FORECAST, forbid=("timewait.normal",)),
    Scene("ports.exhaustion/bound-elsewhere", bound_elsewhere, expect=SPENT, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-not-bound-elsewhere", not_bound_elsewhere, may=MAY_SYSCTL),
    Scene("ports.exhaustion/proxy-source", proxy_source, may=MAY_SYSCTL,
          expect=(Expect("ports.exhaustion", subject=A),)),
    Scene("ports.exhaustion/twin-proxy-source-room", proxy_source_room, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-time-wait-reused", time_wait_reused, may=SET + CHURN),
    Scene("ports.exhaustion/listeners-in-range", listeners_in_range, expect=SPENT, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-room-without-listeners", room_without_listeners, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-many-destinations", many_destinations, may=MAY_SYSCTL),
    Scene("ports.exhaustion/twin-two-sources", two_sources, may=MAY_SYSCTL),
    Scene("timewait.normal/client", many_time_wait, expect=NORMAL, may=CHURN),
    Scene("timewait.normal/server", server_time_wait, expect=NORMAL, may=CHURN, full_only=True),
    Scene("timewait.normal/twin-few", few_time_wait),
    Scene("ports.exhaustion-forecast/narrow", forecast, may=SET + CHURN, forbid=("timewait.normal",),
          expect=(Expect("ports.exhaustion-forecast", subject=f"{B}:{PORT}"),
                  Expect("ports.range-narrow"), Expect("ports.tw-reuse-off"))),
    Scene("ports.exhaustion-forecast/twin-many-destinations", forecast_spread, may=SET,
          forbid=NEED + CHURN),
    Scene("ports.exhaustion-forecast/twin-room", forecast_room, may=SET + CHURN, forbid=NEED),
    Scene("ports.exhaustion-forecast/twin-reused", forecast_reused, may=SET + CHURN, forbid=NEED),
    Scene("ports.range-narrow/twin-quiet", quiet_narrow, may=SET, forbid=FORECAST + CHURN),
    Scene("ports.tw-reuse-off/loopback", local_not_reused, may=SET + CHURN + FORECAST,
          expect=(Expect("ports.tw-reuse-off"), Expect("churn.connection-per-request", severity="info"))),
    Scene("ports.tw-reuse-off/twin-loopback", local_reused, may=SET,
          forbid=FORECAST + ("ports.exhaustion",)),
    Scene("ports.range-unreserved/services", range_over_services, may=SET,
          expect=(Expect("ports.range-unreserved"),)),
    Scene("ports.range-unreserved/twin-reserved", range_reserved, may=SET),
    Scene("ports.range-unreserved/twin-above", range_above_services, may=SET),
    Scene("timewait.overflow/limit", overflow, may=SET + CHURN, forbid=("timewait.normal",),
          expect=(Expect("timewait.overflow"),)),
    Scene("timewait.overflow/twin-default", no_overflow, may=CHURN),
)
