# SPDX-License-Identifier: GPL-2.0-or-later
"""
What hardening guides ask for, as the kernel has it in force.

Scanners compare the words conf.all and conf.default with what a guide says. Where the kernel combines them with an
interface's own value otherwise, they are wrong both ways. Measured with OpenSCAP 1.3.7 (content of 0.1.65 and newer) and
Lynis 3.0.8, which see no interface at all:

  redirects-accepted/interface-alone      they pass it, and the kernel accepts
  rp-filter/loose-on-the-interface        they pass it, and the filter is loose
  router-advertisements/all-is-inert      they pass it, and a forged advertisement installs a default route (done here)
  source-route/twin-default-is-on         they fail it, and the kernel accepts none
  redirects-sent/twin-does-not-forward    they fail it, and none is sent
"""
import functools
import socket
import struct

from ..net import SceneError
from ..scene import MAY_SYSCTL, Expect, Scene

HARDENING = ("--profile=hardening",)
NODE = ("--profile=hardening,container-host",)
FILE = "50-site.conf"
# A lab's host forwards nothing that a router would.
FORWARDS = MAY_SYSCTL + ("hardening.forwarding",)

HARDENED = {
    "ipv4/conf/all/accept_redirects": 0, "ipv4/conf/default/accept_redirects": 0,
    "ipv4/conf/eth0/accept_redirects": 0, "ipv4/conf/all/rp_filter": 1,
    "ipv4/conf/all/log_martians": 1, "ipv4/conf/all/accept_source_route": 0,
    "ipv4/conf/all/send_redirects": 0, "ipv4/conf/eth0/send_redirects": 0,
    "ipv4/icmp_echo_ignore_broadcasts": 1, "ipv4/icmp_ignore_bogus_error_responses": 1,
    "ipv4/tcp_rfc1337": 1,
    "ipv6/conf/default/accept_redirects": 0, "ipv6/conf/eth0/accept_redirects": 0,
    "ipv6/conf/default/accept_ra": 0, "ipv6/conf/eth0/accept_ra": 0,
}


def write(netns, *settings):
    """Writes keys below net, in this order: it matters to the kernel."""
    for key, value in settings:
        with netns, open(f"/proc/sys/net/{key}", "w", encoding="ascii") as file:
            file.write(str(value))
        if netns.read(f"/proc/sys/net/{key}").strip() != str(value):
            raise SceneError(f"{key} did not become {value}")


def hardened(lab, *settings):
    """A host that a guide would be content with, and then what is wrong with it."""
    client, server = lab.pair()
    write(server, *HARDENED.items())
    write(server, *settings)
    return client, server


def _set(*settings):
    return lambda lab: hardened(lab, *settings)[1]


def advertise(client):
    """A router advertisement as anybody on the link can send it: I am your default router."""
    header = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    with client:
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw:
            raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            raw.sendto(header, ("ff02::1", 0, 0, socket.if_nametoindex("eth0")))


def received(server):
    """How many advertisements arrived."""
    rows = dict(line.split() for line in server.read("/proc/net/snmp6").splitlines())
    return int(rows["Icmp6InRouterAdvertisements"])


def advertised(lab, *settings, believed):
    """A forged advertisement reaches the host, which believes it or does not."""
    client, server = hardened(lab, *settings)
    for netns, address in ((client, "fe80::1"), (server, "fe80::2")):
        netns.run("ip", "-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
    before = received(server)

    def arrived():
        advertise(client)
        return received(server) > before

    def obeyed():
        return "default via fe80::1" in server.run("ip", "-6", "route", "show")

    lab.wait(arrived, "an advertisement at the host")
    if believed:
        lab.wait(obeyed, "a default route from the advertisement")
    lab.still(lambda: obeyed() == believed, f"default route by advertisement: {believed}")
    return server


def _advertised(*settings, believed):
    return lambda lab: advertised(lab, *settings, believed=believed)


def two_networks(lab, *settings, traffic=False):
    """A host between two networks, which forwards or might."""
    client, server = hardened(lab, *settings)
    far = lab.namespace("far")
    server.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth0",
               "netns", str(far.pid))
    for netns, device, address in ((server, "eth1", "10.78.0.1"), (far, "eth0", "10.78.0.2")):
        netns.run("ip", "link", "set", device, "addrgenmode", "none")
        netns.run("ip", "address", "add", f"{address}/24", "dev", device)
        netns.run("ip", "link", "set", device, "up")
    write(server, *((f"ipv{v}/conf/eth1/{key}", 0) for v, key in (
        (4, "accept_redirects"), (4, "send_redirects"), (6, "accept_redirects"), (6, "accept_ra"))))
    if traffic:
        client.run("ip", "route", "add", "10.78.0.0/24", "via", "10.77.0.2")
        lab.wait(lambda: _forwarded(client, server), "a forwarded packet")
    return server


