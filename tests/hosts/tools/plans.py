# SPDX-License-Identifier: GPL-2.0-or-later
"""The plans of the recorded hosts: what tests.ini says of them, and what holds for each."""
import os
import shutil

import case
import tree

PROFILES = ("balanced", "latency", "throughput")
# A step at a time, as long as the symptom is measured: a recording shows it for ever.
STEPS = {"net.core.netdev_budget", "net.core.netdev_budget_usecs", "net.core.netdev_max_backlog",
         "net.core.somaxconn"}
NEVER = ("net.ipv4.conf.", "net.ipv6.conf.", "fs.", "vm.", "kernel.")


def make(root, *argv, output="json"):
    """A plan of a recorded host."""
    return case.Result(["plan", f"--root={root}", f"--format={output}", *argv])


def declared(section, root):
    """`plan` of tests.ini: "KEY = VALUE", all and in this order; `left-out`: keys, all of them."""
    run = make(root, *case.arguments(section))
    planned = run.json()
    changes = [f"{change['key']} = {change['wanted']}" for change in planned["changes"]]
    if changes != case.lines(section, "plan"):
        yield f"the plan is {changes}"
    left = [item["key"] for item in planned["left_out"]]
    if left != tree.words(section, "left-out"):
        yield f"left out are {left}"


def _set(root, changes):
    for change in changes:
        path = "proc/sys/" + change["key"].replace(".", "/")
        for sample in ("", "sample-2/"):
            if not sample or os.path.exists(os.path.join(root, sample, path)):
                tree.write(root, sample + path, change["wanted"].replace(" ", "\t") + "\n")


def _sound(run, planned):
    if run.status != (2 if planned["changes"] else 0):
        yield f"exit status {run.status} with {len(planned['changes'])} changes"
    keys = [change["key"] for change in planned["changes"]]
    if len(set(keys)) != len(keys):
        yield f"a key is changed twice: {keys}"
    for change in planned["changes"]:
        if change["key"].startswith(NEVER) or change["current"] == change["wanted"]:
            yield f"a change that is none: {change}"


def _file(root, argv, folder):
    """A lint accepts the file."""
    path = os.path.join(folder, "plan.conf")
    with open(path, "wb") as file:
        file.write(make(root, *argv, output="sysctl").out)
    lint = case.Result(["lint", path])
    if lint.status not in (0, 3):
        yield f"lint: {lint.out.decode()[-300:]}"


def _wide(root, argv):
    text = make(root, *argv, output="text").out.decode()
    yield from (f"wider than 80 columns: {line}" for line in text.splitlines()
                if len(line) > 80 and " " in line.strip())


def hold(root, folder):
    """A plan is sound in every profile, its file passes a lint, and once carried out it is empty."""
    for profile in PROFILES:
        argv = [f"--profile={profile}"]
        run = make(root, *argv)
        planned = run.json()
        yield from (f"{profile}: {line}" for line in _sound(run, planned))
        yield from (f"{profile}: {line}" for line in _wide(root, argv))
        if not planned["changes"]:
            continue
        yield from (f"{profile}: {line}" for line in _file(root, argv, folder))
        after = root + "-after"
        shutil.copytree(root, after, symlinks=True)
        _set(after, planned["changes"])
        again = [change["key"] for change in make(after, *argv).json()["changes"]]
        shutil.rmtree(after)
        if set(again) - STEPS:
            yield f"{profile}: once carried out, there is more to change: {again}"
