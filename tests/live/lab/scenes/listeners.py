# SPDX-License-Identifier: GPL-2.0-or-later
"""Accept queues and SYN cookies."""
from .. import peers, probe
from ..net import B, Peer
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


def _cookies(value):
    def build(lab):
        server = lab.namespace("server")
        server.sysctl(tcp_syncookies=value)
        Peer(server, peers.serve, [PORT]).expect("ready")
        return server
    return build


FULL = Expect("listen.accept-queue-full", subject=f":{PORT}")

SCENES = (
    Scene("listen.accept-queue-full/nobody-accepts", nobody_accepts, expect=(FULL,)),
    Scene("listen.accept-queue-full/reuseport-worker-stuck", one_worker_stuck, expect=(FULL,)),
    Scene("listen.accept-queue-full/twin-accepts-promptly", accepts_promptly),
    Scene("listen.accept-queue-full/twin-recovered", recovered),
    Scene("listen.accept-queue-full/twin-reuseport-all-accept", all_workers_accept),
    Scene("listen.syncookies-off/off", _cookies(0), may=MAY_SYSCTL,
          expect=(Expect("listen.syncookies-off", subject="tcp_syncookies"),)),
    Scene("listen.syncookies-off/twin-on", _cookies(1)),
)
