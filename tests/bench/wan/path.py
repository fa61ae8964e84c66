# SPDX-License-Identifier: GPL-2.0-or-later
"""A long path between two hosts, and what a person at one of them does: audit, apply, confirm."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from lab import kernel
from lab.net import A, Lab, SceneError
from lab.runner import TOP, delaybox, tcpadvisor

COMMAND_LIMIT = 60.0
SETTLE = 4.0  # s that a new flow needs until it is as fast as it will be
JUDGED = (0, 2, 3)
IDENTIFIER = re.compile(r"\b[0-9a-f]{32}\b")
PAYLOAD = 1448 / 1538  # of a full frame with all that Ethernet adds


class End:
    """One host: its sysctls, and the commands that are given there."""

    def __init__(self, netns, speed):
        self.netns = netns
        self.speed = speed
        self.directory = tempfile.mkdtemp(prefix="tcpadvisor-lab.")

    def get(self, key):
        """A net.ipv4 sysctl as a person would write it."""
        return " ".join(self.netns.read(f"/proc/sys/net/ipv4/{key}").split())

    def most(self, key):
        """The last of its elements: the limit of tcp_rmem and tcp_wmem."""
        return int(self.get(key).split()[-1])

    def set(self, **values):
        """Sets net.ipv4 keys, as an administrator of that host would."""
        self.netns.sysctl(**values)

    def call(self, verb, *words):
        """Gives a command; what it said on both streams and how it ended."""
        environment = dict(os.environ)
        environment.setdefault("TCPADVISOR_DATADIR", TOP)
        return subprocess.run(
            [tcpadvisor(), verb, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, universal_newlines=True, check=False,
            timeout=COMMAND_LIMIT, env=environment,
            preexec_fn=lambda: kernel.enter_view(self.netns.fd, {}))

    def _judge(self, profile, speed_known=True):
        words = [f"--profile={profile}"]
        return words + ([f"--speed=wan0={self.speed}"] if speed_known else [])

    def audit(self, profile="balanced", speed_known=True):
        """The findings that ask for something, the gravest first."""
        done = self.call("audit", "--format=json", *self._judge(profile, speed_known))
        if done.returncode not in JUDGED:
            raise SceneError(f"audit: status {done.returncode}: {done.stderr}")
        return [finding for finding in json.loads(done.stdout)["findings"]
                if finding["status"] == "advise" and finding["severity"] != "info"]

    def close(self):
        """Removes what its commands left."""
        shutil.rmtree(self.directory, ignore_errors=True)


class Path:
    """
    A sender and a receiver with a delay box between them, both with the kernel's defaults and the
    congestion control that the kernel itself would use; everything ends with close().
    """

    def __init__(self, mbits, rtt_ms, control="cubic", **options):
        self.mbits, self.rtt_ms, self.control = mbits, rtt_ms, control
        self.lab = Lab(delaybox())
        rate = f"{mbits}Mbit/s"
        options.setdefault("queue", f"{self.bdp}B")
        ends = self.lab.box(delay=f"{rtt_ms / 2}ms", rate=rate, **options)
        self.sender, self.receiver = (End(netns, rate) for netns in ends)
        if control:
            for netns in ends:
                # Of all words the sysctl takes few in a namespace; a route takes each.
                netns.sysctl(tcp_congestion_control="reno")
                netns.run("ip", "route", "change", "10.77.0.0/24", "dev", "wan0", "congctl", control)

    @property
    def ends(self):
        """Both; the receiver first, since its window is what a sender meets first."""
        return (self.receiver, self.sender)

    @property
    def bdp(self):
        """Bytes under way when the path is full."""
        return int(self.mbits * 1e6 / 8 * self.rtt_ms / 1e3)

    @property
    def limit(self):
        """What TCP can carry, in Mbit/s."""
        return self.mbits * PAYLOAD

    def set_buffers(self, rmem, wmem):
        """The same maxima at both ends."""
        for end in self.ends:
            end.set(tcp_rmem=f"4096 131072 {rmem}", tcp_wmem=f"4096 16384 {wmem}")

    def close(self):
        """Ends all processes, and with them the namespaces."""
        self.lab.end()
        for box in self.lab.boxes:
            box.kill()
            box.wait()
            box.stdout.close()
        for netns in self.lab.namespaces:
            os.kill(netns.pid, signal.SIGKILL)
            os.waitpid(netns.pid, 0)
            os.close(netns.fd)
        for end in self.ends:
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def write_by_hand(end, findings):
    """What the advice names, written without any of the care that apply takes."""
    written = {}
    for finding in findings:
        for item in finding["recommend"]:
            name = item.get("key", "").replace("net.ipv4.", "", 1)
            if item["action"] == "sysctl" and item["wanted"] and "." not in name:
                written.setdefault(name, item["wanted"])
    written = {name: value for name, value in written.items() if end.get(name) != value}
    end.set(**written)
    return written


__all__ = ["A", "End", "Path", "SETTLE", "SceneError", "write_by_hand"]
