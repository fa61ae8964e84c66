# SPDX-License-Identifier: GPL-2.0-or-later
"""Setting up connections: SYNs and their answers that are lost, and long ways that lose none."""
from .. import peers, probe
from ..net import B, Peer
from ..scene import Expect, Scene

PORT = 8443


def _openings(lab, **box):
    """Forty connections opened each second, and kept for a while."""
    client, server = lab.box(rate="100Mbit/s", **box)
    Peer(server, peers.serve, [PORT], manners="close").expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.025, 6).expect("begun")
    lab.wait(lambda: probe.count(client, probe.ESTABLISHED) >= 60, "open connections")
    return client, server


def lost(lab):
    """Every fifth segment is lost, both ways."""
    client, _ = _openings(lab, delay="5ms", loss="20%")
    lab.wait(lambda: probe.counter(client, "TCPSynRetrans") >= 10, "SYNs sent again")
    return client


def lost_inbound(lab):
    """The same, as the server sees it."""
    _, server = _openings(lab, delay="5ms", loss="5%,35%")
    lab.wait(lambda: probe.counter(server, "TCPSynRetrans") >= 10, "SYN-ACKs sent again")
    return server


def far(lab):
    """200 ms away, and nothing is lost."""
    return _openings(lab, delay="100ms")[0]


def far_inbound(lab):
    """The same, as the server sees it."""
    return _openings(lab, delay="100ms")[1]


def past_loss(lab):
    """Connections that were slow to open, minutes ago as it were: nothing is opened now."""
    client, server = lab.box(rate="100Mbit/s", delay="5ms", loss="20%")
    Peer(server, peers.serve, [PORT], manners="close").expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 40).expect("begun").expect("established", timeout=14)
    lab.wait(lambda: probe.count(client, probe.SYN_SENT) == 0, "all are open")
    return client


MAY = ("loss.*",)

SCENES = (
    Scene("setup.slow/loss", lost, expect=(Expect("setup.slow", f"{B}:{PORT}"),),
          may=MAY + ("sockets.syn-sent-stuck",)),
    Scene("setup.slow/twin-far", far, forbid=("setup.slow-inbound",)),
    Scene("setup.slow/twin-past", past_loss, may=MAY),
    Scene("setup.slow-inbound/loss", lost_inbound, may=MAY,
          expect=(Expect("setup.slow-inbound", f":{PORT}"),)),
    Scene("setup.slow-inbound/twin-far", far_inbound, forbid=("setup.slow",)),
)
