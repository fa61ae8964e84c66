# SPDX-License-Identifier: GPL-2.0-or-later
"""Control groups of a scene's own, under the machine's; they go with the scene."""
import glob
import os

UNIFIED = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
TCP_MEMORY = "/sys/fs/cgroup/memory"
PREFIX = "tcpadvisor-lab-"


def unified():
    """Where the unified hierarchy is mounted, or None."""
    return next((path for path in UNIFIED
                 if os.path.exists(os.path.join(path, "cgroup.controllers"))), None)


def works():
    """Why there can be no cgroups of one's own; empty when there can."""
    if not unified():
        return "no unified cgroup hierarchy"
    return "" if os.access(unified(), os.W_OK) else "cgroups are read-only"


def limits_tcp():
    """Why the TCP memory of a cgroup cannot be limited; empty when it can."""
    if works():
        return works()
    probe = os.path.join(TCP_MEMORY, f"{PREFIX}{os.getpid()}-probe")
    try:
        os.mkdir(probe)
        there = os.path.exists(os.path.join(probe, "memory.kmem.tcp.limit_in_bytes"))
        os.rmdir(probe)
    except OSError as error:
        return f"no cgroups of memory ({error.strerror})"
    return "" if there else "no limit on the TCP memory of a cgroup"


class Group:
    """One group, in the unified hierarchy and, with a limit on TCP memory, in that of memory."""

    def __init__(self, number, tcp_limit=None):
        roots = [unified()] + ([TCP_MEMORY] if tcp_limit else [])
        self.name = f"{PREFIX}{os.getpid()}-{number}"
        self.paths = [os.path.join(root, self.name) for root in roots]
        for root, path in zip(roots, self.paths):
            self._sweep(root)
            os.mkdir(path)
        if tcp_limit:
            with open(os.path.join(self.paths[1], "memory.kmem.tcp.limit_in_bytes"), "w",
                      encoding="ascii") as file:
                file.write(str(tcp_limit))

    @staticmethod
    def _sweep(root):
        """A run that was killed leaves empty groups behind; those in use refuse."""
        for path in glob.glob(os.path.join(root, PREFIX + "*")):
            pid = path[len(os.path.join(root, PREFIX)):].split("-")[0]
            if not os.path.exists(f"/proc/{pid}"):
                _remove(path)

    def join(self):
        """Moves this process into it."""
        for path in self.paths:
            with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def used(self):
        """Bytes that count against its limit on TCP memory."""
        path = os.path.join(self.paths[1], "memory.kmem.tcp.usage_in_bytes")
        with open(path, encoding="ascii") as file:
            return int(file.read())

    def end(self):
        """Once its processes are gone."""
        for path in self.paths:
            _remove(path)


def _remove(path):
    try:
        os.rmdir(path)
    except OSError:
        pass
