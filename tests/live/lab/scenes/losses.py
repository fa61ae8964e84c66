# SPDX-License-Identifier: GPL-2.0-or-later
"""Lossy paths: what they do to bulk, to thin flows and to messages; packets too large for the way."""
import functools

from .. import peers, probe, traffic
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene
from .buffers import ECHO, GOODPUT, PORT
from .paths import LIMITS, crawling, wan

OTHER = 5002


def lossy(lab, loss, control="cubic", mbits=1000, rtt_ms=80, low=1, high=None, count=1):
    """Bulk over a path that loses segments at random, with buffers that are large enough."""
    sender, receiver = wan(lab, control, rmem=64 << 20, wmem=64 << 20, delay=f"{rtt_ms / 2}ms",
                           rate=f"{mbits}Mbit/s", queue="10MB", loss=f"{loss},0")
    Peer(sender, traffic.pour_many, PORT, count).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), count).expect("established")
    crawling(lab, receiver, low, high or mbits)
    lab.wait(lambda: lab.box_stats()[0]["dropped_loss"] > 2, "losses", timeout=12)
    return sender


def crowd(lab, count=8):
    """Many loss-based flows in a queue of one BDP: they lose, and nothing is wrong."""
    sender, receiver = wan(lab, delay="10ms", rate="100Mbit/s", queue="250KB")
    Peer(sender, traffic.pour_many, PORT, count).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), count).expect("established")
    meter = probe.Meter(receiver, "wan0")
    full = 100 * GOODPUT * 0.9
    lab.wait(lambda: meter.rate() > full, "a full link", step=0.5)
    lab.wait(lambda: lab.box_stats()[0]["dropped_queue"] > 20, "drops in the queue")
    lab.still(lambda: meter.rate() > full, "a full link")
    return sender


def thin(lab, loss, count=40, gap=0.25):
    """Small requests and answers on many connections."""
    sender, receiver = wan(lab, delay="10ms", rate="100Mbit/s", loss=f"{loss},0")
    Peer(sender, traffic.answer, PORT, count).expect("ready")
    Peer(receiver, traffic.converse, (A, PORT), count, 300, gap).expect("established", timeout=20)
    if loss != "0":
        lab.wait(lambda: probe.counter(sender, "TCPTimeouts") > 8, "time-outs", timeout=10)
    return sender


def stream(lab, loss, count=2, rate=200):
    """Small messages, many a second, on few connections; the answers are judged."""
    sender, receiver = wan(lab, delay="20ms", rate="100Mbit/s", loss=f"{loss},0")
    Peer(sender, traffic.answer, PORT, count).expect("ready")
    Peer(receiver, traffic.converse, (A, PORT), count, 400, count / rate).expect("established")
    if loss != "0":
        lab.wait(lambda: lab.box_stats()[0]["dropped_loss"] > 5, "losses", timeout=10)
    return sender


def narrow(lab, probing=0, dead=False):
    """Packets above 1400 bytes vanish; a chat goes on beside a download that does not begin."""
    sender, receiver = wan(lab, delay="10ms", rate="100Mbit/s",
                           **({} if dead else {"mtu": "1400B"}))
    sender.sysctl(tcp_mtu_probing=probing)
    Peer(sender, peers.serve, [ECHO], manners="echo").expect("ready")
    Peer(sender, traffic.pour_many, PORT).expect("ready")
    Peer(receiver, peers.chat, (A, ECHO), 0.2).expect("established")
    if dead:
        Peer(receiver, traffic.drink_many, (A, PORT), 1).expect("established")
        lab.wait(lambda: probe.tcp_info(sender, PORT).get("bytes_sent", 0) > 100000, "a transfer")
        receiver.run("ip", "link", "set", "wan0", "down")
        lab.wait(lambda: _backoff(sender) >= 3, "a stalled transfer", timeout=10)
        return sender
    Peer(receiver, traffic.drink_many, (A, PORT), 1).expect("established")
    if not probing:
        lab.wait(lambda: _backoff(sender) >= 3, "a download in vain", timeout=10)
        lab.still(lambda: _backoff(sender) >= 3, "a download in vain")
        lab.still(lambda: lab.box_stats()[0]["dropped_mtu"] > 3, "large packets that vanish")
    return sender


