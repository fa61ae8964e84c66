# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks share: a namespace of their own, sockets held open in it, facts of the host."""

import argparse
import contextlib
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
NETNS = "/proc/self/ns/net"


class BenchError(Exception):
    """The benchmark could not run."""


@contextlib.contextmanager
def connections(program, sockets):
    """Hold this many sockets open; yields the time it took to open them."""
    argv = [str(program), str(sockets // 2)]
    start = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        try:
            if holder.stdout.readline() != b"READY\n":
                raise BenchError(f"could not open {sockets} sockets")
            yield time.monotonic() - start
            if holder.poll() is not None:
                raise BenchError(f"the {sockets} sockets were lost while measuring")
        finally:
            holder.stdin.close()
            holder.wait()


def spread(values):
    """Median and extremes."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def host_facts():
    """What a reader needs to compare with another machine."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        models = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    return {"kernel": platform.release(), "cpu": models[0] if models else platform.machine(),
            "cpus": os.cpu_count(),
            "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")}


def busy_seconds():
    """CPU time the whole machine has spent, and time stolen by its hypervisor, in seconds."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, stat.readline().split()[1:])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def check_programs(paths):
    """Everything that will be run is there."""
    for path in paths:
        if not os.access(path, os.X_OK):
            raise BenchError(f"{path} is missing: build it first (make bench)")


def socket_counts(text):
    """The argument of --sockets."""
    counts = [int(part) for part in text.split(",")]
    if not all(count >= 2 and count % 2 == 0 for count in counts):
        raise argparse.ArgumentTypeError("each count must be even: a connection is two sockets")
    return counts


def positive(text):
    """A number of things."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least one")
    return int(text)


def enter_netns(outer, *more):
    """Start again in a network namespace of its own; nothing is opened outside of one.

    outer: the argument of --outer-netns, None the first time; more: other options of unshare.
    """
    here = os.readlink(NETNS)
    if outer is None:
        rights = [] if os.geteuid() == 0 else ["-r"]
        os.execvp("unshare", ["unshare", "-n", *rights, *more, sys.executable, *sys.argv,
                              "--outer-netns=" + here])
    if outer == here:
        raise BenchError("still in the network namespace it was started in")
