# SPDX-License-Identifier: GPL-2.0-or-later
"""A busy server in a network namespace of its own: what busy-server was recorded from."""
import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "live"))

from lab import kernel  # noqa: E402
from lab.net import Namespace  # noqa: E402

SERVER, SERVER_V6 = "192.0.2.10", "2001:db8:1::10"
CLIENTS = [f"198.51.100.{i}" for i in range(1, 9)] + [f"203.0.113.{i}" for i in range(1, 5)]
CLIENTS_V6 = [f"2001:db8:2::{i}" for i in range(1, 5)]
DATABASE, DEAD = "198.51.100.50", "203.0.113.200"
WEB, APPLICATION, LEAKY, POSTGRES = 443, 8080, 9000, 5432
BOOT = {"60-web.conf": "# What the web server's package brings.\nnet.core.somaxconn = 4096\n"
                       "net.ipv4.tcp_fin_timeout = 60\n"}


def _listen(netns, address, port, backlog):
    with netns:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.socket(family)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(backlog)
        return listener


def _connect(netns, address, port, source=None, wait=True):
    with netns:
        client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if source:
            client.bind((source, 0))
        client.setblocking(wait)
        client.connect_ex((address, port))
        client.setblocking(True)
        return client


class BusyServer:
    """Namespaces and sockets of the scene; loud: with faults that move while they are watched."""

    def __init__(self, loud=True):
        self.server, self.client = Namespace("server"), Namespace("client")
        self.kept = []
        self._wire()
        self._web()
        self._application(12 if loud else 0)
        self._leak()
        self._outgoing(loud)

    def _wire(self):
        server, client = self.server, self.client
        server.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns",
                   str(client.pid))
        for netns, addresses in ((server, [f"{SERVER}/24", f"{SERVER_V6}/64"]),
                                 (client, [f"{address}/32" for address in CLIENTS + [DATABASE]]
                                  + [f"{address}/128" for address in CLIENTS_V6])):
            netns.run("ip", "link", "set", "eth0", "addrgenmode", "none")
            netns.run("ip", "link", "set", "eth0", "up")
            for address in addresses:
                nodad = ["nodad"] if ":" in address else []
                netns.run("ip", "address", "add", address, "dev", "eth0", *nodad)
            netns.run("ip", "route", "add", "default", "dev", "eth0")
            netns.run("ip", "-6", "route", "add", "default", "dev", "eth0")

    def _web(self):
        listeners = [_listen(self.server, "0.0.0.0", WEB, 4096),
                     _listen(self.server, "::", WEB, 4096)]
        for i in range(24):
            v6 = i % 4 == 3
            source = (CLIENTS_V6 if v6 else CLIENTS)[i % (len(CLIENTS_V6) if v6 else len(CLIENTS))]
            client = _connect(self.client, SERVER_V6 if v6 else SERVER, WEB, source)
            accepted = listeners[v6].accept()[0]
            if i % 3 == 0:
                accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            accepted.recv(100)
            accepted.sendall(bytes(65536))
            self.kept += [client, accepted]
        self.kept += listeners

    def _application(self, too_many):
        """An accept queue of 4 that nobody empties: five fit, and the rest try again and again."""
        self.kept.append(_listen(self.server, SERVER, APPLICATION, 4))
        for i in range(5 + too_many):
            self.kept.append(_connect(self.client, SERVER, APPLICATION, CLIENTS[i % 4], wait=i < 5))

    def _leak(self):
        """Twelve clients have gone; the server never closes."""
        listener = _listen(self.server, SERVER, LEAKY, 64)
        for i in range(12):
            client = _connect(self.client, SERVER, LEAKY, CLIENTS[8 + i % 4])
            accepted = listener.accept()[0]
            client.sendall(b"unread" if i < 3 else b"x")
            if i >= 3:
                accepted.recv(10)
            client.close()
            self.kept.append(accepted)
        self.kept.append(listener)

    def _outgoing(self, loud):
        """A pool at rest, thirty that it closed, and three attempts at a host that is gone."""
        database = _listen(self.client, DATABASE, POSTGRES, 64)
        self.kept.append(database)
        for i in range(40):
            client = _connect(self.server, DATABASE, POSTGRES, SERVER)
            accepted = database.accept()[0]
            if i < 30:
                client.close()
                accepted.close()
            else:
                self.kept += [client, accepted]
        if not loud:
            return
        nobody = "02:00:00:00:00:99"
        self.server.run("ip", "neigh", "add", DEAD, "lladdr", nobody, "dev", "eth0", "nud",
                        "permanent")
        for _ in range(3):
            self.kept.append(_connect(self.server, DEAD, 8443, SERVER, wait=False))

    def stand(self, seconds=5):
        """Waits until unanswered SYNs have been sent often enough to count as stuck."""
        time.sleep(seconds)

    def run(self, *argv, uid=0, **options):
        """Runs a command as if this namespace were a host of its own."""
        def enter():
            kernel.enter_view(self.server.fd, BOOT)
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
        return subprocess.run(argv, preexec_fn=enter, check=False, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=30, **options)

    def end(self):
        """Closes everything; what nobody answers any more would keep the namespaces for minutes."""
        for kept in self.kept:
            kept.close()
        for netns in (self.client, self.server):
            netns.attempt("ss", "-K", "-ta")
        for netns in (self.client, self.server):
            os.close(netns.fd)
            os.kill(netns.pid, signal.SIGKILL)
            os.waitpid(netns.pid, 0)
