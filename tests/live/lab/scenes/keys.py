# SPDX-License-Identifier: GPL-2.0-or-later
"""Single sysctls: hearsay, time-outs, Fast Open; and counters of the host."""
import functools
import os
import signal
import socket
import time

from .. import peers, probe
from ..net import A, B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene
from .settings import serving

PORT = 8080
FILE = "50-site.conf"
HERE = os.path.dirname(os.path.abspath(__file__))
IDLE = ("--profile=" + os.path.join(HERE, "idle-350s.profile"),)
ECN = ("--profile=" + os.path.join(HERE, "ecn.profile"),)
MERGED = ("--profile=" + os.path.join(HERE, "autocorking.profile"),)
LATENCY = ("--profile=latency",)
TCP_FASTOPEN, TCP_FASTOPEN_KEY = 23, 33


def _set(**sysctls):
    return functools.partial(serving, **sysctls)


def _many_time_wait(lab, limit, count):
    """A server that closes first, and so many connections that it keeps in TIME_WAIT."""
    client, server = lab.pair()
    server.sysctl(tcp_max_tw_buckets=limit)
    Peer(server, peers.serve, [PORT], manners="goodbye").expect("ready")
    Peer(client, peers.churn, (B, PORT), count, close_first=False).expect("done", timeout=9)
    lab.wait(lambda: probe.count(server, probe.TIME_WAIT) >= min(count, limit) * 0.9, "TIME_WAIT")
    lab.still(lambda: probe.count(server, probe.TIME_WAIT) >= min(count, limit) * 0.9, "TIME_WAIT")
    return server


def fast_open_server(channel, port, forget):
    """Takes data with the SYN; one that forgets its key refuses the cookies that it gave out."""
    sock = peers.listener(port, 64)
    sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 64)
    channel.say("ready")
    sock.setblocking(True)
    while True:
        connection, _ = sock.accept()
        with connection:
            connection.recv(64)
        if forget:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN_KEY, os.urandom(16))


def fast_open_client(channel, target, gap):
    """A connection every gap seconds, whose first bytes go with the SYN."""
    channel.say("begun")
    while True:
        with socket.socket() as sock:
            sock.sendto(b"hello", socket.MSG_FASTOPEN, target)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(64):
                pass
        time.sleep(gap)


def drip(channel, port, gap):
    """Waits for one connection and writes a few bytes every gap seconds, each by itself."""
    sock = peers.listener(port, 8)
    sock.setblocking(True)
    channel.say("ready")
    connection, _ = sock.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while True:
        connection.sendall(b"x" * 300)
        time.sleep(gap)


def _fast_open(lab, forget):
    """Clients with Fast Open; a server that forgets its key refuses every cookie it gave."""
    client, server = lab.pair()
    for netns in (client, server):
        netns.sysctl(tcp_fastopen=3)
    Peer(server, fast_open_server, PORT, forget).expect("ready")
    Peer(client, fast_open_client, (B, PORT), 0.02).expect("begun")
    name = "TCPFastOpenPassiveFail" if forget else "TCPFastOpenPassive"
    lab.wait(lambda: probe.counter(server, name) > 5, f"{name} grows")
    before = probe.counter(server, name)
    lab.still(lambda: probe.counter(server, name) > before + 10, f"{name} went on growing")
    return server


def stall(channel, pid, delay, pause):
    """Stops the process that carries a path for a while: what was under way comes late."""
    channel.say("begun")
    if channel.hear(delay):
        return
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(pause)
    finally:
        os.kill(pid, signal.SIGCONT)
    channel.hear()


def _pumped(lab, flows, **box):
    sender, receiver = lab.box(delay="10ms", rate="100Mbit/s", **box)
    Peer(sender, peers.serve, [PORT], manners="pump").expect("ready")
    Peer(receiver, peers.connect, [(A, PORT)] * flows).expect("begun").expect("established")
    lab.wait(lambda: probe.count(sender, probe.ESTABLISHED, PORT) == flows, "connections")
    return sender


def delay_jumps(lab):
    """
    Nothing is lost, but for 0.8 s of the window the path holds everything back. Once: a connection
    that met a stall has a time-out that outlasts the next.
    """
    sender = _pumped(lab, 30)
    Peer(sender, stall, lab.boxes[0].pid, 0.6, 0.8).expect("begun")
    before = probe.counter(sender, "TCPDSACKRecv")
    lab.still(lambda: probe.counter(sender, "TCPDSACKRecv") >= before + 10, "duplicates")
    return sender


