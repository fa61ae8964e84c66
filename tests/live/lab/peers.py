# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts that processes play in a scene: servers, clients, bulk transfers."""
import errno
import os
import random
import selectors
import socket
import struct
import time

CHUNK = 256 * 1024


def listener(port, backlog, reuseport=False, address="0.0.0.0"):
    """A listening socket, on every address where none is given."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((address, port))
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


class Server:
    """Accepts, and treats each connection by its manners."""

    def __init__(self, channel, ports, backlog, manners, reuseport=False):
        self.channel = channel
        self.manners = manners
        self.selector = selectors.EpollSelector()
        self.listeners = [listener(port, backlog, reuseport) for port in ports]
        self.connections = []
        self.closing = []

    def accept_from_now_on(self):
        """Until then connections stay in the accept queue."""
        for sock in self.listeners:
            self.selector.register(sock, selectors.EVENT_READ, self._accept)

    def _accept(self, listening):
        for _ in range(256):
            try:
                sock, _ = listening.accept()
            except BlockingIOError:
                return
            if self.manners == "goodbye":
                sock.close()
                continue
            sock.setblocking(False)
            self.connections.append(sock)
            if self.manners not in ("hold", "pump"):
                self.selector.register(sock, selectors.EVENT_READ, self._read)

    def _read(self, sock):
        data = sock.recv(CHUNK)
        if data and self.manners == "echo":
            sock.sendall(data)
        if data:
            return
        self.selector.unregister(sock)
        if self.manners == "leak":
            return
        self.connections.remove(sock)
        if self.manners == "late":
            self.closing.append((time.monotonic() + 0.7, sock))
        else:
            sock.close()

    def _tick(self):
        if self.manners == "pump":
            for sock in self.connections:
                sock.send(b"x" * 512)
        while self.closing and self.closing[0][0] < time.monotonic():
            self.closing.pop(0)[1].close()

    def _obey(self, order):
        if order == "accept":
            self.accept_from_now_on()
        elif order == "close":
            for sock in self.connections:
                sock.close()
            self.connections.clear()
            self.channel.say("done")
        return order in ("accept", "close")

    def run(self):
        """Serves until the scene ends."""
        next_tick = time.monotonic()
        self.selector.register(self.channel, selectors.EVENT_READ, None)
        self.channel.say("ready")
        while True:
            for key, _ in self.selector.select(0.1):
                if key.data:
                    key.data(key.fileobj)
                elif not self._obey(self.channel.hear(0)):
                    return
            if time.monotonic() >= next_tick:
                next_tick = time.monotonic() + 0.1
                self._tick()


def serve(channel, ports, backlog=4096, manners="close", accept=True, reuseport=False):
    """
    Manners: close (reads, closes at end of file), late (closes 0.7 s after it), leak (reads, never
    closes), hold (never reads), pump (never reads, sends for ever), echo, goodbye (closes first).
    """
    server = Server(channel, ports, backlog, manners, reuseport)
    if accept:
        server.accept_from_now_on()
    server.run()


def begin(target, source=None):
    """A connection that is being opened; it does not block."""
    sock = socket.socket()
    sock.setblocking(False)
    if source:
        sock.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        sock.bind((source, 0))
    code = sock.connect_ex(target)
    if code not in (0, errno.EINPROGRESS):
        raise OSError(code, f"connect to {target}")
    return sock


def established(socks):
    """Waits until all of them are open."""
    selector = selectors.EpollSelector()
    for sock in socks:
        selector.register(sock, selectors.EVENT_WRITE)
    while selector.get_map():
        for key, _ in selector.select():
            code = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, "connect")
            selector.unregister(key.fileobj)


def connect(channel, targets, sources=(None,), payload=b""):
    """One connection for each target, all at once; then obeys close and half-close."""
    socks = [begin(target, sources[i % len(sources)]) for i, target in enumerate(targets)]
    channel.say("begun")
    established(socks)
    for sock in socks:
        sock.sendall(payload)
    channel.say("established")
    while True:
        order = channel.hear()
        if order == "close":
            for sock in socks:
                sock.close()
        elif order == "half-close":
            for sock in socks:
                sock.shutdown(socket.SHUT_WR)
        else:
            return
        channel.say("done")


def trickle(channel, target, gap, lifetime=None):
    """A new connection every gap seconds, each kept for its lifetime."""
    socks = []
    channel.say("begun")
    while True:
        socks.append((time.monotonic(), begin(target)))
        while lifetime and socks[0][0] + lifetime < time.monotonic():
            socks.pop(0)[1].close()
        time.sleep(gap)


def churn(channel, target, count, close_first):
    """Short connections one after the other; who closes first holds the TIME_WAIT."""
    for _ in range(count):
        with socket.create_connection(target) as sock:
            if close_first:
                continue
            if sock.recv(1):
                raise OSError("the server was to close first")
    channel.say("done")
    channel.hear()


def pour(channel, port):
    """Waits for one connection and sends for ever."""
    sock = listener(port, 8)
    sock.setblocking(True)
    channel.say("ready")
    connection, _ = sock.accept()
    data = b"\0" * CHUNK
    while True:
        connection.sendall(data)


def drink(channel, target, half_close=False):
    """Connects and reads for ever; half-closed like `nc -N` and many file transfers."""
    buffer = bytearray(4 * CHUNK)
    with socket.create_connection(target) as sock:
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        channel.say("established")
        while sock.recv_into(buffer):
            pass


def chat(channel, target, gap):
    """Small requests with an echo, one every gap seconds: an interactive user."""
    with socket.create_connection(target) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel.say("established")
        while True:
            sock.sendall(b"hello")
            sock.recv(16)
            time.sleep(gap)


def answer_and_close(channel, port, size):
    """Sends each client an answer of some size, and closes at once."""
    sock = listener(port, 4096)
    sock.setblocking(True)
    channel.say("ready")
    while True:
        connection, _ = sock.accept()
        connection.sendall(b"\0" * size)
        connection.close()


def gatekeeper(channel, port, backlog, gap, defer=0):
    """Accepts one client every gap seconds; with defer only those who send within so long."""
    sock = listener(port, backlog)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, defer)
    kept = []
    channel.say("ready")
    while True:
        try:
            kept.append(sock.accept()[0])
        except BlockingIOError:
            pass
        time.sleep(gap)


def deaf(channel, target, count):
    """Connections with the smallest receive buffer, from which nothing is ever read."""
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(target)
        socks.append(sock)
    channel.say("established")
    channel.hear()


def keepers(channel, target, count, idle):
    """Connections that ask after a silent peer only after idle seconds."""
    socks = []
    for _ in range(count):
        sock = socket.create_connection(target)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, idle)
        socks.append(sock)
    channel.say("established")
    channel.hear()


def storm(channel, target, step, limit=6000):
    """Clients that come back: each round of 50 ms brings some more than the one before."""
    socks = []
    channel.say("begun")
    wave = step
    while len(socks) < limit:
        socks += [begin(target) for _ in range(int(wave))]
        wave += step
        time.sleep(0.05)
    channel.hear()


def _checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def _syn(source, target, port, draw):
    tcp = struct.pack("!HHIIBBHHHBBH", draw.randrange(1024, 65536), port, draw.getrandbits(32), 0,
                      6 << 4, 2, 64240, 0, 0, 2, 4, 1460)
    pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", _checksum(pseudo + tcp)) + tcp[18:]
    # The kernel fills in length, identification and checksum (raw(7)).
    header = struct.pack("!BBHHHBBH", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0)
    return header + source + target + tcp


def flood(channel, target, gap, network="10.78.0.0"):
    """SYNs from addresses of a /16 that nobody has, for ever: the answers reach no one."""
    draw = random.Random(os.getpid())
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    address, port = socket.inet_aton(target[0]), target[1]
    prefix = socket.inet_aton(network)[:2]
    channel.say("begun")
    while True:
        source = prefix + struct.pack("!H", draw.randrange(1, 65535))
        sock.sendto(_syn(source, address, port, draw), (target[0], 0))
        time.sleep(gap)


def answer(channel, port, size, think=0.0):
    """Answers each request of that size with one byte, once all of it is there."""
    sock = listener(port, 8)
    sock.setblocking(True)
    channel.say("ready")
    connection, _ = sock.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    waiting = 0
    while True:
        data = connection.recv(CHUNK)
        if not data:
            return
        waiting += len(data)
        while waiting >= size:
            waiting -= size
            time.sleep(think)
            connection.sendall(b"+")


def ask(channel, target, parts, option=None, gap=0.0):
    """Requests in several writes, one after the other: each waits for the answer to the last."""
    with socket.create_connection(target) as sock:
        if option:
            sock.setsockopt(socket.IPPROTO_TCP, option, 1)
        channel.say("established")
        while True:
            for size in parts:
                sock.sendall(b"x" * size)
            if option == socket.TCP_CORK:
                sock.setsockopt(socket.IPPROTO_TCP, option, 0)
                sock.setsockopt(socket.IPPROTO_TCP, option, 1)
            if not sock.recv(16):
                return
            time.sleep(gap)


def _pinned(option, size):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if size:
        sock.setsockopt(socket.SOL_SOCKET, option, size)
    return sock


def pour_from(channel, port, sndbuf=None):
    """As pour; the buffer is half of what the kernel will call it."""
    listening = _pinned(socket.SO_SNDBUF, sndbuf)
    listening.bind(("0.0.0.0", port))
    listening.listen(8)
    channel.say("ready")
    connection, _ = listening.accept()
    data = b"\0" * CHUNK
    while True:
        connection.sendall(data)


def sip(channel, target, rcvbuf=None, rate=None, nap=0.1):
    """Connects and reads for ever: as fast as it comes, at a rate in bytes/s, or (0) nothing."""
    sock = _pinned(socket.SO_RCVBUF, rcvbuf)
    sock.connect(target)
    channel.say("established")
    if rate == 0:
        channel.hear()
    buffer = bytearray(4 * CHUNK if rate is None else int(rate * nap))
    while sock.recv_into(buffer):
        if rate:
            time.sleep(nap)


def gulp(channel, target, nap, rcvbuf):
    """Reads everything there is, then sleeps: the queue is full at times, and nothing waits long."""
    buffer = bytearray(4 * CHUNK)
    sock = _pinned(socket.SO_RCVBUF, rcvbuf)
    sock.connect(target)
    channel.say("established")
    while True:
        until = time.monotonic() + nap
        while time.monotonic() < until:
            if not sock.recv_into(buffer):
                return
        time.sleep(nap)
