# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that leak or never open."""
import os
import time

from .. import peers, probe
from ..net import B, Peer
from ..scene import Expect, Scene

PORT = 8080
CROWD = 300
SILENT = "10.77.0.99"
PROFILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "close-wait-2s.profile")


def _close_wait(lab, manners, order, count=CROWD, payload=b""):
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], manners=manners).expect("ready")
    crowd = Peer(client, peers.connect, [(B, PORT)] * count, payload=payload)
    crowd.expect("begun").expect("established")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) == count, "accepted clients")
    crowd.tell(order)
    crowd.expect("done")
    lab.wait(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) == count, "CLOSE_WAIT")
    lab.still(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) == count, "CLOSE_WAIT")
    return server


def saw_end_of_file(lab):
    """The server has read everything, end of file too, and closes nothing."""
    server = _close_wait(lab, "leak", "close")
    lab.wait(lambda: all(row[3] == 0 for row in probe.sockets(server, probe.CLOSE_WAIT)),
             "empty receive queues")
    time.sleep(2.5)
    return server


def never_read(lab):
    """The server never looked at what the clients sent before they closed."""
    server = _close_wait(lab, "hold", "close", payload=b"GET / HTTP/1.0\r\n\r\n")
    lab.wait(lambda: all(row[3] > 1 for row in probe.sockets(server, probe.CLOSE_WAIT)),
             "unread requests")
    time.sleep(2.5)
    return server


def half_closed(lab):
    """The clients have said all they had to say; the server still answers."""
    server = _close_wait(lab, "pump", "half-close", count=100)
    time.sleep(2.5)
    return server


def closes_late(lab):
    """CLOSE_WAIT is always there, but each only for the moment the server takes to finish."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], manners="late").expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.05, lifetime=1.0).expect("begun")
    lab.wait(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) > 8, "young CLOSE_WAIT")
    time.sleep(1.0)
    lab.still(lambda: 8 < probe.count(server, probe.CLOSE_WAIT, PORT) < 30, "young CLOSE_WAIT")
    return server


def nobody_answers(lab):
    """The next hop takes the SYNs and drops them without a word."""
    client, server = lab.pair()
    link = server.run("ip", "-o", "link", "show", "eth0")
    address = link.split("link/ether ")[1].split()[0]
    client.run("ip", "neighbour", "replace", SILENT, "lladdr", address, "dev", "eth0",
               "nud", "permanent")
    Peer(client, peers.connect, [(SILENT, PORT)] * 20).expect("begun")
    lab.wait(lambda: probe.counter(client, "TCPSynRetrans") >= 40, "repeated SYNs")
    lab.still(lambda: probe.count(client, probe.SYN_SENT, PORT) == 20, "connections that hang")
    return client


def everybody_answers(lab):
    """The same number of connections, opened."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT]).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 20).expect("begun").expect("established")
    return client


def far_but_answers(lab):
    """At 600 ms some connection is always in SYN_SENT, but none repeats its SYN."""
    client, server = lab.box(names=("client", "server"), delay="300ms")
    Peer(server, peers.serve, [PORT]).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.05).expect("begun")
    lab.wait(lambda: probe.count(client, probe.ESTABLISHED, PORT) > 5, "far connections")
    lab.still(lambda: probe.count(client, probe.SYN_SENT, PORT) > 5, "SYN_SENT")
    lab.still(lambda: probe.counter(client, "TCPSynRetrans") == 0, "no SYN repeated")
    return client


LEAK = (Expect("sockets.close-wait-leak"),)
SOON = (f"--profile={PROFILE}",)

SCENES = (
    Scene("sockets.close-wait-leak/saw-end-of-file", saw_end_of_file, expect=LEAK, options=SOON),
    Scene("sockets.close-wait-leak/never-read", never_read, expect=LEAK, options=SOON),
    Scene("sockets.close-wait-leak/twin-half-closed-server-busy", half_closed, options=SOON),
    Scene("sockets.close-wait-leak/twin-closes-late", closes_late, options=SOON),
    Scene("sockets.close-wait-leak/twin-default-age", saw_end_of_file),
    Scene("sockets.syn-sent-stuck/nobody-answers", nobody_answers, may=("setup.slow",),
          expect=(Expect("sockets.syn-sent-stuck", subject=f"{SILENT}:{PORT}"),)),
    Scene("sockets.syn-sent-stuck/twin-answers", everybody_answers),
    Scene("sockets.syn-sent-stuck/twin-far-but-answers", far_but_answers, needs=("tun",)),
)
