# SPDX-License-Identifier: GPL-2.0-or-later
"""Those who read metrics: promtool, the reference reader of OpenMetrics, node_exporter; as Debian has them."""
import contextlib
import functools
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import harness
from harness import Skip


def samples(text):
    """{name and labels: value} of a document."""
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")


def write(folder, name, text):
    """A file in the folder."""
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@functools.lru_cache(maxsize=None)
def tools():
    """Directory with the unpacked Debian packages, or a reason why there is none."""
    script = os.path.join(harness.SOURCE, "tests", "debian-tool")
    result = harness.run([script, "prometheus", "prometheus-node-exporter",
                          "python3-prometheus-client"])
    if result.returncode == 77:
        return None, result.stderr.strip().splitlines()[-1]
    if result.returncode:
        raise RuntimeError(result.stderr)
    return result.stdout.strip(), None


def tool(path):
    """A program or folder of those packages."""
    root, why = tools()
    if why:
        raise Skip(why)
    return os.path.join(root, path)


def check_metrics(folder, text):
    """Exit status and remarks of promtool."""
    program = tool("usr/bin/promtool")
    with open(write(folder, "a.prom", text), "rb") as file:
        result = subprocess.run([program, "check", "metrics"], stdin=file, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return result.returncode, result.stdout.decode()


READER = """
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
families = list(parse(open(sys.argv[1]).read()))
print(len(families), sum(len(f.samples) for f in families),
      sum(f.type == "counter" for f in families), sum(f.unit != "" for f in families))
"""


def read_openmetrics(folder, text):
    """What the reference reader counts: families, samples, counters, units; and what it complains of."""
    library = tool("usr/lib/python3/dist-packages")
    result = harness.run([sys.executable, "-c", READER, write(folder, "a.txt", text)],
                         env={"PYTHONPATH": library})
    return [int(word) for word in result.stdout.split()], result.stderr[-500:]


def expected_counts(text):
    """The same, counted by hand."""
    return [text.count("# TYPE "), len(samples(text)), len(re.findall("counter$", text, re.M)),
            text.count("# UNIT ")]


def free_port():
    """A port of this host that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def node_exporter(directory):
    """A running node_exporter with nothing but the textfile collector; yields its address."""
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen([tool("usr/bin/prometheus-node-exporter"), "--collector.disable-defaults",
                           "--collector.textfile", "--collector.textfile.directory=" + directory,
                           "--web.listen-address=" + address], stderr=subprocess.DEVNULL) as process:
        try:
            yield address
        finally:
            process.kill()


def scrape(address):
    """What it serves, once it does."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("node_exporter does not answer")


def ours(text):
    """Samples of ours, their numbers as numbers and labels in one order, for node_exporter sorts."""
    found = {}
    for key, value in samples(text).items():
        if key.startswith("tcpadvisor_"):
            name, _, labels = key.partition("{")
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels)
            found[name, tuple(sorted(pair for pair in pairs if pair[1]))] = float(value)
    return found
