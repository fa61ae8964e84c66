# SPDX-License-Identifier: GPL-2.0-or-later
"""A long path between two hosts, and what a person at one of them does: audit, apply, confirm."""
import json
import os
import shutil
import signal
import subprocess
import tempfile

from lab import kernel
from lab.net import Lab, SceneError
from lab.runner import BUILD, TOP, delaybox, tcpadvisor

COMMAND_LIMIT = 60.0
CLIENT = os.path.join(BUILD, "tests", "apply", "client")
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

    def _enter(self):
        kernel.enter_view(self.netns.fd, {})
        if os.path.isdir("/run/systemd"):
            kernel.mount("tmpfs", "/run/systemd", "tmpfs")  # no systemd runs the applier here

    def begin(self, verb, *words):
        """Gives a command there that prints JSON."""
        environment = dict(os.environ)
        environment.setdefault("TCPADVISOR_DATADIR", TOP)
        environment.setdefault("TCPADVISOR_LIBEXECDIR", BUILD)
        return subprocess.Popen(
            [tcpadvisor(), verb, "--format=json", *words], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, universal_newlines=True,
            env=environment, preexec_fn=self._enter)

    @staticmethod
    def result(process):
        """What it printed, once it has ended."""
        output, complaints = process.communicate(timeout=COMMAND_LIMIT)
        try:
            return json.loads(output)
        except ValueError:
            words = " ".join(process.args)
            raise SceneError(f"{words}: {process.returncode}: {complaints}{output}") from None

    def call(self, verb, *words):
        """Gives a command there and waits for it."""
        return self.result(self.begin(verb, *words))

    def _judge(self, profile, speed_known):
        return [f"--profile={profile}"] + ([f"--speed=wan0={self.speed}"] if speed_known else [])

    def _applier(self):
        return [f"--applier={self.directory}/apply", f"--state={self.directory}/state"]

    def audit(self, profile="balanced", speed_known=True):
        """The findings that ask for something, the gravest first."""
        return [finding for finding in self.call("audit", *self._judge(profile, speed_known))["findings"]
                if finding["status"] == "advise" and finding["severity"] != "info"]

    def apply(self, profile="balanced"):
        """Makes the changes of the plan; what became of that."""
        return self.call("apply", *self._judge(profile, True), *self._applier())

    def converge(self):
        """Begins to look for the buffers that a path of unknown speed needs."""
        return self.begin("apply", "--converge", "--confirm-within=40s", *self._judge("balanced", False),
                          *self._applier())

    def ask_for(self, profile, **changes):
        """Has the applier make changes of net.ipv4 keys that no advice asks for; their transaction."""
        self.call("history", *self._applier())  # which starts it
        paper = ["tcpadvisor-apply 1", "verb apply", f"profile {profile}",
                 f"netns {os.fstat(self.netns.fd).st_ino}", "within 600"]
        for key, value in changes.items():
            paper += [f"change net.ipv4.{key}", f"old {self.get(key)}", f"new {value}", "why by hand"]
        done = subprocess.run([CLIENT, f"{self.directory}/apply"], stdout=subprocess.PIPE, check=False,
                              universal_newlines=True, input="\n".join(paper) + "\n", timeout=COMMAND_LIMIT)
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
        if done.returncode != 0:
            raise SceneError(f"the applier: {said.get('said', done.stdout)}")
        return self.transaction(said["id"])

    def transaction(self, identifier):
        """How it stands with one."""
        return self.call("history", identifier, *self._applier())["transactions"][0]

    def confirm(self, identifier):
        """Keeps what was applied."""
        return self.call("confirm", identifier, *self._applier())

    def close(self):
        """Removes what its commands left."""
        shutil.rmtree(self.directory, ignore_errors=True)


def inhabitants(netns):
    """Who lives in a namespace: its holder, and the appliers that commands left there."""
    inside = os.fstat(netns.fd).st_ino
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.stat(f"/proc/{entry}/ns/net").st_ino == inside:
                yield int(entry)
        except OSError:
            pass  # it ended meanwhile


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
            for pid in inhabitants(netns):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(netns.pid, 0)
            os.close(netns.fd)
        for end in self.ends:
            end.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
