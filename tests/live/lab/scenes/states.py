# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that leak or never open."""
import os
import time

from .. import peers, probe
from ..net import A, B, Peer
from ..scene import Expect, Scene

PORT = 8080
CROWD = 300
SILENT = "10.77.0.99"
GONE = "10.77.0.3"
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


def _pin(netns, other, address):
    """A neighbour that stays known though nobody answers for it any more."""
    link = other.run("ip", "-o", "link", "show", "eth0")
    netns.run("ip", "neighbour", "replace", address, "lladdr",
              link.split("link/ether ")[1].split()[0], "dev", "eth0", "nud", "permanent")


def _vanish(netns, address):
    """The host is gone: what is sent to it is dropped without a word."""
    netns.run("ip", "address", "del", f"{address}/24", "dev", "eth0")


def _joined(lab, count, manners="hold", backlog=4096):
    client, server = lab.pair()
    _pin(server, client, A)
    _pin(client, server, B)
    owner = Peer(server, peers.serve, [PORT], backlog, manners=manners).expect("ready")
    crowd = Peer(client, peers.connect, [(B, PORT)] * count).expect("begun").expect("established")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) == count, "accepted clients")
    return client, server, owner, crowd


def _order(peer, word):
    peer.tell(word)
    peer.expect("done")


def _stands(lab, netns, state, count, what):
    lab.wait(lambda: probe.count(netns, state, PORT) == count, what)
    lab.still(lambda: probe.count(netns, state, PORT) == count, what)


def _backs_off(lab, netns, count):
    before = probe.counter(netns, "TCPTimeouts")
    lab.wait(lambda: probe.counter(netns, "TCPTimeouts") >= before + 3 * count,
             "three time-outs each", timeout=10)


def peers_vanish(lab):
    """The clients are gone when the server closes: nobody acknowledges its FINs."""
    client, server, owner, _ = _joined(lab, 150)
    _vanish(client, A)
    _order(owner, "close")
    _stands(lab, server, probe.FIN_WAIT1, 150, "FIN_WAIT_1")
    _backs_off(lab, server, 150)
    return server


def some_peers_vanish(lab):
    """A quarter of the clients vanish, as on a public server some always do."""
    client, server = lab.pair()
    client.run("ip", "address", "add", f"{GONE}/24", "dev", "eth0")
    for address in (A, GONE):
        _pin(server, client, address)
    Peer(server, peers.serve, [PORT]).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 330).expect("begun").expect("established")
    other = Peer(server, peers.serve, [PORT + 1], manners="hold").expect("ready")
    leaving = Peer(client, peers.connect, [(B, PORT + 1)] * 110, (GONE,))
    leaving.expect("begun").expect("established")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT + 1) == 110, "accepted clients")
    _vanish(client, GONE)
    _order(other, "close")
    lab.wait(lambda: probe.count(server, probe.FIN_WAIT1) == 110, "FIN_WAIT_1")
    lab.still(lambda: probe.count(server, probe.FIN_WAIT1) == 110, "FIN_WAIT_1")
    _backs_off(lab, server, 110)
    return server


def peers_do_not_read(lab):
    """Answers that do not fit the clients' closed windows wait here after close()."""
    client, server = lab.pair()
    Peer(server, peers.answer_and_close, PORT, 12000).expect("ready")
    Peer(client, peers.deaf, (B, PORT), 150).expect("established", timeout=10)
    _stands(lab, server, probe.FIN_WAIT1, 150, "FIN_WAIT_1")
    lab.wait(lambda: probe.counter(server, "TCPWinProbe") >= 450, "probes of closed windows",
             timeout=10)
    return server


def _half_closers(lab, manners, order, count):
    client, server, _, crowd = _joined(lab, count, manners)
    _order(crowd, order)
    _stands(lab, client, probe.FIN_WAIT2, count, "FIN_WAIT_2")
    lab.wait(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) == count, "CLOSE_WAIT")
    return client


def shut_down_and_forgotten(lab):
    """The clients said shutdown() and keep their descriptors; the server never closes."""
    client = _half_closers(lab, "leak", "half-close", 60)
    time.sleep(2.5)
    return client


def shut_down_and_served(lab):
    """The same, and the server still sends: a half-closed transfer."""
    client = _half_closers(lab, "pump", "half-close", 60)
    time.sleep(2.5)
    return client


def closed_and_left(lab):
    """The clients said close(), so the kernel ends what the server never closes."""
    return _half_closers(lab, "leak", "close", 250)


def clients_vanish_last(lab):
    """The clients close and are gone before the server does."""
    client, server, owner, crowd = _joined(lab, 60, "leak")
    _order(crowd, "close")
    lab.wait(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) == 60, "CLOSE_WAIT")
    _vanish(client, A)
    _order(owner, "close")
    _stands(lab, server, probe.LAST_ACK, 60, "LAST_ACK")
    _backs_off(lab, server, 60)
    return server


