# SPDX-License-Identifier: GPL-2.0-or-later
"""What holds a flow: windows, buffers and the link, under CUBIC and BBR; pauses and backlogs."""
import functools

from .. import peers, probe, traffic
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene
from .buffers import ECHO, GOODPUT, NEAR, PORT, SMALL, filled, starved

PROFILE = MAY_SYSCTL + ("sysctl.drift", "retries.hang")


def wan(lab, control="cubic", rmem=None, wmem=None, **options):
    """Sender A and receiver B behind a delay box; buffer maxima in bytes."""
    sender, receiver = lab.box(**options)
    for netns in (sender, receiver):
        netns.run("ip", "route", "change", "10.77.0.0/24", "dev", "wan0", "congctl", control)
    if rmem:
        receiver.sysctl(tcp_rmem=f"4096 {min(131072, rmem)} {rmem}")
    if wmem:
        sender.sysctl(tcp_wmem=f"4096 16384 {wmem}")
    return sender, receiver


def queue_share(sender, port=PORT):
    """The queue as a share of the least round trip; -1 where nothing was measured."""
    info = probe.tcp_info(sender, port)
    return info["rtt"] / info["minrtt"] - 1 if info.get("minrtt") else -1


def crawling(lab, receiver, low, high, still=True):
    """Proves that the transfer stays between two rates, in Mbit/s."""
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > low, "a crawling transfer", step=0.5)
    lab.wait(lambda: low < meter.rate() < high, "a steady crawl", step=1.0)
    if still:
        lab.still(lambda: low < meter.rate() < high, "a steady crawl")


def pinned(lab, control="cubic", sndbuf=200000, mbits=1000, floor=None):
    """The application fixes its send buffer, to far below the BDP or enough for the path."""
    rtt = 80 if floor is None else 10
    sender, receiver = wan(lab, control, rmem=64 << 20, delay=f"{rtt / 2}ms",
                           rate=f"{mbits}Mbit/s", queue="10MB" if floor is None else "60KB")
    Peer(sender, traffic.pour_many, PORT, 1, sndbuf).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), 1).expect("established")
    if floor is None:
        crawling(lab, receiver, 5, 100)
        lab.still(lambda: 0 <= queue_share(sender) < 0.15, "an empty path")
    else:
        meter = probe.Meter(receiver, "wan0")
        lab.wait(lambda: meter.rate() > floor * mbits * GOODPUT, "a full link", step=0.5)
        lab.still(lambda: meter.rate() > floor * mbits * GOODPUT, "a full link")
    return sender


def unscaled(lab, side="sender", rtt_ms=80):
    """The peer refuses window scaling: 64 KiB a round trip."""
    sender, receiver = wan(lab, delay=f"{rtt_ms / 2}ms", rate="1Gbit/s")
    (receiver if side == "sender" else sender).sysctl(tcp_window_scaling=0)
    Peer(sender, peers.pour, PORT).expect("ready")
    Peer(receiver, peers.drink, (A, PORT)).expect("established")
    crawling(lab, receiver, 3, 10)
    return sender if side == "sender" else receiver


def unscaled_near(lab):
    """No scaling either, on a link that 64 KiB fill."""
    sender, receiver = wan(lab, delay="1ms", rate="50Mbit/s", queue="200KB")
    receiver.sysctl(tcp_window_scaling=0)
    Peer(sender, peers.pour, PORT).expect("ready")
    Peer(receiver, peers.drink, (A, PORT)).expect("established")
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 43, "a full link", step=0.5)
    lab.still(lambda: meter.rate() > 43, "a full link")
    return sender


def slow_reader(lab):
    """The peer's application takes 200 KB every tenth of a second: 16 Mbit/s of a gigabit."""
    sender, receiver = wan(lab, delay="10ms", rate="1Gbit/s", queue="2MB")
    Peer(sender, peers.pour, PORT).expect("ready")
    Peer(receiver, traffic.sip, (A, PORT), 200000, 0.1).expect("established")
    lab.wait(lambda: probe.counter(receiver, "TCPToZeroWindowAdv") > 3, "a window that shuts")
    before = probe.counter(receiver, "TCPToZeroWindowAdv")
    lab.still(lambda: probe.counter(receiver, "TCPToZeroWindowAdv") > before, "still shutting")
    return sender


def paused(lab, size, gap, control="cubic", restart=1, count=10):
    """Bursts with pauses on a path of 100 ms and 1 Gbit/s."""
    sender, receiver = wan(lab, control, rmem=64 << 20, wmem=64 << 20, delay="50ms",
                           rate="1Gbit/s", queue="12MB")
    sender.sysctl(tcp_slow_start_after_idle=restart)
    Peer(sender, traffic.bursts, PORT, count, size, gap).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), count).expect("established")
    lab.wait(lambda: probe.tcp_info(receiver, PORT).get("bytes_received", 0) >= 3 * size,
             "three bursts", timeout=14)
    return sender


