# SPDX-License-Identifier: GPL-2.0-or-later
"""Namespaces without names, links between them, and processes inside them."""
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback

from . import cgroup, kernel

A = "10.77.0.1"
B = "10.77.0.2"


class SceneError(Exception):
    """The condition that a scene is about did not come about."""


class Namespace:
    """A network namespace that lives as long as its holder process."""

    _home = None

    def __init__(self, name):
        if Namespace._home is None:
            Namespace._home = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.name = name
        self.peers = []
        self.pid = self._hold()
        self.fd = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        self.run("ip", "link", "set", "lo", "up")

    @staticmethod
    def _hold():
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                kernel.die_with_parent()
                kernel.unshare(kernel.CLONE_NEWNET)
                os.write(writer, b"+")
                while True:
                    signal.pause()
            finally:
                os._exit(1)
        os.close(writer)
        answer = os.read(reader, 1)
        os.close(reader)
        if not answer:
            raise SceneError("no network namespace")
        return pid

    def __enter__(self):
        kernel.setns(self.fd)
        return self

    def __exit__(self, *_):
        kernel.setns(Namespace._home)

    def run(self, *argv):
        """Runs a command inside; returns its output."""
        with self:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  universal_newlines=True, check=False, timeout=10)
        if done.returncode != 0:
            raise SceneError(f"{' '.join(argv)}: {done.stdout.strip()}")
        return done.stdout

    def attempt(self, *argv):
        """Runs a command inside; says whether it succeeded."""
        try:
            self.run(*argv)
        except SceneError:
            return False
        return True

    def read(self, path):
        """Reads a file of procfs as this namespace shows it."""
        with self, open(path, encoding="utf-8") as file:
            return file.read()

    def end_peers(self):
        """Kills the peers and waits until their sockets are closed."""
        for peer in self.peers:
            os.kill(peer.pid, signal.SIGKILL)
            os.waitpid(peer.pid, 0)
        self.peers.clear()

    def sysctl(self, **values):
        """Sets net.ipv4 keys of this namespace only."""
        for key, value in values.items():
            with self, open(f"/proc/sys/net/ipv4/{key}", "w", encoding="utf-8") as file:
                file.write(str(value))


class Peer:
    """A process inside a namespace that plays one side of a scene."""

    def __init__(self, netns, role, *args, **kwargs):
        self.name = role.__name__
        ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            self._play(netns, role, Channel(theirs), args, kwargs)
        theirs.close()
        self.channel = Channel(ours)
        netns.peers.append(self)  # a peer ends when its channel is collected

    @staticmethod
    def _play(netns, role, channel, args, kwargs):
        code = 1
        try:
            kernel.die_with_parent()
            os.nice(-15)  # a peer kept waiting by other work would be a fault of its own
            kernel.setns(netns.fd)
            role(channel, *args, **kwargs)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def expect(self, word, timeout=6.0):
        """Waits until the peer says word."""
        heard = self.channel.hear(timeout)
        if heard != word:
            raise SceneError(f"{self.name} said {heard!r} where {word!r} was due")
        return self

    def tell(self, word):
        """Gives the peer an order."""
        self.channel.say(word)


class Channel:
    """Words between a scene and its peers; one packet of the socket pair is one word or more."""

    def __init__(self, sock):
        self.sock = sock
        self.words = []

    def fileno(self):
        """For selectors."""
        return self.sock.fileno()

    def say(self, word):
        """Sends one word."""
        self.sock.sendall(word.encode() + b"\n")

    def hear(self, timeout=None):
        """The next word; None when the other side fell silent or is gone."""
        if not self.words:
            ready, _, _ = select.select([self.sock], [], [], timeout)
            if ready:
                self.words = self.sock.recv(4096).decode().split()
        return self.words.pop(0) if self.words else None


class Lab:
    """What one scene has built; everything ends with the scene's process group."""

    def __init__(self, delaybox):
        self.delaybox = delaybox
        self.boxes = []
        self.namespaces = []
        self.proofs = []
        self.groups = []
        self.files = {}  # of the host that the audit sees, beside sysctl.d
        self.options = []  # of the audit
        self.leftovers = []  # files to be removed

    def namespace(self, name):
        """A new network namespace with only a loopback interface that is up."""
        self.namespaces.append(Namespace(name))
        return self.namespaces[-1]

    def pair(self, names=("client", "server")):
        """Two namespaces joined by a veth pair named eth0 on both sides: A and B."""
        a, b = (self.namespace(name) for name in names)
        a.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
              "netns", str(b.pid))
        self._address(a, b, "eth0")
        return a, b

    def box(self, names=("sender", "receiver"), **options):
        """Two namespaces joined by a delay box, wan0 on both sides: A and B."""
        a, b = (self.namespace(name) for name in names)
        argv = [self.delaybox, f"--a={a.pid},wan0", f"--b={b.pid},wan0", "--rr=5"]
        argv += [f"--{key}={value}" for key, value in options.items()]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE,
                                   preexec_fn=kernel.die_with_parent)
        line = process.stdout.readline()
        if line != b"ready\n":
            raise SceneError(f"delaybox did not start: {line!r}")
        self.boxes.append(process)
        self._address(a, b, "wan0")
        for netns in (a, b):
            netns.run("ip", "link", "set", "wan0", "txqueuelen", "10000")
            if not netns.attempt("tc", "qdisc", "replace", "dev", "wan0", "root", "fq_codel"):
                netns.run("tc", "qdisc", "replace", "dev", "wan0", "root", "noqueue")
        return a, b

    def box_stats(self):
        """The counters of the first delay box: A to B, B to A."""
        self.boxes[0].send_signal(signal.SIGUSR1)
        return [json.loads(self.boxes[0].stdout.readline()) for _ in range(2)]

    @staticmethod
    def _address(a, b, device):
        for netns, address in ((a, A), (b, B)):
            netns.run("ip", "link", "set", device, "addrgenmode", "none")
            netns.run("ip", "address", "add", f"{address}/24", "dev", device)
            netns.run("ip", "link", "set", device, "up")

    def cgroup(self, tcp_limit=None):
        """A new control group, with a limit on the TCP memory of its processes."""
        self.groups.append(cgroup.Group(len(self.groups), tcp_limit))
        return self.groups[-1]

    @staticmethod
    def wait(condition, what, timeout=6.0, step=0.05):
        """Waits for a condition, which is a proof that the scene stands."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise SceneError(f"never came about: {what}")
            time.sleep(step)

    def still(self, condition, what):
        """What must also hold once the audit is over."""
        self.proofs.append((condition, what))

    def end(self):
        """
        Closes every socket now. Orphans that nobody acknowledges any more would each keep their
        namespace for minutes, and count among the orphans of the whole machine.
        """
        for netns in self.namespaces:
            netns.end_peers()
        for netns in self.namespaces:
            netns.attempt("ss", "-K", "-ta")
        for group in self.groups:
            group.end()
        for path in self.leftovers:
            os.unlink(path)

    def prove(self):
        """Checks what the audit must have seen until its end."""
        for condition, what in self.proofs:
            if not condition():
                raise SceneError(f"no longer so after the audit: {what}")