def real_loss(lab):
    """The same connections over a path that really loses."""
    sender = _pumped(lab, 30, loss="8%")
    lab.wait(lambda: probe.counter(sender, "TCPTimeouts") + probe.counter(sender, "TCPLossProbes")
             > 3, "losses", timeout=9)
    return sender


def small_writes(lab, gap, setting):
    """A process that writes a few bytes at a time to a link that is slow to take them."""
    client, server = lab.pair()
    server.sysctl(tcp_autocorking=setting)
    server.run("tc", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate", "2mbit", "burst",
               "2kb", "limit", "200kb")
    Peer(server, drip, PORT, gap).expect("ready")
    Peer(client, peers.drink, (B, PORT)).expect("established")
    if setting:
        lab.wait(lambda: probe.counter(server, "TCPAutoCorking") > 50, "merged writes")
    lab.still(lambda: probe.counter(server, "TCPAutoCorking") > 100 or not setting, "merged writes")
    return server


def says(rule, subject="", severity=None):
    """One finding."""
    return (Expect(rule, subject=subject, severity=severity),)


def value(rule, key, bad, good, severity, may=(), **options):
    """A scene with a value of a key, and its twin with another."""
    return (
        Scene(f"{rule}/{key}-{bad}".replace(" ", "_"), _set(**{key: bad}), may=MAY_SYSCTL + may,
              expect=says(rule, key, severity), **options),
        Scene(f"{rule}/twin-{key}-{good}".replace(" ", "_"), _set(**{key: good}),
              may=MAY_SYSCTL + may, **options),
    )


def boot(rule, name, line, twin, severity, may):
    """A file that sets a key, and one that sets another."""
    return (
        Scene(f"{rule}/{name}", _set(), boot={FILE: line + "\n"}, may=may,
              expect=says(rule, line.split(" = ")[0], severity)),
        Scene(f"{rule}/twin-{name}", _set(), boot={FILE: twin + "\n"}, may=may),
    )


DRIFT = ("sysctl.drift", "sysctl.pending", "sysctl.not-persisted")
REMOVED = ("sysctl.removed", "sysctl.unknown", "sysctl.needs-module", "sysctl.per-namespace",
           "sysctl.drift", "sysctl.pending", "sysctl.malformed", "sysctl.out-of-range")