def edge(lab, clients=200, size=20000):
    """Clients 100 ms away that ask for small objects; a link that nobody fills."""
    sender, receiver = wan(lab, delay="50ms", rate="1Gbit/s")
    Peer(sender, traffic.objects, PORT, clients, size).expect("ready")
    Peer(receiver, traffic.ask, (A, PORT), clients, 1.0).expect("established", timeout=12)
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 15, "objects under way", step=0.5)
    lab.still(lambda: meter.rate() > 15, "objects under way")
    return sender


def backlog(lab, lowat=None, talk=0.05):
    """A stream of 10 Mbit/s whose reader goes on asking, behind megabytes that wait unsent."""
    sender, receiver = wan(lab, rmem=4 << 20, delay="10ms", rate="10Mbit/s", queue="25KB")
    if lowat:
        sender.sysctl(tcp_notsent_lowat=lowat)
    Peer(sender, traffic.pour_many, PORT).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), 1, talk).expect("established")
    meter = probe.Meter(receiver, "wan0")
    lab.wait(lambda: meter.rate() > 8, "a full link", step=0.5)
    return sender


def local_queue(lab, leaf=("pfifo", "limit", "1000"), count=110):
    """This host shapes to 50 Mbit/s itself, and its many flows stand in the leaf's queue."""
    sender, receiver = wan(lab, rmem=1 << 20, delay="10ms", rate="1Gbit/s", queue="2MB")
    sender.run("tc", "qdisc", "replace", "dev", "wan0", "root", "handle", "1:", "htb",
               "default", "1")
    sender.run("tc", "class", "add", "dev", "wan0", "parent", "1:", "classid", "1:1", "htb",
               "rate", "50mbit", "ceil", "50mbit")
    sender.run("tc", "qdisc", "add", "dev", "wan0", "parent", "1:1", "handle", "10:", *leaf)
    Peer(sender, traffic.pour_many, PORT, count).expect("ready")
    Peer(receiver, traffic.drink_many, (A, PORT), count).expect("established")
    return sender


def _waiting(netns):
    """Bytes that wait in the queueing disciplines of wan0."""
    text = netns.run("tc", "-s", "qdisc", "show", "dev", "wan0")
    units = {"b": 1, "K": 1000, "M": 1000000}
    sizes = [word for line in text.splitlines() if "backlog" in line
             for word in line.split()[1:2]]
    return max(int(size[:-2] if size[-2] in units else size[:-1])
               * (units[size[-2]] if size[-2] in units else 1) for size in sizes)


def bloated_here(lab):
    """A long FIFO under the shaper."""
    sender = local_queue(lab)
    lab.wait(lambda: _waiting(sender) > 500000, "a queue in the leaf", timeout=10)
    lab.still(lambda: _waiting(sender) > 500000, "a queue in the leaf")
    return sender


def short_here(lab):
    """The same FIFO and shaper, and a few flows that keep a sixth of that in it."""
    sender = local_queue(lab, count=20)
    lab.wait(lambda: 50000 < _waiting(sender) < 200000, "some queue in the leaf", timeout=10)
    lab.still(lambda: _waiting(sender) < 200000, "a short queue in the leaf")
    return sender


def _scene(name, build, speed="1Gbit/s", options=(), **kwargs):
    kwargs.setdefault("may", MAY_SYSCTL)
    declared = (f"--speed=wan0={speed}",) if speed else ()
    return Scene(name, build, options=declared + options, weight=kwargs.pop("weight", 2),
                 needs=("tun",) + kwargs.pop("needs", ()), **kwargs)


_part = functools.partial
LEAN = {"mbits": 1000, "rtt_ms": 80, "queue": "10MB", "rmem": 18 << 20, "wmem": 20 << 20}
# BBR gets less than the limit, and hands some of it back while it looks for the least round trip.
BBR = dict(LEAN, control="bbr", floor=0.7)
LIMITS = ("window.receive-below-bdp", "window.send-below-bdp", "window.receiver-limited",
          "window.sender-buffer-limited", "window.receive-buffer-limited",
          "window.peer-without-scaling")

