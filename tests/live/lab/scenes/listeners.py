# SPDX-License-Identifier: GPL-2.0-or-later
"""Accept queues, SYN queues and cookies."""
import time

from .. import peers, probe
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 8080
BACKLOG = 8


def _storm(lab, accept):
    client, server = lab.pair()
    owner = Peer(server, peers.serve, [PORT], BACKLOG, accept=accept).expect("ready")
    crowd = Peer(client, peers.connect, [(B, PORT)] * 50).expect("begun")
    return server, owner, crowd


def nobody_accepts(lab):
    """Backlog 8, 50 clients, and a process that never calls accept()."""
    server, _, _ = _storm(lab, accept=False)
    lab.wait(lambda: probe.queues(server, PORT) == [BACKLOG + 1], "a full accept queue")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 0, "overflows")
    lab.still(lambda: probe.queues(server, PORT) == [BACKLOG + 1], "a full accept queue")
    return server


def accepts_promptly(lab):
    """The same backlog under a steady arrival of clients."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], BACKLOG).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.06).expect("begun")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 5, "accepted clients")
    lab.still(lambda: probe.counter(server, "ListenOverflows") == 0, "no overflow")
    lab.still(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 25, "a steady arrival")
    return server


def recovered(lab):
    """The queue overflowed a moment ago; now everybody is served."""
    server, owner, crowd = _storm(lab, accept=False)
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 40, "overflows")
    owner.tell("accept")
    crowd.expect("established", timeout=8)
    before = probe.counter(server, "ListenOverflows")
    lab.wait(lambda: probe.queues(server, PORT) == [0], "an empty accept queue")
    lab.still(lambda: probe.counter(server, "ListenOverflows") == before, "no new overflow")
    return server


def _workers(lab, stuck):
    client, server = lab.pair()
    for i in range(4):
        Peer(server, peers.serve, [PORT], BACKLOG, reuseport=True,
             accept=not (stuck and i == 2)).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.02).expect("begun")
    return server


def one_worker_stuck(lab):
    """Four SO_REUSEPORT workers; the kernel keeps hashing clients to the one that hangs."""
    server = _workers(lab, stuck=True)
    full = [0, 0, 0, BACKLOG + 1]
    lab.wait(lambda: probe.queues(server, PORT) == full, "one full queue of four")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 2, "overflows")
    lab.still(lambda: probe.queues(server, PORT)[-1] == BACKLOG + 1, "one full queue")
    return server


def all_workers_accept(lab):
    """The same four workers, each taking its share."""
    server = _workers(lab, stuck=False)
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 30, "accepted clients")
    lab.still(lambda: probe.counter(server, "ListenOverflows") == 0, "no overflow")
    return server


def _somaxconn(server, value):
    with server, open("/proc/sys/net/core/somaxconn", "w", encoding="utf-8") as file:
        file.write(str(value))


def capped(lab):
    """The application asks for 4096 and is given 8; nobody accepts."""
    client, server = lab.pair()
    _somaxconn(server, BACKLOG)
    Peer(server, peers.serve, [PORT], 4096, accept=False).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 50).expect("begun")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 0, "overflows")
    lab.still(lambda: probe.queues(server, PORT) == [BACKLOG + 1], "a full accept queue")
    return server


def burst_fits(lab):
    """100 clients at once, and a queue that holds them until they are accepted."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], 256, accept=False).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 100).expect("begun").expect("established")
    lab.wait(lambda: probe.queues(server, PORT) == [100], "a queue that is not full")
    lab.still(lambda: probe.counter(server, "ListenDrops") == 0, "nothing dropped")
    return server


def capped_but_idle(lab):
    """A small somaxconn that nobody comes near."""
    client, server = lab.pair()
    _somaxconn(server, 128)
    Peer(server, peers.serve, [PORT], 4096).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.01).expect("begun")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 20, "accepted clients")
    lab.still(lambda: probe.counter(server, "ListenDrops") == 0, "nothing dropped")
    return server


def _flood(lab, backlog, gap=0.002, **sysctls):
    """
    SYNs from addresses that are routed to a host which has none of them and forwards nothing, so
    that no reset comes back.
    """
    client, server = lab.pair()
    server.sysctl(**sysctls)
    server.run("ip", "route", "add", "10.78.0.0/16", "via", A)
    Peer(server, peers.serve, [PORT], backlog).expect("ready")
    Peer(client, peers.flood, (B, PORT), gap).expect("begun")
    return client, server