def server_vanishes_last(lab):
    """The server closes and is gone before the clients do."""
    client, server, owner, crowd = _joined(lab, 60)
    _order(owner, "close")
    lab.wait(lambda: probe.count(client, probe.CLOSE_WAIT, PORT) == 60, "CLOSE_WAIT")
    _vanish(server, B)
    _order(crowd, "close")
    _stands(lab, client, probe.LAST_ACK, 60, "LAST_ACK")
    _backs_off(lab, client, 60)
    return client


def few_vanish_last(lab):
    """Five of them, which is no pile."""
    client, server, owner, crowd = _joined(lab, 5, "leak")
    _order(crowd, "close")
    lab.wait(lambda: probe.count(server, probe.CLOSE_WAIT, PORT) == 5, "CLOSE_WAIT")
    _vanish(client, A)
    _order(owner, "close")
    _stands(lab, server, probe.LAST_ACK, 5, "LAST_ACK")
    _backs_off(lab, server, 5)
    return server


def everybody_closes(lab):
    """Connections come and go, and both sides close."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT]).expect("ready")
    Peer(client, peers.trickle, (B, PORT), 0.005, lifetime=0.5).expect("begun")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) > 50, "clients")
    lab.wait(lambda: probe.count(client, probe.TIME_WAIT, PORT) > 50, "closed connections")
    return server


def cable_pulled(lab):
    """The clients are gone, and the server only waits for them: no timer, no counter."""
    client, server, _, _ = _joined(lab, 30)
    _vanish(client, A)
    time.sleep(2.5)
    _stands(lab, server, probe.ESTABLISHED, 30, "half-open connections")
    return server


def pool_asks(lab):
    """As silent, but each connection asks after its peer."""
    client, server = lab.pair()
    Peer(server, peers.serve, [PORT], manners="hold").expect("ready")
    Peer(client, peers.keepers, (B, PORT), 30, 60).expect("established")
    time.sleep(2.5)
    lab.still(lambda: probe.count(client, probe.ESTABLISHED, PORT) == 30, "a pool at rest")
    return client


def pool_at_rest(lab):
    """The clients' pool rests, and nothing on the way was declared to forget it."""
    client, server, _, _ = _joined(lab, 30)
    time.sleep(2.5)
    _stands(lab, server, probe.ESTABLISHED, 30, "a pool at rest")
    return client


LEAK = (Expect("sockets.close-wait-leak"),)
SOON = (f"--profile={PROFILE}",)
ENDING, DECLARED = ((f"--profile={os.path.join(os.path.dirname(PROFILE), name)}.profile",)
                    for name in ("impatient", "idle-2s"))
PILE = "sockets.fin-wait-pileup"
LAST = "sockets.last-ack-pileup"
IDLE = "sockets.zombie-idle"
LOST = ("loss.*", "sockets.orphans-high")  # what is sent to a peer that vanished is lost

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
    Scene(f"{PILE}/peers-vanish", peers_vanish, may=LOST,
          expect=(Expect(PILE, severity="notice"),)),
    Scene(f"{PILE}/peers-do-not-read", peers_do_not_read, may=LOST + ("window.*",),
          expect=(Expect(PILE, severity="notice"),)),
    Scene(f"{PILE}/shut-down-and-forgotten", shut_down_and_forgotten, options=ENDING,
          expect=(Expect(PILE, severity="warning"),)),
    Scene(f"{PILE}/closed-and-left", closed_and_left, options=ENDING,
          expect=(Expect(PILE, severity="info"),)),
    Scene(f"{PILE}/twin-closed-and-left-few", closed_and_left),
    Scene(f"{PILE}/twin-half-closed-transfer", shut_down_and_served, options=ENDING),
    Scene(f"{PILE}/twin-some-vanish", some_peers_vanish, may=LOST),
    Scene(f"{PILE}/twin-everybody-closes", everybody_closes),
    Scene(f"{LAST}/clients-vanish", clients_vanish_last, may=LOST,
          expect=(Expect(LAST, subject=f"{B} → {A}"),)),
    Scene(f"{LAST}/server-vanishes", server_vanishes_last, may=LOST,
          expect=(Expect(LAST, subject=f"{A} → {B}:{PORT}"),)),
    Scene(f"{LAST}/twin-few-vanish", few_vanish_last, may=LOST),
    Scene(f"{LAST}/twin-everybody-closes", everybody_closes),
    Scene(f"{IDLE}/cable-pulled", cable_pulled, options=DECLARED, may=("keepalive.*",),
          expect=(Expect(IDLE, severity="notice"),)),
    Scene(f"{IDLE}/twin-keepalive", pool_asks, options=DECLARED, may=("keepalive.*",)),
    Scene(f"{IDLE}/twin-pool-at-rest", pool_at_rest, forbid=("keepalive.beyond-idle-timeout",)),
)
