# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic of services: bulk on many connections, bursts, answers, messages, slow readers."""
import selectors
import socket
import threading
import time

from .peers import CHUNK, begin, established, listener

ZEROS = b"\0" * CHUNK


def _open(target, count):
    """So many connections, opened all at once, that do not block."""
    socks = [begin(target) for _ in range(count)]
    established(socks)
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return socks


def _accept(sock, count):
    sock.setblocking(True)
    return [sock.accept()[0] for _ in range(count)]


def pour_many(channel, port, count=1, sndbuf=None):
    """Waits for connections, then sends on all of them for ever, and drops what it hears."""
    sock = listener(port, 4096)
    if sndbuf:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    channel.say("ready")
    selector = selectors.EpollSelector()
    for connection in _accept(sock, count):
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_WRITE | selectors.EVENT_READ)
    while True:
        for key, events in selector.select():
            if events & selectors.EVENT_READ:
                key.fileobj.recv(CHUNK)
            if events & selectors.EVENT_WRITE:
                try:
                    key.fileobj.send(ZEROS)
                except BlockingIOError:
                    pass


def drink_many(channel, target, count, talk=None):
    """Connects and reads for ever; says a little every talk seconds."""
    selector = selectors.EpollSelector()
    socks = _open(target, count)
    for sock in socks:
        selector.register(sock, selectors.EVENT_READ)
    channel.say("established")
    buffer, due = bytearray(CHUNK), time.monotonic()
    while True:
        for key, _ in selector.select(talk):
            key.fileobj.recv_into(buffer)
        if talk and time.monotonic() >= due:
            due = time.monotonic() + talk
            for sock in socks:
                sock.send(b"more, and soon")


def sip(channel, target, size, gap):
    """Connects and reads size bytes every gap seconds: slower than the sender could."""
    with socket.create_connection(target) as sock:
        channel.say("established")
        while sock.recv(size):
            time.sleep(gap)


def _burst(connection, data, gap, delay):
    time.sleep(delay)
    while True:
        connection.sendall(data)
        time.sleep(gap)


def bursts(channel, port, count, size, gap):
    """Waits for connections; each sends size bytes, then nothing for gap seconds, for ever."""
    sock = listener(port, 4096)
    channel.say("ready")
    data = b"\0" * size
    for i, connection in enumerate(_accept(sock, count)):
        delay = i * gap / count
        threading.Thread(target=_burst, args=(connection, data, gap, delay), daemon=True).start()
    channel.hear()


def answer(channel, port, count):
    """Answers each message on its connections with what was heard."""
    sock = listener(port, 4096)
    channel.say("ready")
    selector = selectors.EpollSelector()
    for connection in _accept(sock, count):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            key.fileobj.sendall(key.fileobj.recv(CHUNK))


def converse(channel, target, count, size, gap):
    """Messages on each of its connections, one every gap seconds, whether answered or not."""
    selector = selectors.EpollSelector()
    socks = _open(target, count)
    for sock in socks:
        selector.register(sock, selectors.EVENT_READ)
    channel.say("established")
    message, next_at, due = b"m" * size, 0, time.monotonic()
    while True:
        for key, _ in selector.select(max(0, due - time.monotonic())):
            key.fileobj.recv(CHUNK)
        while time.monotonic() >= due:
            due += gap / count
            socks[next_at].send(message)
            next_at = (next_at + 1) % count


def ask(channel, target, count, gap):
    """A request on each of its connections every gap seconds; reads what comes."""
    selector = selectors.EpollSelector()
    socks = _open(target, count)
    for sock in socks:
        selector.register(sock, selectors.EVENT_READ)
    channel.say("established")
    next_at, due = 0, time.monotonic()
    while True:
        for key, _ in selector.select(max(0, due - time.monotonic())):
            key.fileobj.recv(CHUNK)
        while time.monotonic() >= due:
            due += gap / count
            socks[next_at].send(b"GET")
            next_at = (next_at + 1) % count


def objects(channel, port, count, size):
    """Answers each request on its connections with an object."""
    sock = listener(port, 4096)
    channel.say("ready")
    selector = selectors.EpollSelector()
    for connection in _accept(sock, count):
        selector.register(connection, selectors.EVENT_READ)
    data = b"\0" * size
    while True:
        for key, _ in selector.select():
            if key.fileobj.recv(CHUNK):
                key.fileobj.sendall(data)