def flood_with_cookies(lab):
    """A queue of 64 full of SYNs that nobody follows up; cookies let real clients in."""
    client, server = _flood(lab, 64)
    lab.wait(lambda: probe.counter(server, "SyncookiesSent") > 100, "cookies")
    lab.wait(lambda: probe.counter(server, "TCPSynRetrans") > 60, "SYN-ACKs sent again")
    Peer(client, peers.connect, [(B, PORT)] * 5).expect("begun").expect("established")
    lab.still(lambda: probe.counter(server, "SyncookiesSent") > 300, "cookies")
    return server


def flood_without_cookies(lab):
    """The same with cookies off: three quarters of tcp_max_syn_backlog, and then nothing."""
    _, server = _flood(lab, 4096, tcp_syncookies=0, tcp_max_syn_backlog=128)
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) >= 90, "half-open connections")
    lab.wait(lambda: probe.counter(server, "ListenDrops") > 100, "dropped SYNs")
    lab.still(lambda: probe.counter(server, "ListenDrops") > 300, "dropped SYNs")
    lab.still(lambda: probe.counter(server, "TCPReqQFullDrop") == 0, "a bound of its own")
    return server


def queue_full_without_cookies(lab):
    """With a large tcp_max_syn_backlog the backlog is the bound."""
    _, server = _flood(lab, 64, tcp_syncookies=0, tcp_max_syn_backlog=65536)
    lab.wait(lambda: probe.counter(server, "TCPReqQFullDrop") > 100, "dropped SYNs")
    lab.still(lambda: probe.counter(server, "TCPReqQFullDrop") > 300, "dropped SYNs")
    return server


def only_one_is_flooded(lab):
    """Beside the flooded port another whose clients nobody accepts: each has its own fault."""
    client, server = _flood(lab, 4096, tcp_syncookies=0, tcp_max_syn_backlog=128)
    Peer(server, peers.serve, [PORT + 1], BACKLOG, accept=False).expect("ready")
    Peer(client, peers.connect, [(B, PORT + 1)] * 30).expect("begun")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 0, "an accept queue that overflows")
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) >= 90, "half-open connections")
    lab.wait(lambda: probe.counter(server, "TCPSynRetrans") > 90, "SYN-ACKs sent again")
    lab.still(lambda: probe.counter(server, "ListenOverflows") > 30, "more overflows")
    return server


def accepts_with_data_only(lab):
    """TCP_DEFER_ACCEPT: clients that say nothing stay half open, and none of them is a fault."""
    client, server = lab.pair()
    Peer(server, peers.gatekeeper, PORT, 64, 0.01, defer=30).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 50).expect("begun").expect("established")
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) == 50, "half-open connections")
    time.sleep(1.5)
    lab.still(lambda: probe.count(server, probe.SYN_RECV, PORT) == 50, "half-open connections")
    return server


def trickle_of_strays(lab):
    """A few SYNs that nobody follows up, as every public port sees them."""
    client, server = _flood(lab, 256, gap=0.1)
    Peer(client, peers.trickle, (B, PORT), 0.02).expect("begun")
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) > 10, "half-open connections")
    lab.still(lambda: probe.counter(server, "SyncookiesSent") == 0, "no cookies")
    return server


def strays_without_cookies(lab):
    """Cookies are off, which is said, but the queue holds what comes."""
    _, server = _flood(lab, 256, gap=0.1, tcp_syncookies=0)
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) > 10, "half-open connections")
    lab.still(lambda: probe.counter(server, "ListenDrops") == 0, "nothing dropped")
    return server


def _far_clients(lab, backlog):
    """Each is half open for a round trip of 400 ms, and there are more every moment."""
    client, server = lab.box(names=("client", "server"), delay="200ms")
    Peer(server, peers.serve, [PORT], backlog, manners="hold").expect("ready")
    Peer(client, peers.storm, (B, PORT), 0.5).expect("begun")
    return server


def storm_of_far_clients(lab):
    """As many SYNs as in a flood, but each is followed up: nearly every cookie comes back."""
    server = _far_clients(lab, 64)
    lab.wait(lambda: probe.counter(server, "SyncookiesRecv") > 0, "cookies that come back")
    lab.still(lambda: probe.counter(server, "SyncookiesRecv") > 100, "cookies that come back")
    return server


def far_clients_fit(lab):
    """The same clients, and a queue that holds them."""
    server = _far_clients(lab, 4096)
    lab.wait(lambda: probe.count(server, probe.SYN_RECV, PORT) > 65, "half-open connections")
    lab.still(lambda: probe.counter(server, "SyncookiesSent") == 0, "no cookies")
    lab.still(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 300, "many clients")
    return server


def storm_overflows(lab):
    """Clients come back faster than they are accepted, and more every moment."""
    client, server = lab.pair()
    Peer(server, peers.gatekeeper, PORT, 64, 0.004).expect("ready")
    Peer(client, peers.storm, (B, PORT), 1).expect("begun")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 0, "overflows")
    lab.still(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 300, "accepted clients")
    return server


