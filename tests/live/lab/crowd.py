# SPDX-License-Identifier: GPL-2.0-or-later
"""Well-behaved crowds: pools at work, visitors who fetch, servers that answer."""
import selectors
import socket
import time

REQUEST = b"GET"


class _Answers:
    """What a server still owes its connections."""

    def __init__(self, selector, size):
        self.selector = selector
        self.body = b"\0" * size
        self.owed = {}

    def ready(self, sock, events):
        """Reads requests, writes what the socket takes; False once the peer has closed."""
        if events & selectors.EVENT_READ:
            data = sock.recv(4096)
            if not data:
                return False
            self.owed[sock] = self.owed.get(sock, 0) + len(self.body) * data.count(REQUEST)
        left = self.owed.get(sock, 0)
        while left:
            try:
                left -= sock.send(self.body[:left])
            except BlockingIOError:
                break
        self.owed[sock] = left
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if left else 0)
        self.selector.modify(sock, wanted, False)
        return True


def answer(channel, ports, size, backlog=4096):
    """Answers each request on any connection with size bytes; closes after the client."""
    selector = selectors.EpollSelector()
    answers = _Answers(selector, size)
    for port in ports:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("0.0.0.0", port))
        sock.listen(backlog)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, True)
    channel.say("ready")
    while True:
        for key, events in selector.select():
            if key.data:
                connection, _ = key.fileobj.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ, False)
                continue
            try:
                alive = answers.ready(key.fileobj, events)
            except ConnectionError:
                alive = False
            if not alive:
                selector.unregister(key.fileobj)
                answers.owed.pop(key.fileobj, None)
                key.fileobj.close()


def _fetch(sock, size):
    sock.sendall(REQUEST)
    while size:
        size -= len(sock.recv(min(size, 65536)))


def pool(channel, targets, active, size, gap):
    """Connections that stay open; the first few fetch size bytes in turn, one every gap seconds."""
    socks = [socket.create_connection(target) for target in targets]
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _fetch(sock, size)
    channel.say("established")
    while True:
        for sock in socks[:active]:
            _fetch(sock, size)
            time.sleep(gap)


def visit(channel, target, size, gap):
    """A visitor every gap seconds: connects, fetches, closes."""
    channel.say("begun")
    while True:
        with socket.create_connection(target) as sock:
            _fetch(sock, size)
        time.sleep(gap)


def browse(channel, target, count, size, gap):
    """Visitors who keep their connections; all fetch at once, once every gap seconds."""
    selector = selectors.EpollSelector()
    socks = []
    for _ in range(count):
        sock = socket.create_connection(target)
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ)
        socks.append(sock)
    channel.say("established")
    while True:
        due = time.monotonic() + gap
        left = dict.fromkeys(socks, size)
        for sock in socks:
            sock.send(REQUEST)
        while left:
            for key, _ in selector.select():
                left[key.fileobj] -= len(key.fileobj.recv(65536))
                if left[key.fileobj] <= 0:
                    del left[key.fileobj]
        time.sleep(max(0.0, due - time.monotonic()))