def _forwarded(client, server):
    with client, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"x", ("10.78.0.2", 9))
    names, numbers = (line.split() for line in server.read("/proc/net/snmp").splitlines()
                      if line.startswith("Ip:"))
    return int(numbers[names.index("ForwDatagrams")]) > 0


def node(lab, *settings):
    """A node of containers: a bridge with an address, and the host's end of a container's link."""
    _, server = hardened(lab, ("ipv4/ip_forward", 1), *HARDENED.items(), *settings)
    pod = lab.namespace("pod")
    server.run("ip", "link", "add", "cni0", "type", "bridge")
    server.run("ip", "link", "add", "veth7", "type", "veth", "peer", "name", "eth0",
               "netns", str(pod.pid))
    server.run("ip", "link", "set", "veth7", "master", "cni0", "up")
    server.run("ip", "address", "add", "10.79.0.1/24", "dev", "cni0")
    server.run("ip", "link", "set", "cni0", "up")
    pod.run("ip", "link", "set", "eth0", "up")
    write(server, ("ipv4/conf/cni0/accept_redirects", 0), ("ipv4/conf/cni0/send_redirects", 0),
          ("ipv6/conf/cni0/accept_redirects", 0), ("ipv6/conf/cni0/accept_ra", 0))
    lab.wait(lambda: "LOWER_UP" in server.run("ip", "link", "show", "cni0"), "the bridge")
    return server


def _node(*settings):
    return functools.partial(_apply, node, settings)


def _two(*settings, **options):
    return functools.partial(_apply, functools.partial(two_networks, **options), settings)


def _apply(build, settings, lab):
    return build(lab, *settings)


def dotted(lab, live):
    """An interface whose name has a dot, which a file writes as a slash."""
    server = hardened(lab)[1]
    server.run("ip", "link", "set", "eth0", "down")
    server.run("ip", "link", "set", "eth0", "name", "e.th")
    server.run("ip", "link", "set", "e.th", "up")
    write(server, ("ipv4/conf/e.th/rp_filter", live))
    return server


def _scene(name, build, *expect, may=MAY_SYSCTL, options=HARDENING, **rest):
    return Scene(f"hardening.{name}", build, expect=expect, may=may, options=options, **rest)


def _expect(rule, subject="eth0", severity=None):
    return Expect(f"hardening.{rule}", subject=subject, severity=severity)


ALL4, OWN4, OWN6 = "ipv4/conf/all/", "ipv4/conf/eth0/", "ipv6/conf/eth0/"