def _backoff(netns):
    text = netns.run("ss", "-tinH", f"( sport = :{PORT} )")
    return max([int(word.split(":")[1]) for word in text.split() if word.startswith("backoff:")]
               or [0])


def _scene(name, build, speed="1Gbit/s", **kwargs):
    kwargs.setdefault("may", MAY_SYSCTL)
    return Scene(name, build, options=(f"--speed=wan0={speed}",), weight=2,
                 needs=("tun",) + kwargs.pop("needs", ()), **kwargs)


_part = functools.partial

SCENES = (
    # Losses hold CUBIC to a hundredth of the link; BBR fills it, and 0.1 % of losses are not worth a word.
    _scene("congestion.control-unfit/cubic-0.1%", _part(lossy, loss="0.1%", high=60),
           expect=(Expect("congestion.control-unfit"),), forbid=LIMITS),
    _scene("congestion.control-unfit/twin-bbr-0.1%",
           _part(lossy, loss="0.1%", control="bbr", low=300), needs=("bbr",), forbid=LIMITS,
           may=MAY_SYSCTL + ("loss.retransmits-high",)),
    _scene("congestion.control-unfit/twin-crowd", crowd, speed="100Mbit/s",
           forbid=LIMITS + ("loss.retransmits-high",)),
    _scene("loss.retransmits-high/cubic-3%",
           _part(lossy, loss="3%", mbits=100, rtt_ms=40, high=30, count=8), speed="100Mbit/s",
           may=MAY_SYSCTL + ("congestion.control-unfit", "loss.tail"), forbid=LIMITS,
           expect=(Expect("loss.retransmits-high", severity="warning"),)),
    _scene("loss.retransmits-high/bbr-3%", needs=("bbr",), speed="100Mbit/s",
           build=_part(lossy, loss="3%", mbits=100, rtt_ms=40, control="bbr", low=40),
           expect=(Expect("loss.retransmits-high", severity="notice"),), forbid=LIMITS),
    _scene("loss.retransmits-high/twin-crowd-of-20", _part(crowd, count=20), speed="100Mbit/s"),
    _scene("loss.tail/thin-flows", _part(thin, loss="15%", count=120), speed="100Mbit/s",
           may=MAY_SYSCTL + ("loss.retransmits-high", "setup.slow"), expect=(Expect("loss.tail"),)),
    _scene("loss.tail/twin-no-loss", _part(thin, loss="0"), speed="100Mbit/s",
           forbid=("loss.retransmits-high", "hol.shared-stream")),
    _scene("loss.tail/twin-bulk-2%", speed="100Mbit/s",
           build=_part(lossy, loss="2%", mbits=100, rtt_ms=20, count=4),
           may=MAY_SYSCTL + ("loss.retransmits-high", "congestion.control-unfit")),
    _scene("hol.shared-stream/two-streams-4%", _part(stream, loss="4%", count=2, rate=200), speed="100Mbit/s",
           may=MAY_SYSCTL + ("loss.retransmits-high", "loss.tail", "congestion.control-unfit"),
           expect=(Expect("hol.shared-stream"),)),
    _scene("hol.shared-stream/twin-no-loss", _part(stream, loss="0"), speed="100Mbit/s"),
    _scene("hol.shared-stream/twin-bulk-2%", speed="100Mbit/s",
           build=_part(lossy, loss="2%", mbits=100, rtt_ms=20),
           may=MAY_SYSCTL + ("loss.retransmits-high", "congestion.control-unfit")),
    _scene("mtu.blackhole/above-1400", narrow, speed="100Mbit/s",
           may=MAY_SYSCTL + ("window.send-queue-stalled",),
           expect=(Expect("mtu.blackhole"),)),
    _scene("mtu.blackhole/twin-probing", _part(narrow, probing=2), speed="100Mbit/s",
           may=MAY_SYSCTL + ("window.send-queue-stalled",)),
    _scene("mtu.blackhole/twin-dead-peer", _part(narrow, dead=True), speed="100Mbit/s",
           may=MAY_SYSCTL + ("window.send-queue-stalled",)),
)
