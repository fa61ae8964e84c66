# SPDX-License-Identifier: GPL-2.0-or-later
"""What one service's connections say of it: small writes, fixed buffers, slow reading, stalls."""
import functools
import re
import signal
import socket

from .. import peers, probe
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 5001
TWO_WRITES = (4, 10)
SMALL = 64 << 10  # as setsockopt() takes it: the kernel doubles it
PLENTY = 64 << 20


def _row(netns, port=PORT):
    """What ss says of the connection on a port, as text."""
    return netns.run("ss", "-tinmoH", "state", "connected",
                     f"( sport = :{port} or dport = :{port} )")


def _number(netns, what, port=PORT):
    found = re.search(rf"\b{what}:([\d.]+)", _row(netns, port))
    return float(found.group(1)) if found else 0.0


def _asking(lab, parts, option=None, think=0.0, gap=0.0, delay=None):
    client, server = lab.box(names=("client", "server"), delay=delay) if delay else lab.pair()
    Peer(server, peers.answer, PORT, sum(parts), think).expect("ready")
    Peer(client, peers.ask, (B, PORT), parts, option, gap).expect("established")
    return client, server


def small_writes(lab):
    """write, write, read: the second write waits for the first one's delayed acknowledgement."""
    client, server = _asking(lab, TWO_WRITES)
    before = probe.counter(server, "DelayedACKs")
    lab.wait(lambda: probe.counter(server, "DelayedACKs") > before + 20, "delayed ACKs")
    lab.wait(lambda: _number(client, "rtt") > 12, "a long smoothed round trip")
    at_audit = probe.counter(server, "DelayedACKs")
    lab.still(lambda: probe.counter(server, "DelayedACKs") > at_audit + 20, "delayed ACKs")
    return client


def quick(lab, parts, **options):
    """As many exchanges, none of which waits for more than the server."""
    client, _ = _asking(lab, parts, **options)
    lab.wait(lambda: _number(client, "data_segs_out") > 20, "exchanges")
    sent = _number(client, "data_segs_out")
    lab.still(lambda: _number(client, "data_segs_out") > sent + 10, "exchanges")
    return client


def _transfer(lab, rtt_ms, mbits=1000, queue="10MB", sndbuf=None, rcvbuf=None, rmem=PLENTY):
    sender, receiver = lab.box(delay=f"{rtt_ms / 2}ms", rate=f"{mbits}Mbit/s", queue=queue)
    for netns in (sender, receiver):
        netns.run("ip", "route", "change", "10.77.0.0/24", "dev", "wan0", "congctl", "cubic")
        netns.sysctl(tcp_rmem=f"4096 131072 {rmem}", tcp_wmem=f"4096 16384 {PLENTY}")
    Peer(sender, peers.pour_from, PORT, sndbuf).expect("ready")
    Peer(receiver, peers.sip, (A, PORT), rcvbuf).expect("established")
    return sender, receiver


def pinned(lab, side, **buffers):
    """A transfer that a fixed buffer holds far below its link."""
    sender, receiver = _transfer(lab, 80, **buffers)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 3, "a crawling transfer", step=0.5)
    lab.wait(lambda: 3 < meter.rate() < 50, "a steady crawl", step=1.0)
    lab.still(lambda: 3 < meter.rate() < 50, "a steady crawl")
    return receiver if side == "receiver" else sender


def quick_enough(lab, side, mbits=1000, **buffers):
    """The link is full, or close to it, whatever was fixed."""
    sender, receiver = _transfer(lab, 10, mbits=mbits, queue="2MB", **buffers)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 0.7 * mbits, "a full link", timeout=8, step=0.5)
    meter.rate()
    lab.still(lambda: meter.rate() > 0.7 * mbits, "a full link")
    return receiver if side == "receiver" else sender


def _raised(lab, reconnect):
    sender, receiver = _transfer(lab, 100, queue="16MB", rmem=PLENTY if reconnect else 6 << 20)
    receiver.sysctl(tcp_rmem=f"4096 131072 {PLENTY}")
    return sender, receiver


def frozen(lab):
    """Opened at a maximum of 6 MiB, so with a scale of 7 (8 MiB); then the maximum was raised."""
    _, receiver = _raised(lab, reconnect=False)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: 600 < meter.rate() < 700, "8 MiB for each round trip", timeout=12, step=1.0)
    meter.rate()
    lab.still(lambda: 600 < meter.rate() < 720, "8 MiB for each round trip")
    return receiver


