# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests and answers: servers that take their time, clients that open for each one or keep a pool."""
import errno
import selectors
import socket
import time

from .peers import listener

REQUEST = 100
CHUNK = 256 * 1024


class Loop:
    """Sockets with something to do when they are ready, and things to do at their time."""

    def __init__(self):
        self.selector = selectors.EpollSelector()
        self.later = []

    def watch(self, sock, event, act):
        """From now on, and instead of what was watched before."""
        key = self.selector.get_map().get(sock.fileno())
        if key is None:
            self.selector.register(sock, event, act)
        else:
            self.selector.modify(sock, event, act)

    def close(self, sock):
        """Forgets and closes; what is closed already stays so."""
        if sock.fileno() < 0:
            return
        if sock.fileno() in self.selector.get_map():
            self.selector.unregister(sock)
        sock.close()

    def run(self, due=None, gap=0.0):
        """For ever: what is ready, what is later, and due() every gap seconds."""
        following = time.monotonic()
        while True:
            for key, _ in self.selector.select(0.002):
                key.data(key.fileobj)
            now = time.monotonic()
            while self.later and self.later[0][0] <= now:
                self.later.pop(0)[1]()
            while due and following <= now:
                following += gap
                due()


def answer(channel, ports, think=0.03, size=200, hang_up=False, addresses=("0.0.0.0",)):
    """Each request is answered after a while with some bytes; with hang_up the server then closes first."""
    loop = Loop()

    def send(sock, left):
        try:
            left -= sock.send(b"x" * min(left, CHUNK))
        except BlockingIOError:
            pass
        except OSError:
            return loop.close(sock)
        if left:
            return loop.watch(sock, selectors.EVENT_WRITE, lambda sock: send(sock, left))
        if hang_up:
            return loop.close(sock)
        return loop.watch(sock, selectors.EVENT_READ, read)

    def read(sock):
        try:
            data = sock.recv(CHUNK)
        except OSError:
            data = b""
        if not data:
            return loop.close(sock)
        return loop.later.append((time.monotonic() + think, lambda: send(sock, size)))

    def accept(listening):
        for _ in range(64):
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            sock.setblocking(False)
            loop.watch(sock, selectors.EVENT_READ, read)

    for port in ports:
        for address in addresses:
            loop.watch(listener(port, 4096, address=address), selectors.EVENT_READ, accept)
    channel.say("ready")
    loop.run()


def visit(channel, targets, rate, size=200, hang_up=True):
    """A connection for each request, so many each second; with hang_up the client closes first."""
    loop, started = Loop(), [0]

    def read(sock, got):
        try:
            data = sock.recv(CHUNK)
        except OSError:
            data = b""
        if not data or (hang_up and got + len(data) >= size):
            return loop.close(sock)
        return loop.watch(sock, selectors.EVENT_READ, lambda sock: read(sock, got + len(data)))

    def connected(sock):
        try:
            sock.send(b"x" * REQUEST)
        except OSError:
            return loop.close(sock)
        return loop.watch(sock, selectors.EVENT_READ, lambda sock: read(sock, 0))

    def begin():
        sock = socket.socket()
        sock.setblocking(False)
        target = targets[started[0] % len(targets)]
        started[0] += 1
        if sock.connect_ex(target) in (0, errno.EINPROGRESS):
            loop.watch(sock, selectors.EVENT_WRITE, connected)
        else:
            sock.close()

    channel.say("begun")
    loop.run(begin, 1 / rate)


def pool(channel, counts, rate, used=None):
    """
    Connections that are kept: counts maps targets to numbers. Requests go to the next in turn, or
    only to the first so many of them.
    """
    socks = []
    for target, count in counts:
        for _ in range(count):
            sock = socket.create_connection(target)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            socks.append(sock)
    channel.say("established")
    turn = 0
    while rate:
        sock = socks[turn % (used or len(socks))]
        turn += 1
        sock.sendall(b"x" * REQUEST)
        sock.recv(CHUNK)
        time.sleep(1 / rate)
    channel.hear()


def bind_first(channel, target, source, count):
    """Connections whose port bind() chose, as proxies with a source address open them."""
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.bind((source, 0))
        sock.connect(target)
        socks.append(sock)
    channel.say("established")
    channel.hear()


def fetch(channel, target, size, gap):
    """Large answers on a connection that is kept, one every gap seconds."""
    with socket.create_connection(target) as sock:
        channel.say("established")
        while True:
            sock.sendall(b"x" * REQUEST)
            got = 0
            while got < size:
                got += len(sock.recv(CHUNK))
            time.sleep(gap)