SCENES = (
    _scene("redirects-accepted/interface-alone", _set((OWN4 + "accept_redirects", 1)),
           _expect("redirects-accepted", severity="warning")),
    _scene("redirects-accepted/all-alone", _set((ALL4 + "accept_redirects", 1)),
           _expect("redirects-accepted"), full_only=True),
    _scene("redirects-accepted/forwarding-went-off",
           _set(("ipv4/ip_forward", 1), (ALL4 + "accept_redirects", 0), ("ipv4/ip_forward", 0)),
           _expect("redirects-accepted")),
    _scene("redirects-accepted/ipv6-all-is-inert",
           _set(("ipv6/conf/all/accept_redirects", 0), (OWN6 + "accept_redirects", 1)),
           _expect("redirects-accepted")),
    _scene("redirects-accepted/twin-written-afterwards",
           _set(("ipv4/ip_forward", 1), ("ipv4/ip_forward", 0), (ALL4 + "accept_redirects", 0))),
    _scene("redirects-accepted/twin-forwards-and-needs-both",
           _set(("ipv4/ip_forward", 1), (OWN4 + "accept_redirects", 1), (OWN6 + "forwarding", 1),
                (OWN6 + "accept_redirects", 1)), may=FORWARDS),
    _scene("redirects-sent/forwards", _set(("ipv4/ip_forward", 1), (ALL4 + "send_redirects", 1)),
           _expect("redirects-sent", severity="notice"), may=FORWARDS),
    _scene("redirects-sent/twin-does-not-forward", _set((ALL4 + "send_redirects", 1))),
    _scene("source-route/both-on",
           _set((ALL4 + "accept_source_route", 1), (OWN4 + "accept_source_route", 1)),
           _expect("source-route", severity="warning")),
    _scene("source-route/twin-default-is-on",
           _set(("ipv4/conf/default/accept_source_route", 1), (OWN4 + "accept_source_route", 1))),
    _scene("rp-filter/off", _set((ALL4 + "rp_filter", 0), (OWN4 + "rp_filter", 0)),
           _expect("rp-filter", severity="warning")),
    _scene("rp-filter/loose-on-the-interface", _set((OWN4 + "rp_filter", 2)),
           _expect("rp-filter", severity="notice")),
    _scene("rp-filter/out-of-range", _set((OWN4 + "rp_filter", 7)),
           _expect("rp-filter", severity="warning")),
    _scene("rp-filter/twin-strict-by-all", _set((OWN4 + "rp_filter", 0))),
    _scene("rp-filter/twin-strict-by-itself", _set((ALL4 + "rp_filter", 0), (OWN4 + "rp_filter", 1)),
           full_only=True),
    _scene("rp-filter/twin-loose-on-a-node", _node((ALL4 + "rp_filter", 2))),
    _scene("martians/silent", _set((ALL4 + "log_martians", 0)), _expect("martians")),
    _scene("martians/twin-by-the-interface",
           _set((ALL4 + "log_martians", 0), (OWN4 + "log_martians", 1))),
    _scene("router-advertisements/all-is-inert",
           _advertised(("ipv6/conf/all/accept_ra", 0), ("ipv6/conf/all/autoconf", 0),
                       (OWN6 + "accept_ra", 1), believed=True),
           _expect("router-advertisements", severity="warning")),
    _scene("router-advertisements/a-router-that-asks-for-them",
           _advertised((OWN6 + "forwarding", 1), (OWN6 + "accept_ra", 2), believed=True),
           _expect("router-advertisements"), full_only=True),
    _scene("router-advertisements/twin-interface-off",
           _advertised(("ipv6/conf/all/accept_ra", 1), believed=False)),
    _scene("router-advertisements/twin-router",
           _advertised((OWN6 + "forwarding", 1), (OWN6 + "accept_ra", 1), believed=False)),
    _scene("router-advertisements/twin-ipv6-off",
           _set((OWN6 + "accept_ra", 1), (OWN6 + "accept_redirects", 1), (OWN6 + "disable_ipv6", 1))),
    _scene("forwarding/between-two-networks", _two(("ipv4/ip_forward", 1)),
           _expect("forwarding", "host", "warning")),
    _scene("forwarding/ipv6", _two(("ipv6/conf/all/forwarding", 1)),
           _expect("forwarding", "host"), full_only=True),
    _scene("forwarding/twin-router", _two(("ipv4/ip_forward", 1), traffic=True)),
    _scene("forwarding/twin-node", _node()),
    _scene("forwarding/twin-node-with-its-profile", _node(("ipv4/conf/all/rp_filter", 2)),
           options=NODE),
    _scene("forwarding/twin-off", _two()),
    _scene("secure-redirects/looser",
           _set((OWN4 + "secure_redirects", 0), (ALL4 + "secure_redirects", 0),
                (OWN4 + "shared_media", 0), (ALL4 + "shared_media", 0), (OWN4 + "accept_redirects", 1)),
           _expect("secure-redirects", severity="notice"),
           may=MAY_SYSCTL + ("hardening.redirects-accepted",)),
    _scene("secure-redirects/as-guides-ask",
           _set((OWN4 + "secure_redirects", 0), (ALL4 + "secure_redirects", 0)),
           _expect("secure-redirects", severity="info"), full_only=True),
    _scene("secure-redirects/twin-left-alone", _set((ALL4 + "secure_redirects", 0))),
    _scene("bogus-icmp/logged", _set(("ipv4/icmp_ignore_bogus_error_responses", 0)),
           _expect("bogus-icmp", "icmp_ignore")),
    _scene("bogus-icmp/twin-hardened", _set()),
    _scene("broadcast-echo/answered", _set(("ipv4/icmp_echo_ignore_broadcasts", 0)),
           _expect("broadcast-echo", "icmp_echo", "warning")),
    _scene("broadcast-echo/twin-hardened", _set(), full_only=True),
    _scene("rfc1337/off", _set(("ipv4/tcp_rfc1337", 0)), _expect("rfc1337", "tcp_rfc1337")),
    _scene("rfc1337/twin-hardened", _set(), full_only=True),
    _scene("bpf-jit/not-blinded", None,
           skip="net.core.bpf_jit_harden belongs to the whole machine; recorded hosts stand in"),
    Scene("sysctl.drift/of-one-interface", functools.partial(dotted, live=2),
          boot={FILE: "net.ipv4.conf.e/th.rp_filter = 1\n"}, may=MAY_SYSCTL,
          expect=(Expect("sysctl.drift", subject="net.ipv4.conf.e/th.rp_filter"),)),
    Scene("sysctl.drift/twin-of-one-interface", functools.partial(dotted, live=1),
          boot={FILE: "net.ipv4.conf.e/th.rp_filter = 1\nnet.ipv4.conf.eth9.rp_filter = 1\n"},
          may=MAY_SYSCTL + ("sysctl.needs-module", "sysctl.unknown")),
)