def opened_afterwards(lab):
    """The same maximum, there before the connection: nothing but the link limits it."""
    _, receiver = _raised(lab, reconnect=True)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 850, "a full link", timeout=12, step=1.0)
    return receiver


def old_scale_unused(lab):
    """The old scale again, on a path that has no use for a larger window."""
    sender, receiver = lab.box(delay="5ms", rate="200Mbit/s", queue="500KB")
    receiver.sysctl(tcp_rmem=f"4096 131072 {6 << 20}")
    Peer(sender, peers.pour_from, PORT).expect("ready")
    Peer(receiver, peers.sip, (A, PORT)).expect("established")
    receiver.sysctl(tcp_rmem=f"4096 131072 {PLENTY}")
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 120, "a busy link", step=0.5)
    return receiver


def _reading(lab, role, *args, **kwargs):
    client, server = lab.pair()
    Peer(server, peers.pour_from, PORT).expect("ready")
    Peer(client, role, (B, PORT), *args, **kwargs).expect("established")
    return client, server


def _waiting(netns):
    return max([row[3] for row in probe.sockets(netns, probe.ESTABLISHED, PORT)], default=0)


def slow_reader(lab, rate, side="reader"):
    """A reader that takes little or nothing of what it is sent."""
    client, server = _reading(lab, peers.sip, rate=rate)
    lab.wait(lambda: _waiting(client) > 60000, "a full receive queue")
    lab.wait(lambda: probe.counter(client, "TCPToZeroWindowAdv") > 0, "a closed window")
    lab.wait(lambda: _number(client, "lastrcv") > 1000 or rate, "silence")
    lab.still(lambda: _waiting(client) > 60000, "a full receive queue")
    return client if side == "reader" else server


def keeps_up(lab, side="reader"):
    """Read as fast as it comes."""
    client, server = _reading(lab, peers.sip)
    lab.wait(lambda: _number(client, "bytes_received") > 1e8, "a transfer")
    return client if side == "reader" else server


def in_gulps(lab):
    """A queue that is full at times, and emptied at once."""
    client, _ = _reading(lab, peers.gulp, 0.2, SMALL)
    lab.wait(lambda: probe.counter(client, "TCPToZeroWindowAdv") > 3, "windows that closed")
    return client


def slow_but_moving(lab):
    """Little is read, but all the time: what the sender has queued goes on."""
    client, server = _reading(lab, peers.sip, rate=400000, nap=0.05)
    lab.wait(lambda: probe.counter(client, "TCPToZeroWindowAdv") > 0, "a closed window")
    return server


def vanished(lab):
    """The way to the peer breaks in the middle of a transfer."""
    sender, receiver = lab.box(delay="5ms", rate="20Mbit/s")
    Peer(sender, peers.pour_from, PORT).expect("ready")
    Peer(receiver, peers.sip, (A, PORT)).expect("established")
    lab.wait(lambda: _number(sender, "bytes_acked") > 1e6, "a transfer")
    lab.boxes[0].send_signal(signal.SIGSTOP)
    lab.wait(lambda: _number(sender, "backoff") >= 3, "retransmissions", timeout=8)
    lab.still(lambda: _number(sender, "backoff") >= 3, "retransmissions")
    return sender


def idle_behind_a_break(lab):
    """The same break; nothing was under way, so nobody knows of it."""
    sender, receiver = lab.box(delay="5ms", rate="20Mbit/s")
    Peer(receiver, peers.serve, [PORT]).expect("ready")
    Peer(sender, peers.connect, [(B, PORT)] * 3, payload=b"hello").expect("begun").expect("established")
    lab.wait(lambda: _number(receiver, "bytes_received") > 0, "data")
    lab.wait(lambda: _number(sender, "unacked") == 0, "nothing under way")
    lab.boxes[0].send_signal(signal.SIGSTOP)
    return sender


def far_away(lab):
    """Acknowledgements take 600 ms, and come."""
    sender, receiver = lab.box(delay="300ms", rate="20Mbit/s")
    Peer(sender, peers.pour_from, PORT).expect("ready")
    Peer(receiver, peers.sip, (A, PORT)).expect("established")
    lab.wait(lambda: _number(sender, "bytes_acked") > 1e5, "a transfer", timeout=8)
    return sender


NAGLE = "latency.nagle-delayed-ack"
PINNED = "window.buffer-pinned"
READER = "window.slow-reader"
STALLED = "window.send-queue-stalled"
PATHS = MAY_SYSCTL + ("window.sender-buffer-limited", "window.receiver-limited", "bloat.*", "loss.*",
                      "latency.unsent-backlog")


