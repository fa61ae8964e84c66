# SPDX-License-Identifier: GPL-2.0-or-later
"""What gets through: iperf3 streams, bursts after a pause, the age of data; and work meanwhile."""
import json
import selectors
import socket
import statistics
import struct
import subprocess
import time

from lab import kernel, peers
from lab.net import A, B, Peer, SceneError
from lab.peers import CHUNK, listener

IPERF_PORT, WORK_PORT, BURST_PORT, AGE_PORT = 5201, 5301, 5401, 5501
STREAM, STREAM_LAST = 15, 8
BURST, BURST_PAUSE, BURST_WARM, BURSTS = 1000000, 5.0, 40000000, 2
AGE_SECONDS, AGE_WARM, MESSAGE = 12.0, 4.0, 4096
WORK_COUNT, WORK_PAUSE, WORK_WARM, WORK_SECONDS, WORK_LIFE = 1000, 1.2, 4000000, 3600, 12.0


def _iperf3(netns, *words):
    return subprocess.Popen(["iperf3", *words, "-J"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            preexec_fn=lambda: (kernel.die_with_parent(), kernel.setns(netns.fd)))


def stream(path, control=None):
    """One iperf3 stream from the sender to the receiver: Mbit/s of its last seconds, retransmits."""
    server = _iperf3(path.receiver.netns, "-s", "-1", "-p", str(IPERF_PORT))
    path.lab.wait(lambda: f":{IPERF_PORT:04X} " in path.receiver.netns.read("/proc/net/tcp6")
                  + path.receiver.netns.read("/proc/net/tcp"), "an iperf3 server")
    words = ["-C", control] if control else []
    client = _iperf3(path.sender.netns, "-c", B, "-p", str(IPERF_PORT), "-t", str(STREAM), *words)
    sent, got = (json.loads(process.communicate(timeout=STREAM + 10)[0]) for process in (client, server))
    if "error" in sent or "error" in got:
        raise SceneError(f"iperf3: {sent.get('error')} {got.get('error')}")
    # What arrived, by the receiver's clock: a sender also counts what waits in its buffer.
    last = [interval["sum"] for interval in got["intervals"]
            if interval["sum"]["end"] <= STREAM + 0.5][-STREAM_LAST:]
    seconds = sum(interval["seconds"] for interval in last)
    return {"goodput": sum(interval["bytes"] for interval in last) * 8e-6 / seconds,
            "retransmits": sent["end"]["sum_sent"]["retransmits"]}


def bulk(path):
    """One transfer that goes on for ever."""
    Peer(path.sender.netns, peers.pour, WORK_PORT).expect("ready")
    Peer(path.receiver.netns, peers.drink, (A, WORK_PORT)).expect("established")


def pauses(path):
    """Bursts with pauses, for ever."""
    Bursts(path, WORK_COUNT, WORK_PAUSE, WORK_WARM)


def backlog(path):
    """A writer that always has more to write, for ever."""
    Aged(path, seconds=WORK_SECONDS)


class Work:
    """What the hosts do all day, on one connection after the other."""

    def __init__(self, path, start):
        self.path, self.start = path, start
        self.renew()

    def renew(self):
        """The next connection."""
        self.end()
        self.start(self.path)
        self.opened = time.monotonic()

    def renew_when_old(self):
        """The next one, where this one has lasted as long as they do here."""
        if time.monotonic() - self.opened > WORK_LIFE:
            self.renew()

    def end(self):
        """No more."""
        for netns in self.path.lab.namespaces:
            netns.end_peers()


def answer_with_burst(channel, port):
    """Each request names how many bytes to answer with."""
    sock = listener(port, 8)
    sock.setblocking(True)
    channel.say("ready")
    connection, _ = sock.accept()
    while True:
        request = connection.recv(8, socket.MSG_WAITALL)
        if len(request) < 8:
            return
        connection.sendall(b"\0" * struct.unpack("!Q", request)[0])


def ask_for_bursts(channel, target, count, pause, warm):
    """Says how many microseconds each burst took from the question to its last byte."""
    buffer = bytearray(4 * CHUNK)
    with socket.create_connection(target) as sock:
        def fetch(size):
            start = time.monotonic()
            sock.sendall(struct.pack("!Q", size))
            while size > 0:
                size -= sock.recv_into(buffer)
            return time.monotonic() - start

        fetch(warm)
        for _ in range(count):
            time.sleep(pause)
            channel.say(str(int(fetch(BURST) * 1e6)))


class Bursts:
    """One connection with pauses between its bursts; the first times come after the pauses."""

    def __init__(self, path, count=BURSTS, pause=BURST_PAUSE, warm=BURST_WARM):
        self.count = count
        Peer(path.sender.netns, answer_with_burst, BURST_PORT).expect("ready")
        self.reader = Peer(path.receiver.netns, ask_for_bursts, (A, BURST_PORT), count, pause, warm)

    def milliseconds(self):
        """The median of them."""
        words = [self.reader.channel.hear(BURST_PAUSE + 15) for _ in range(self.count)]
        if None in words:
            raise SceneError("a burst did not end")
        return statistics.median(int(word) for word in words) / 1e3


def write_stamped(channel, port):
    """Messages that begin with the time of their writing, as many as the socket takes."""
    sock = listener(port, 8)
    sock.setblocking(True)
    channel.say("ready")
    connection, _ = sock.accept()
    connection.setblocking(False)
    selector = selectors.EpollSelector()
    selector.register(connection, selectors.EVENT_WRITE)
    rest = b""
    while True:
        selector.select()
        rest = rest or struct.pack("!d", time.monotonic()).ljust(MESSAGE, b"\0")
        try:
            rest = rest[connection.send(rest):]
        except BlockingIOError:
            pass
        except OSError:
            return


def read_stamped(channel, target, seconds):
    """Says the median age of what it read, in microseconds, and how many bytes came each second."""
    ages, begun, counted = [], time.monotonic(), 0
    with socket.create_connection(target) as sock:
        while time.monotonic() < begun + seconds:
            message = sock.recv(MESSAGE, socket.MSG_WAITALL)
            if len(message) < MESSAGE:
                return
            now = time.monotonic()
            if now >= begun + AGE_WARM:
                ages.append(now - struct.unpack_from("!d", message)[0])
                counted += MESSAGE
    rate = counted / (seconds - AGE_WARM)
    channel.say(f"{int(statistics.median(ages) * 1e6)} {int(rate)}")


class Aged:
    """A writer that always has more to write."""

    def __init__(self, path, seconds=AGE_SECONDS):
        self.seconds = seconds
        Peer(path.sender.netns, write_stamped, AGE_PORT).expect("ready")
        self.reader = Peer(path.receiver.netns, read_stamped, (A, AGE_PORT), seconds)

    def result(self):
        """Milliseconds from write to read, and Mbit/s."""
        words = [self.reader.channel.hear(self.seconds + 10) for _ in range(2)]
        if None in words:
            raise SceneError("no stamped messages")
        return {"age": int(words[0]) / 1e3, "goodput": int(words[1]) * 8e-6}
