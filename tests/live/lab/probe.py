# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel itself says about a namespace: the proof that a scene stands."""
import re
import time

ESTABLISHED, SYN_SENT, SYN_RECV = 1, 2, 3
FIN_WAIT1, FIN_WAIT2 = 4, 5
TIME_WAIT, CLOSE_WAIT, LAST_ACK, LISTEN = 6, 8, 9, 10


def sockets(netns, state, port=None):
    """Rows of /proc/net/tcp in a state as (local port, remote port, send queue, receive queue)."""
    rows = []
    for line in netns.read("/proc/net/tcp").splitlines()[1:]:
        field = line.split()
        if int(field[3], 16) != state:
            continue
        local, remote = (int(field[i].split(":")[1], 16) for i in (1, 2))
        send, receive = (int(text, 16) for text in field[4].split(":"))
        if port in (None, local, remote):
            rows.append((local, remote, send, receive))
    return rows


def count(netns, state, port=None):
    """How many sockets are in a state."""
    return len(sockets(netns, state, port))


def queues(netns, port):
    """The accept queues of the listeners on a port, each worker apart."""
    return sorted(row[3] for row in sockets(netns, LISTEN, port))


def counter(netns, name):
    """A counter of /proc/net/netstat."""
    lines = netns.read("/proc/net/netstat").splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        table = dict(zip(names.split()[1:], values.split()[1:]))
        if name in table:
            return int(table[name])
    raise KeyError(name)


def tcp_info(netns, port):
    """The heaviest connection on a port as ss sees it: milliseconds, bytes, segments."""
    best = {}
    for row in netns.run("ss", "-tinH", "state", "established", "state", "close-wait",
                         f"( sport = :{port} or dport = :{port} )").split("\n\t")[1:]:
        info = {key: float(value) for key, value in
                re.findall(r"\b(minrtt|unacked|bytes_sent|bytes_received|snd_wnd):([\d.]+)", row)}
        rtt = re.search(r"\brtt:([\d.]+)/", row)
        info["rtt"] = float(rtt.group(1)) if rtt else 0.0
        weight = info.get("bytes_sent", 0) + info.get("bytes_received", 0)
        if weight >= best.get("weight", 0):
            best = dict(info, weight=weight)
    return best


def ages(netns, port):
    """For each open connection to a port, the milliseconds since it received or sent data."""
    found = []
    for row in netns.run("ss", "-tinH", "state", "established",
                         f"( dport = :{port} )").split("\n\t")[1:]:
        info = dict(re.findall(r"\b(lastsnd|lastrcv):(\d+)", row))
        found.append(min(int(info.get("lastsnd", 0)), int(info.get("lastrcv", 0))))
    return found


class Meter:
    """Receive rate of an interface since the last reading, in Mbit/s."""

    def __init__(self, netns, device):
        self.netns, self.device = netns, device
        self.last = self._read()

    def _read(self):
        for line in self.netns.read("/proc/net/dev").splitlines():
            name, _, rest = line.partition(":")
            if name.strip() == self.device:
                return time.monotonic(), int(rest.split()[0])
        raise KeyError(self.device)

    def rate(self):
        """Starts a new reading."""
        (then, before), self.last = self.last, self._read()
        return (self.last[1] - before) * 8e-6 / (self.last[0] - then)