def _far(name, build, speed="1Gbit/s", **kwargs):
    return Scene(name, build, options=(f"--speed=wan0={speed}",), weight=2, needs=("tun",),
                 may=PATHS, **kwargs)


def _part(function, *args, **kwargs):
    return functools.partial(function, *args, **kwargs)


SCENES = (
    Scene(f"{NAGLE}/write-write-read", small_writes, expect=(Expect(NAGLE, severity="warning"),)),
    Scene(f"{NAGLE}/as-nobody", small_writes, nobody=True,
          expect=(Expect(NAGLE, severity="notice"),)),
    Scene(f"{NAGLE}/no-borrow", small_writes, options=("--no-borrow",),
          expect=(Expect(NAGLE, severity="notice"),)),
    Scene(f"{NAGLE}/twin-nodelay", _part(quick, parts=TWO_WRITES, option=socket.TCP_NODELAY)),
    Scene(f"{NAGLE}/twin-cork", _part(quick, parts=TWO_WRITES, option=socket.TCP_CORK)),
    Scene(f"{NAGLE}/twin-one-write", _part(quick, parts=(14,))),
    Scene(f"{NAGLE}/twin-think-time", _part(quick, parts=(14,), think=0.06)),
    Scene(f"{NAGLE}/twin-bulk-with-a-tail", _part(quick, parts=(100100,), gap=0.03)),
    Scene(f"{NAGLE}/twin-far", _part(quick, parts=(14,), delay="40ms"), needs=("tun",)),
    Scene(f"{NAGLE}/twin-think-time-as-nobody", _part(quick, parts=(14,), think=0.06), nobody=True),
    _far(f"{PINNED}/SO_RCVBUF", _part(pinned, side="receiver", rcvbuf=SMALL),
         expect=(Expect(PINNED, severity="warning"),)),
    _far(f"{PINNED}/SO_SNDBUF", _part(pinned, side="sender", sndbuf=SMALL),
         expect=(Expect(PINNED, severity="warning"),)),
    _far(f"{PINNED}/SO_RCVBUF-as-nobody", _part(pinned, side="receiver", rcvbuf=SMALL), nobody=True,
         expect=(Expect(PINNED, severity="notice"),)),
    _far(f"{PINNED}/twin-autotuned-receiver", _part(quick_enough, side="receiver")),
    _far(f"{PINNED}/twin-autotuned-sender", _part(quick_enough, side="sender")),
    _far(f"{PINNED}/twin-large-SO_RCVBUF", _part(quick_enough, side="receiver", rcvbuf=4 << 20)),
    _far(f"{PINNED}/twin-large-SO_SNDBUF", _part(quick_enough, side="sender", sndbuf=4 << 20)),
    _far(f"{PINNED}/twin-small-path", _part(quick_enough, side="receiver", mbits=20, rcvbuf=SMALL),
         speed="20Mbit/s"),
    _far("window.scale-frozen/raised-afterwards", frozen,
         expect=(Expect("window.scale-frozen"),)),
    _far("window.scale-frozen/twin-opened-afterwards", opened_afterwards),
    _far("window.scale-frozen/twin-no-use-for-more", old_scale_unused, speed="200Mbit/s"),
    Scene(f"{READER}/slow", _part(slow_reader, rate=20000),
          expect=(Expect(READER, severity="warning"),)),
    Scene(f"{READER}/reads-nothing", _part(slow_reader, rate=0),
          expect=(Expect(READER, severity="notice"),)),
    Scene(f"{READER}/twin-keeps-up", keeps_up),
    Scene(f"{READER}/twin-in-gulps", in_gulps),
    _far(f"{STALLED}/peer-vanished", vanished, speed="20Mbit/s",
         expect=(Expect(STALLED, severity="warning"),)),
    Scene(f"{STALLED}/closed-window", _part(slow_reader, rate=0, side="sender"),
          expect=(Expect(STALLED, severity="notice"),), may=PATHS),
    Scene(f"{STALLED}/twin-idle", idle_behind_a_break, needs=("tun",)),
    Scene(f"{STALLED}/twin-slow-but-moving", slow_but_moving, may=PATHS),
    Scene(f"{STALLED}/twin-keeps-up", _part(keeps_up, side="sender"), may=PATHS),
    _far(f"{STALLED}/twin-far", far_away, speed="20Mbit/s"),
)
