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
    # A configuration that lies: the host is as its files say or not, and each twin differs in a word.
    Scene("sysctl.pending/waits-in-its-file", _set(), options=("--profile=latency",),
          boot={FILE: "net.ipv4.tcp_keepalive_time = 60\n"},
          expect=(Expect("sysctl.pending", subject="tcp_keepalive_time", severity="warning"),),
          may=("sysctl.drift", "retries.hang"), forbid=("sysctl.shadowed",)),
    Scene("sysctl.pending/twin-loaded", _set(tcp_keepalive_time=60), options=("--profile=latency",),
          may=("sysctl.drift", "retries.hang"), boot={FILE: "net.ipv4.tcp_keepalive_time = 60\n"}),
    Scene("sysctl.not-persisted/by-hand", _set(tcp_syn_retries=4),
          expect=(Expect("sysctl.not-persisted", subject="tcp_syn_retries", severity="info"),)),
    Scene("sysctl.not-persisted/twin-in-a-file", _set(tcp_syn_retries=4),
          boot={FILE: "net.ipv4.tcp_syn_retries = 4\n"}),
    Scene("sysctl.below-default/halved", _set(tcp_rmem="4096 131072 2097152"),
          may=("sysctl.not-persisted",),
          expect=(Expect("sysctl.below-default", subject="tcp_rmem", severity="notice"),)),
    Scene("sysctl.below-default/twin-raised", _set(tcp_rmem="4096 131072 67108864"), may=("sysctl.not-persisted",)),
    Scene("sysctl.shadowed/in-one-file", _set(tcp_syn_retries=5),
          boot={FILE: "net.ipv4.tcp_syn_retries = 4\nnet.ipv4.tcp_syn_retries = 5\n"},
          expect=(Expect("sysctl.shadowed", subject="tcp_syn_retries", severity="warning"),)),
    Scene("sysctl.shadowed/twin-said-twice", _set(tcp_syn_retries=5),
          boot={FILE: "net.ipv4.tcp_syn_retries = 5\nnet.ipv4.tcp_syn_retries = 05\n"}),
    Scene("sysctl.loaders-disagree/taken-back-for-one", _set(tcp_syn_retries=5),
          boot={FILE: "net.ipv4.tcp_syn_retries = 5\n-net.ipv4.tcp_syn_retries\n"},
          expect=(Expect("sysctl.loaders-disagree", subject="tcp_syn_retries", severity="warning"),)),
    Scene("sysctl.loaders-disagree/twin-another-key", _set(tcp_syn_retries=5),
          boot={FILE: "net.ipv4.tcp_syn_retries = 5\n-net.ipv4.tcp_synack_retries\n"}),
    Scene("sysctl.unknown/typo", _set(),
          boot={FILE: "net.ipv4.tcp_syn_retires = 5\nvm.swapiness = 10\n"},
          expect=(Expect("sysctl.unknown", subject="tcp_syn_retires", severity="warning"),
                  Expect("sysctl.unknown", subject="vm.swapiness", severity="warning"))),
    Scene("sysctl.unknown/twin-of-other-topics", _set(),
          boot={FILE: "vm.swappiness = 10\nkernel.pid_max = 4194304\nnet.ipv6.conf.eth9.accept_ra = 2\n"}),
    Scene("sysctl.malformed/quoted", _set(),
          boot={FILE: 'net.ipv4.tcp_syn_retries = "5"\n'}, may=("sysctl.drift",),
          expect=(Expect("sysctl.malformed", subject="tcp_syn_retries", severity="error"),)),
    Scene("sysctl.malformed/twin-hexadecimal", _set(tcp_syn_retries=5),
          boot={FILE: "# five\nnet.ipv4.tcp_syn_retries = 0x5\n"}),
    Scene("sysctl.out-of-range/no-such-mode", _set(tcp_mtu_probing=7),
          boot={FILE: "net.ipv4.tcp_mtu_probing = 7\n"},
          expect=(Expect("sysctl.out-of-range", subject="tcp_mtu_probing", severity="warning"),)),
    Scene("sysctl.out-of-range/twin-a-mode", _set(tcp_mtu_probing=1),
          boot={FILE: "net.ipv4.tcp_mtu_probing = 1\n"}),
    Scene("sysctl.arity/two-of-three", _set(),
          boot={FILE: "net.ipv4.tcp_rmem = 4096 131072\n"},
          expect=(Expect("sysctl.arity", subject="tcp_rmem", severity="warning"),)),
    Scene("sysctl.arity/twin-three", _set(tcp_rmem="4096 131072 33554432"),
          boot={FILE: "net.ipv4.tcp_rmem = 4096 131072 33554432\n"}),
    Scene("sysctl.unordered/upside-down", _set(tcp_wmem="4194304 16384 8192"),
          boot={FILE: "net.ipv4.tcp_wmem = 4194304 16384 8192\n"}, may=("sysctl.*", "legacy.*", "window.*"),
          expect=(Expect("sysctl.unordered", subject="tcp_wmem", severity="error"),)),
    Scene("sysctl.unordered/twin-equal-numbers", _set(tcp_wmem="16384 16384 8388608"),
          boot={FILE: "net.ipv4.tcp_wmem = 16384 16384 8388608\n"}),
    Scene("sysctl.removed/thin-dupack", _set(),
          boot={FILE: "net.ipv4.tcp_thin_dupack = 1\n"}, may=("legacy.*",),
          expect=(Expect("sysctl.removed", subject="tcp_thin_dupack"),)),
    Scene("sysctl.removed/twin-tolerated", _set(), boot={FILE: "-net.ipv4.tcp_tw_recycle = 1\n"}, may=("legacy.*",)),
    Scene("sysctl.needs-module/sctp", _set(), boot={FILE: "net.sctp.rto_min = 500\n"},
          expect=(Expect("sysctl.needs-module", subject="net.sctp.rto_min", severity="notice"),)),
    Scene("sysctl.needs-module/twin-built-in", _set(), boot={FILE: "vm.swappiness = 60\nnet.ipv6.conf.eth9.autoconf = 0\n"}),
    Scene("sysctl.per-namespace/tcp-mem", _set(), boot={FILE: "net.ipv4.tcp_mem = 98304 131072 196608\n"},
          expect=(Expect("sysctl.per-namespace", subject="tcp_mem", severity="notice"),)),
    Scene("sysctl.per-namespace/twin-its-own", _set(tcp_syn_retries=5), boot={FILE: "net.ipv4.tcp_syn_retries = 5\n"}),
    Scene("sysctl.order/redirects-before-forwarding", _set(), may=("hardening.*", "sysctl.drift"),
          boot={FILE: "net.ipv4.conf.all.accept_redirects = 1\nnet.ipv4.ip_forward = 1\n"},
          expect=(Expect("sysctl.order", subject="all.accept_redirects", severity="warning"),)),
    Scene("sysctl.order/twin-forwarding-first", _set(), may=("hardening.*", "sysctl.drift"),
          boot={FILE: "net.ipv4.ip_forward = 0\nnet.ipv4.conf.all.accept_redirects = 0\n"}),
    Scene("sysctl.order/twin-no-change", _set(), may=("hardening.*", "sysctl.drift"),
          boot={FILE: "net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.ip_forward = 0\n"}),
    Scene("sysctl.inert-all/accept-ra", _set(), may=("hardening.*", "sysctl.drift"),
          boot={FILE: "net.ipv6.conf.all.accept_ra = 0\n"},
          expect=(Expect("sysctl.inert-all", subject="all.accept_ra", severity="warning"),)),
    Scene("sysctl.inert-all/twin-default-too", _set(), may=("hardening.*", "sysctl.drift"),
          boot={FILE: "net.ipv6.conf.all.accept_ra = 0\nnet.ipv6.conf.default.accept_ra = 0\n"}),
    Scene("sysctl.unread/wrong-suffix", _set(), boot={"50-site.cnf": "net.ipv4.tcp_syn_retries = 5\n"},
          expect=(Expect("sysctl.unread", subject="50-site.cnf", severity="notice"),)),
    Scene("sysctl.unread/twin-switched-off", _set(), boot={"50-site.conf.disabled": "net.ipv4.tcp_syn_retries = 5\n"}),
    Scene("lint.suppression/no-reason", _set(tcp_syn_retries=5),
          boot={FILE: "# tcpadvisor: ignore sysctl.arity\nnet.ipv4.tcp_syn_retries = 5\n"},
          expect=(Expect("lint.suppression", subject="comment", severity="warning"),)),
    Scene("lint.suppression/twin-heeded", _set(), forbid=("sysctl.arity",),
          boot={FILE: "# tcpadvisor: ignore sysctl.arity: the maximum stays\nnet.ipv4.tcp_rmem = 4096 131072\n"}),
    Scene("fd.host-near-limit/file-max", None,
          skip="fs.file-max belongs to the whole machine; a recorded host stands in"),
)
