# SPDX-License-Identifier: GPL-2.0-or-later
"""Windows, buffers and queues on long paths, behind a delay box."""
import functools

from .. import peers, probe
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 5001
ECHO = 7
SMALL = 256 << 10
GOODPUT = 1448 / 1538


def path(lab, mbits, rtt_ms, queue, rmem=None, wmem=None, control="cubic", half_close=False):
    """Sender A and receiver B, a bulk transfer between them; buffer maxima in bytes."""
    sender, receiver = lab.box(delay=f"{rtt_ms / 2}ms", rate=f"{mbits}Mbit/s", queue=queue)
    for netns in (sender, receiver):
        netns.run("ip", "route", "change", "10.77.0.0/24", "dev", "wan0", "congctl", control)
    if rmem:
        receiver.sysctl(tcp_rmem=f"4096 {min(131072, rmem)} {rmem}")
    if wmem:
        sender.sysctl(tcp_wmem=f"4096 16384 {wmem}")
    Peer(sender, peers.pour, PORT).expect("ready")
    Peer(receiver, peers.drink, (A, PORT), half_close).expect("established")
    return sender, receiver


def _queue_share(sender):
    info = probe.tcp_info(sender, PORT)
    return info["rtt"] / info["minrtt"] - 1 if info.get("minrtt") else -1


def starved(lab, side, **options):
    """A window far below the BDP: the transfer crawls, and no queue stands on the path."""
    sender, receiver = path(lab, 1000, 80, "10MB", **options)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 5, "a crawling transfer", step=0.5)
    lab.wait(lambda: 5 < meter.rate() < 100, "a steady crawl", step=1.0)
    lab.still(lambda: 5 < meter.rate() < 100, "a steady crawl")
    lab.still(lambda: 0 <= _queue_share(sender) < 0.15, "an empty path")
    return receiver if side == "receiver" else sender


def filled(lab, side, mbits, rtt_ms, queue, floor=0.9, **options):
    """A transfer that fills its link; nothing is left to win."""
    sender, receiver = path(lab, mbits, rtt_ms, queue, **options)
    meter = probe.Meter(receiver, "wan0")
    full = mbits * GOODPUT * floor
    lab.wait(lambda: meter.rate() > full, f"a full link above {full:.0f} Mbit/s", timeout=9,
             step=0.5)
    meter.rate()
    lab.still(lambda: meter.rate() > full, "a full link")
    return receiver if side == "receiver" else sender


def standing_queue(lab, queue, control="cubic"):
    """Bulk and an interactive user on one slow link."""
    sender, receiver = path(lab, 50, 20, queue, control=control)
    Peer(receiver, peers.serve, [ECHO], manners="echo").expect("ready")
    Peer(sender, peers.chat, (B, ECHO), 0.05).expect("established")
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 43, "a full link", timeout=8, step=0.5)
    return sender, receiver


def bloated(lab):
    """A drop-tail buffer of 1 MB, 160 ms of it, and loss-based control that fills it."""
    sender, _ = standing_queue(lab, "1MB")
    lab.wait(lambda: _queue_share(sender) > 2, "a standing queue", timeout=8)
    lab.still(lambda: _queue_share(sender) > 2, "a standing queue")
    return sender


def short_queue(lab):
    """The same link behind a buffer of one BDP."""
    sender, _ = standing_queue(lab, "125KB")
    lab.still(lambda: _queue_share(sender) < 1.2, "a short queue")
    return sender


def model_based(lab):
    """The large buffer again; BBR leaves it empty."""
    sender, _ = standing_queue(lab, "1MB", control="bbr")
    lab.wait(lambda: 0 <= _queue_share(sender) < 0.7, "BBR past its start", timeout=8)
    lab.still(lambda: _queue_share(sender) < 0.7, "a short queue")
    return sender


def _scaling(value):
    def build(lab):
        host = lab.namespace("host")
        host.sysctl(tcp_window_scaling=value)
        return host
    return build


def _scene(name, build, speed="1Gbit/s", **kwargs):
    return Scene(name, build, options=(f"--speed=wan0={speed}",), weight=2,
                 needs=("tun",) + kwargs.pop("needs", ()), may=MAY_SYSCTL, **kwargs)


def _full(side, **options):
    return functools.partial(filled, side=side, **options)


# The BDP is 10 MB. Full rate without loss; the windows are about 1.4 and 1.25 BDP, the latter
# with a buffer whose half is below the BDP, so that only a look at the path tells it is full.
PLENTY = {"mbits": 1000, "rtt_ms": 80, "queue": "10MB", "rmem": 20 << 20, "wmem": 20 << 20}
LEAN = dict(PLENTY, rmem=18 << 20)
# Half a BDP of queue: when other work delays the box, loss-based control backs off for a moment.
NEAR = {"mbits": 1000, "rtt_ms": 10, "queue": "600KB", "floor": 0.75}

SCENES = (
    _scene("window.receive-below-bdp/rmem-256K",
           functools.partial(starved, side="receiver", rmem=SMALL, wmem=64 << 20),
           expect=(Expect("window.receive-below-bdp"),)),
    _scene("window.receive-below-bdp/twin-full-link", _full("receiver", **PLENTY)),
    _scene("window.receive-below-bdp/twin-full-link-lean", _full("receiver", **LEAN)),
    _scene("window.receive-below-bdp/twin-10ms-defaults", _full("receiver", **NEAR)),
    _scene("window.send-below-bdp/wmem-256K",
           functools.partial(starved, side="sender", wmem=SMALL, rmem=64 << 20),
           expect=(Expect("window.send-below-bdp"),)),
    _scene("window.send-below-bdp/half-closed",
           functools.partial(starved, side="sender", wmem=SMALL, rmem=64 << 20, half_close=True),
           expect=(Expect("window.send-below-bdp"),)),
    _scene("window.send-below-bdp/twin-10ms-defaults", _full("sender", **NEAR)),
    _scene("window.receiver-limited/far-rmem-256K",
           functools.partial(starved, side="sender", rmem=SMALL, wmem=64 << 20),
           expect=(Expect("window.receiver-limited"),)),
    _scene("window.receiver-limited/twin-full-link", _full("sender", **LEAN),
           forbid=("window.send-below-bdp",)),
    Scene("window.scaling-off/off", _scaling(0), may=MAY_SYSCTL,
          expect=(Expect("window.scaling-off", subject="tcp_window_scaling"),)),
    Scene("window.scaling-off/twin-on", _scaling(1)),
    _scene("bloat.standing-queue/1MB-cubic", bloated, speed="50Mbit/s",
           expect=(Expect("bloat.standing-queue"),)),
    _scene("bloat.standing-queue/twin-125KB", short_queue, speed="50Mbit/s"),
    _scene("bloat.standing-queue/twin-bbr", model_based, speed="50Mbit/s", needs=("bbr",)),
)