SCENES = (
    *value("legacy.timestamps-off", "tcp_timestamps", 0, 2, "error"),
    *value("legacy.sack-off", "tcp_sack", 0, 1, "error"),
    *value("legacy.dsack-off", "tcp_dsack", 0, 1, "warning"),
    *value("legacy.frto-off", "tcp_frto", 0, 1, "warning"),
    *value("legacy.fack", "tcp_fack", 1, 0, "info"),
    *value("legacy.fin-timeout-for-timewait", "tcp_fin_timeout", 15, 60, "warning"),
    *value("legacy.initial-buffers-huge", "tcp_rmem", "4096 12582912 33554432",
           "4096 262144 33554432", "warning"),
    *value("legacy.adv-win-scale", "tcp_adv_win_scale", -2, 1, "info"),
    *value("legacy.port-range-low", "ip_local_port_range", "1024 65535", "16384 65535", "error",
           may=("ports.range-unreserved",)),
    Scene("legacy.port-range-low/twin-reserved", may=MAY_SYSCTL + ("ports.*",), build=_set(
        ip_local_port_range="1024 65535", ip_local_reserved_ports="8080")),
    Scene("legacy.bbr-plus-idle/both", _set(tcp_congestion_control="bbr",
                                            tcp_slow_start_after_idle=0),
          may=MAY_SYSCTL, needs=("bbr",),
          expect=says("legacy.bbr-plus-idle", "tcp_slow_start_after_idle", "info")),
    Scene("legacy.bbr-plus-idle/twin-reno", _set(tcp_congestion_control="reno",
                                                 tcp_slow_start_after_idle=0), may=MAY_SYSCTL),
    Scene("legacy.max-tw-buckets-lowered/bites", lambda lab: _many_time_wait(lab, 100, 90),
          may=MAY_SYSCTL, expect=says("legacy.max-tw-buckets-lowered", "tcp_max_tw_buckets",
                                      "error")),
    Scene("legacy.max-tw-buckets-lowered/twin-far-away",
          lambda lab: _many_time_wait(lab, 2000, 90), may=MAY_SYSCTL),
    *boot("legacy.tw-recycle", "a-file-sets-it", "net.ipv4.tcp_tw_recycle = 1",
          "net.ipv4.tcp_tw_reuse = 2", "warning", REMOVED),
    *boot("legacy.collapse-max-bytes", "a-file-sets-it",
          "net.ipv4.tcp_collapse_max_bytes = 6291456", "net.ipv4.tcp_sack = 1", "info", REMOVED),
    *boot("legacy.ip-conntrack", "a-file-sets-it", "net.ipv4.ip_conntrack_max = 65536",
          "net.ipv4.tcp_sack = 1", "info", REMOVED),
    *boot("legacy.ecn-out-of-range", "a-file-sets-it", "net.ipv4.tcp_ecn = 3",
          "net.ipv4.tcp_ecn = 2", "error", REMOVED),
    *value("listen.abort-on-overflow", "tcp_abort_on_overflow", 1, 0, "warning"),
    *value("window.autotuning-off", "tcp_moderate_rcvbuf", 0, 1, "error"),
    *value("congestion.metrics-cache", "tcp_no_metrics_save", 1, 0, "info"),
    *value("congestion.ecn", "tcp_ecn", 2, 1, "notice", options=ECN),
    Scene("congestion.ecn/twin-not-asked-for", _set(tcp_ecn=0), may=MAY_SYSCTL),
    Scene("congestion.ecn/twin-without-fallback", _set(tcp_ecn=2, tcp_ecn_fallback=0),
          may=MAY_SYSCTL, options=ECN),
    *value("fastopen.replay", "tcp_fastopen", 1027, 1, "notice"),
    Scene("fastopen.replay/servers-that-ask", _set(tcp_fastopen=3), may=MAY_SYSCTL,
          expect=says("fastopen.replay", "tcp_fastopen", "info")),
    *value("keepalive.beyond-idle-timeout", "tcp_keepalive_time", 600, 300, "warning",
           options=IDLE),
    Scene("keepalive.beyond-idle-timeout/twin-none-declared", _set(tcp_keepalive_time=600),
          may=MAY_SYSCTL),
    *value("retries.hang", "tcp_retries2", 15, 10, "notice", may=DRIFT, options=LATENCY),
    Scene("retries.hang/twin-default", _set(tcp_retries2=15)),
    *value("retries.too-few", "tcp_retries2", 5, 8, "warning"),
    Scene("fastopen.failing/server-forgets-its-key", lambda lab: _fast_open(lab, True),
          may=MAY_SYSCTL, expect=says("fastopen.failing", severity="warning")),
    Scene("fastopen.failing/twin-cookies-hold", lambda lab: _fast_open(lab, False),
          may=MAY_SYSCTL),
    Scene("loss.spurious/delay-that-jumps", delay_jumps, needs=("tun",),
          may=("loss.*", "bloat.*", "path.*"), expect=says("loss.spurious", severity="notice")),
    Scene("loss.spurious/twin-real-loss", real_loss, needs=("tun",),
          may=("loss.*", "window.send-queue-stalled"), forbid=("mtu.blackhole",)),
    Scene("latency.autocorking/small-writes", lambda lab: small_writes(lab, 0.001, 1),
          may=DRIFT + ("bloat.*",), options=MERGED, expect=says("latency.autocorking")),
    Scene("latency.autocorking/twin-switched-off", lambda lab: small_writes(lab, 0.001, 0),
          may=MAY_SYSCTL + DRIFT + ("bloat.*",), options=MERGED),
    Scene("latency.autocorking/twin-profile-does-not-care",
          lambda lab: small_writes(lab, 0.001, 1), may=("bloat.*",)),
    Scene("legacy.low-latency/set", None,
          skip="tcp_low_latency is the initial namespace's; a recorded host stands in"),
    Scene("legacy.default-buffers-huge/set", None,
          skip="rmem_default and wmem_default are read-only here; a recorded host stands in"),
    Scene("legacy.netdev-backlog-huge/set", None,
          skip="netdev_max_backlog is the initial namespace's; a recorded host stands in"),
    Scene("window.rmem-max-misread/set", None,
          skip="rmem_max is read-only here; a recorded host stands in"),
    Scene("memory.mem-in-bytes/set", None,
          skip="tcp_mem is the initial namespace's; a recorded host stands in"),
    Scene("congestion.bbr-without-fq/linux-4.12", None,
          skip="it takes a kernel before 4.13; a recorded host stands in"),
    Scene("latency.busy-poll/off", None,
          skip="busy_read is the initial namespace's; a recorded host stands in"),
)