def storm_is_carried(lab):
    """The same clients, and a server that takes them as they come."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], 4096, manners="hold").expect("ready")
    Peer(client, peers.storm, (B, PORT), 1).expect("begun")
    lab.still(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 300, "accepted clients")
    lab.still(lambda: probe.counter(server, "ListenDrops") == 0, "nothing dropped")
    return server


def churn_overflows(lab):
    """A steady load that the server cannot take: no more connections than before."""
    client, server = lab.pair()
    Peer(server, peers.gatekeeper, PORT, BACKLOG, 0.02).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.005).expect("begun")
    lab.wait(lambda: probe.counter(server, "ListenOverflows") > 0, "overflows")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 50, "accepted clients")
    return server


def _cookies(value):
    def build(lab):
        server = lab.namespace("server")
        server.sysctl(tcp_syncookies=value)
        Peer(server, peers.serve, [PORT]).expect("ready")
        return server
    return build


FULL = Expect("listen.accept-queue-full", subject=f":{PORT}")

FLOOD = "listen.syn-flood"
OFF = Expect("listen.syncookies-off")

SCENES = (
    Scene("listen.accept-queue-full/nobody-accepts", nobody_accepts, expect=(FULL,)),
    Scene("listen.accept-queue-full/reuseport-worker-stuck", one_worker_stuck, expect=(FULL,)),
    Scene("listen.accept-queue-full/twin-accepts-promptly", accepts_promptly),
    Scene("listen.accept-queue-full/twin-recovered", recovered),
    Scene("listen.accept-queue-full/twin-reuseport-all-accept", all_workers_accept),
    Scene("listen.syncookies-off/off", _cookies(0), may=MAY_SYSCTL,
          expect=(Expect("listen.syncookies-off", subject="tcp_syncookies"),)),
    Scene("listen.syncookies-off/twin-on", _cookies(1)),
    Scene("listen.accept-queue-full/twin-burst-fits", burst_fits),
    Scene("listen.backlog-capped/by-somaxconn", capped, may=("sysctl.*",),
          expect=(Expect("listen.backlog-capped", subject=f":{PORT}"), FULL)),
    Scene("listen.backlog-capped/application-asked-for-little", nobody_accepts, expect=(FULL,),
          forbid=("listen.backlog-capped",)),
    Scene("listen.backlog-capped/twin-never-near", capped_but_idle, may=("sysctl.*",)),
    Scene(f"{FLOOD}/with-cookies", flood_with_cookies, forbid=("listen.reconnect-storm",),
          expect=(Expect(FLOOD, subject=f":{PORT}", severity="warning"),)),
    Scene(f"{FLOOD}/without-cookies", flood_without_cookies, may=MAY_SYSCTL,
          expect=(Expect(FLOOD, subject=f":{PORT}", severity="error"), OFF,
                  Expect("listen.syn-queue-full", severity="error"))),
    Scene(f"{FLOOD}/beside-another-fault", only_one_is_flooded, may=MAY_SYSCTL,
          expect=(Expect(FLOOD, subject=f":{PORT}", severity="error"), OFF,
                  Expect("listen.syn-queue-full"),
                  Expect("listen.accept-queue-full", subject=f":{PORT + 1}"))),
    Scene(f"{FLOOD}/twin-strays", trickle_of_strays),
    Scene(f"{FLOOD}/twin-defer-accept", accepts_with_data_only),
    Scene("listen.syn-queue-full/backlog-is-the-bound", queue_full_without_cookies,
          may=MAY_SYSCTL, expect=(Expect("listen.syn-queue-full"), OFF,
                                  Expect(FLOOD, subject=f":{PORT}", severity="error"))),
    Scene("listen.syn-queue-full/twin-strays", strays_without_cookies,
          may=MAY_SYSCTL + ("listen.syncookies-off",), forbid=(FLOOD,)),
    Scene("listen.reconnect-storm/far-clients", storm_of_far_clients, needs=("tun",),
          may=("listen.accept-queue-full",),
          expect=(Expect("listen.reconnect-storm", subject=f":{PORT}"),
                  Expect(FLOOD, subject=f":{PORT}", severity="notice"))),
    Scene("listen.reconnect-storm/accept-queue", storm_overflows, may=(FLOOD,),
          expect=(Expect("listen.reconnect-storm", subject=f":{PORT}"), FULL)),
    Scene("listen.reconnect-storm/steady-overload", churn_overflows, expect=(FULL,),
          forbid=("listen.reconnect-storm",)),
    Scene("listen.reconnect-storm/twin-far-clients-fit", far_clients_fit, needs=("tun",),
          forbid=(FLOOD,)),
    Scene("listen.reconnect-storm/twin-carried", storm_is_carried),
)
