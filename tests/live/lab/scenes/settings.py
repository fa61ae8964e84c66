# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings against policy and against what boot would set."""
import functools

from .. import peers, probe
from ..net import B, Peer
from ..scene import MAY_SYSCTL, Expect, Scene

PORT = 8080
FILE = "50-site.conf"


def serving(lab, **sysctls):
    """A host with a connection or two, and some sysctls set."""
    client, server = lab.pair()
    server.sysctl(**sysctls)
    Peer(server, peers.serve, [PORT]).expect("ready")
    Peer(client, peers.connect, [(B, PORT)] * 2).expect("begun").expect("established")
    lab.wait(lambda: probe.count(server, probe.ESTABLISHED, PORT) == 2, "connections")
    return server


def _set(**sysctls):
    return functools.partial(serving, **sysctls)


SPACED = "net.ipv4.tcp_rmem = 4096   131072 \t 33554432\nnet/ipv4/tcp_syn_retries=5\n"

SCENES = (
    Scene("keepalive.two-hours/defaults", _set(),
          expect=(Expect("keepalive.two-hours", severity="info"),)),
    Scene("keepalive.two-hours/twin-five-minutes", may=MAY_SYSCTL, build=_set(
        tcp_keepalive_time=300, tcp_keepalive_intvl=30, tcp_keepalive_probes=5)),
    Scene("sysctl.drift/live-differs", _set(tcp_syn_retries=4),
          boot={FILE: "net.ipv4.tcp_syn_retries = 5\n"},
          expect=(Expect("sysctl.drift", subject="tcp_syn_retries"),)),
    Scene("sysctl.drift/member-of-a-triple", _set(tcp_rmem="4096 131072 8388608"),
          boot={FILE: SPACED.splitlines()[0] + "\n"}, may=MAY_SYSCTL, full_only=True,
          expect=(Expect("sysctl.drift", subject="tcp_rmem"),)),
    Scene("sysctl.drift/twin-equal", _set(tcp_syn_retries=5),
          boot={FILE: "net.ipv4.tcp_syn_retries = 5\n"}),
    Scene("sysctl.drift/twin-equal-but-spelt-otherwise",
          _set(tcp_syn_retries=5, tcp_rmem="4096 131072 33554432"), boot={FILE: SPACED}),
    Scene("sysctl.drift/twin-later-file-wins", _set(tcp_syn_retries=5),
          boot={"10-site.conf": "net.ipv4.tcp_syn_retries = 3\n",
                "90-site.conf": "net.ipv4.tcp_syn_retries = 5\n"},
          may=("sysctl.shadowed",)),
    Scene("fd.host-near-limit/file-max", None,
          skip="fs.file-max belongs to the whole machine; a recorded host stands in"),
)