SCENES = (
    # The receive window is the limit: the kernel counts 100 % of waiting for CUBIC, 25-47 % for BBR.
    _scene("window.receive-below-bdp/rmem-256K-bbr", needs=("bbr",),
           build=_part(starved, side="receiver", rmem=SMALL, wmem=64 << 20, control="bbr"),
           expect=(Expect("window.receive-below-bdp"),)),
    _scene("window.receiver-limited/far-rmem-256K-bbr", needs=("bbr",),
           build=_part(starved, side="sender", rmem=SMALL, wmem=64 << 20, control="bbr"),
           expect=(Expect("window.receiver-limited", severity="notice"),)),
    # The send buffer is the limit: 7-40 % of waiting are counted.
    _scene("window.send-below-bdp/wmem-256K-bbr", needs=("bbr",),
           build=_part(starved, side="sender", wmem=SMALL, rmem=64 << 20, control="bbr"),
           expect=(Expect("window.send-below-bdp"),)),
    # The link is full: 66-100 % of waiting for the window are counted, and nothing is wrong.
    _scene("window.receiver-limited/twin-full-link-bbr", _part(filled, side="sender", **BBR),
           needs=("bbr",), forbid=LIMITS),
    _scene("window.receive-below-bdp/twin-full-link-bbr", _part(filled, side="receiver", **BBR),
           needs=("bbr",), forbid=LIMITS),
    # SO_SNDBUF.
    _scene("window.sender-buffer-limited/so-sndbuf", pinned,
           may=MAY_SYSCTL + ("window.buffer-pinned",),
           expect=(Expect("window.sender-buffer-limited", severity="warning"),)),
    _scene("window.sender-buffer-limited/so-sndbuf-bbr", _part(pinned, control="bbr"),
           needs=("bbr",), may=MAY_SYSCTL + ("window.buffer-pinned",),
           expect=(Expect("window.sender-buffer-limited", severity="warning"),)),
    _scene("window.sender-buffer-limited/unknown-speed", speed=None,
           build=_part(starved, side="sender", wmem=SMALL, rmem=64 << 20),
           expect=(Expect("window.sender-buffer-limited", severity="notice"),)),
    _scene("window.sender-buffer-limited/twin-so-sndbuf-enough", speed="50Mbit/s",
           build=_part(pinned, mbits=50, floor=0.85)),
    _scene("window.sender-buffer-limited/twin-unknown-speed-full", speed=None,
           build=_part(filled, side="sender", **LEAN), forbid=LIMITS),
    _scene("window.receive-buffer-limited/unknown-speed", speed=None,
           build=_part(starved, side="receiver", rmem=SMALL, wmem=64 << 20),
           expect=(Expect("window.receive-buffer-limited", severity="notice"),)),
    _scene("window.receive-buffer-limited/unknown-speed-bbr", speed=None, needs=("bbr",),
           build=_part(starved, side="receiver", rmem=SMALL, wmem=64 << 20, control="bbr"),
           expect=(Expect("window.receive-buffer-limited", severity="notice"),)),
    _scene("window.receive-buffer-limited/twin-unknown-speed-full", speed=None,
           build=_part(filled, side="receiver", **LEAN), forbid=LIMITS),
    _scene("window.receive-buffer-limited/twin-unknown-speed-10ms", speed=None,
           build=_part(filled, side="receiver", **NEAR), forbid=LIMITS),
    # No window scaling.
    _scene("window.peer-without-scaling/receiver-off", unscaled,
           expect=(Expect("window.peer-without-scaling"),)),
    _scene("window.peer-without-scaling/sender-off", _part(unscaled, side="receiver"),
           expect=(Expect("window.peer-without-scaling"),)),
    _scene("window.peer-without-scaling/twin-near", unscaled_near, speed="50Mbit/s"),
    _scene("window.receiver-limited/slow-reader", slow_reader,
           expect=(Expect("window.receiver-limited", severity="info"),)),
    # Pauses.
    _scene("latency.idle-restart/500KB-each-2s", _part(paused, size=500000, gap=2.0),
           expect=(Expect("latency.idle-restart"),)),
    _scene("latency.idle-restart/twin-switched-off",
           _part(paused, size=500000, gap=2.0, restart=0)),
    _scene("latency.idle-restart/twin-bbr", _part(paused, size=500000, gap=2.0, control="bbr"),
           needs=("bbr",)),
    _scene("latency.idle-restart/twin-small-answers", _part(paused, size=12000, gap=1.0)),
    _scene("latency.idle-restart/twin-edge-200-clients", edge, speed="25Gbit/s",
           forbid=LIMITS + ("loss.retransmits-high", "hol.shared-stream", "bloat.standing-queue")),
    # Unsent data.
    _scene("latency.unsent-backlog/stream", backlog, speed="10Mbit/s", options=("--profile=latency",),
           may=PROFILE + ("bloat.standing-queue",), expect=(Expect("latency.unsent-backlog"),)),
    _scene("latency.unsent-backlog/twin-lowat-16K", _part(backlog, lowat=16384), speed="10Mbit/s",
           options=("--profile=latency",), may=PROFILE + ("bloat.standing-queue",)),
    _scene("latency.unsent-backlog/twin-bulk", _part(backlog, talk=None), speed="10Mbit/s",
           options=("--profile=latency",), may=PROFILE + ("bloat.standing-queue",)),
    # The queue of this host itself.
    _scene("bloat.qdisc-without-aqm/htb-pfifo-1000", bloated_here,
           may=MAY_SYSCTL + ("bloat.standing-queue",),
           expect=(Expect("bloat.qdisc-without-aqm", subject="wan0"),)),
    _scene("bloat.qdisc-without-aqm/twin-20-flows", short_here),
)
