# SPDX-License-Identifier: GPL-2.0-or-later
"""The test points: (name, function that yields what is wrong)."""
import contextlib
import os
import queue
import tempfile
from concurrent.futures import ThreadPoolExecutor

import case
import confined
import generate
import hostile
import live
import netlink
import plans
import recipes
import tree

FIXTURES_MAX = 1_500_000
CUT_EVERY, CUT_BYTES = 7, 2048
CORRUPTIONS = 24
WORKERS = 2


class Grounds:
    """As many playgrounds of each host as there are workers; who takes one leaves it as it was."""

    def __init__(self, folder):
        self.folder = folder
        self.free = {}

    @contextlib.contextmanager
    def take(self, name="busy-server"):
        """One to spoil."""
        if name not in self.free:
            self.free[name] = queue.Queue()
            for _ in range(WORKERS):
                self.free[name].put(hostile.Playground(tempfile.mkdtemp(dir=self.folder), name))
        ground = self.free[name].get()
        try:
            yield ground
        finally:
            self.free[name].put(ground)

    def spoil(self, function, items, name="busy-server"):
        """What is wrong with all of them; function(ground, item) yields it, and restores."""
        with self.take(name):
            pass

        def one(item):
            with self.take(name) as ground:
                return list(function(ground, item))
        with ThreadPoolExecutor(WORKERS) as pool:
            for item, wrong in zip(items, pool.map(one, items)):
                yield from (f"{item}: {line}" for line in wrong)


# The hosts of tests.ini

def _declared(folder, update):
    roots = {}

    def root_of(name):
        if name not in roots:
            roots[name] = tree.assemble(name, os.path.join(folder, "host-" + name))
        return roots[name]

    for name, section in tree.sections("case").items():
        host = section.get("host", name)
        yield name, lambda section=section, host=host: case.check(section, root_of(host))
        if "plan" in section:
            yield (f"{name}: its plan",
                   lambda section=section, host=host: plans.declared(section, root_of(host)))
        for output in tree.words(section, "golden"):
            yield (f"{name}: its whole {output} output",
                   lambda section=section, host=host, output=output:
                   case.golden(section, host, output, root_of(host), update))
    for name in tree.sections("host"):
        yield f"{name}: its plans hold", lambda name=name: plans.hold(root_of(name), folder)


def _every_host_is_used():
    cases = {section.get("host", name) for name, section in tree.sections("case").items()}
    hosts = set(tree.sections("host"))
    folders = {name for name in os.listdir(tree.HOSTS)
               if os.path.isdir(os.path.join(tree.HOSTS, name, "root"))}
    yield from (f"{name} has no case" for name in hosts - cases)
    yield from (f"{name} is not in tests.ini" for name in folders - hosts)
    with open(os.path.join(tree.HOSTS, "Makemodule.am"), encoding="utf-8") as file:
        shipped = set(file.read().replace("\\", " ").split())
    yield from (f"{name} is not in Makemodule.am" for name in folders
                if f"tests/hosts/{name}" not in shipped)


def _small():
    """Of regular files only, since an archive follows links."""
    size = 0
    for name in tree.sections("host"):
        root = os.path.join(tree.HOSTS, name, "root")
        for path in tree.files(root):
            if os.path.islink(os.path.join(root, path)):
                yield f"{name}: {path} is a link: let tests.ini make it"
            size += os.lstat(os.path.join(root, path)).st_size
    if size > FIXTURES_MAX:
        yield f"the fixtures have {size} bytes"


def _full_size(grounds):
    """A record of some megabytes: 2,400 flows and 20,000 sockets in TIME_WAIT."""
    with grounds.take("full-edge") as ground:
        run = case.audit(ground.root)
    have = [case.said(finding) for finding in run.json()["findings"]]
    yield from (f"a healthy edge is told: {line}" for line in have
                if line.split()[0] in case.SPOKEN)
    if "info timewait.normal host" not in have:
        yield "20,000 sockets in TIME_WAIT are not called normal"
    yield from case.unsound(run.json(), run.status)


# Spoilt records

def _kind(grounds, kind):
    spoil = hostile.KINDS[kind]

    def spoil_one(ground, target):
        spoil(ground, target)
        yield from hostile.look(ground)
        ground.restore(target)

    yield from grounds.spoil(spoil_one, hostile.FILES + hostile.FOLDERS)
    targets = [target for target in hostile.FILES if target != "record.conf"]
    with grounds.take() as ground:
        for target in targets:
            spoil(ground, target)
        yield from (f"all of them: {line}" for line in hostile.look(ground, thoroughly=True))
        ground.restore(*targets)


def _way_out(grounds):
    def through(ground, way):
        target, to = way
        os.symlink(to.format(folder=ground.folder), ground.path(target))
        yield from hostile.look(ground)
        ground.restore(target)

    yield from grounds.spoil(through, hostile.WAYS_OUT)


def _names(grounds):
    def name_it(ground, name):
        targets = hostile.give_names(ground, name)
        yield from hostile.look(ground, thoroughly=True)
        ground.restore(*targets)

    yield from grounds.spoil(name_it, hostile.EVIL_NAMES)


def _without_openat2(grounds):
    """On an old kernel or below a filter of system calls: the same findings, and no way out."""
    with grounds.take() as ground:
        wanted = case.audit(ground.root)
        got = confined.audit(ground.root)
        if (got.status, got.out) != (wanted.status, wanted.out):
            yield f"another output, exit status {got.status}: {got.err[-200:]!r}"
        for target, to in hostile.WAYS_OUT + (("proc/sys/net/core/somaxconn", "{folder}/number"),
                                              ("proc/sys/net/core/somaxconn",
                                               "../../../../../number")):
            os.symlink(to.format(folder=ground.folder), ground.path(target))
            run = confined.audit(ground.root)
            yield from hostile.faults(run)
            yield from (f"{target}: shows {word!r} from outside"
                        for word in hostile.leaks(ground, run))
            ground.restore(target)


def _reasons(grounds):
    def spoil(ground, row):
        target, kind, rule, part = row
        hostile.KINDS[kind](ground, target)
        told = [item["reason"] for item in case.audit(ground.root).json()["not_judged"]
                if item["rule"] == rule and item["status"] == "unknown"]
        if not any(part in reason for reason in told):
            yield f"not unknown with {part!r}, but {told or 'judged'}"
        ground.restore(target)

    yield from grounds.spoil(spoil, hostile.REASONS)


# Netlink answers that are cut, or lie about their lengths

def _noted(run):
    """Is it said that something was discarded, or that sockets or interfaces could not be read?"""
    notes = [note for namespace in run.json()["host"]["namespaces"] for note in namespace["notes"]]
    return any(word in note for note in notes for word in ("discarded", "could not", "failed"))


def _whole_messages(data):
    at, ends = 0, {0}
    for _, _, _, body in netlink.messages(data):
        at += netlink.HEADER.size + len(body) + -len(body) % 4
        ends.add(at)
    return ends


def _cuts(grounds, path):
    def cut(ground, size):
        data = tree.read(ground.good, path)
        ground.write(path, data[:size])
        run = case.audit(ground.root)
        yield from hostile.faults(run)
        if size not in _whole_messages(data) and run.status in (0, 2, 3) and not _noted(run):
            yield "what is missing is not counted"
        ground.restore(path)

    with grounds.take("long-fat") as ground:
        size = len(tree.read(ground.good, path))
    yield from grounds.spoil(cut, range(0, min(size, CUT_BYTES), CUT_EVERY), "long-fat")


def _without_end(grounds):
    """The kernel ends every dump; one that does not may lack any number of sockets."""
    def cut(ground, path):
        data = tree.read(ground.good, path)
        assert data.endswith(netlink.done()), path
        ground.write(path, data[:-len(netlink.done())])
        if not _noted(case.audit(ground.root)):
            yield "nobody says that its end is missing"
        ground.restore(path)

    yield from grounds.spoil(cut, hostile.DUMPS, "long-fat")


def _corrupted(grounds, path):
    def corrupt(ground, seed):
        ground.write(path, hostile.corrupt(tree.read(ground.good, path), f"{path} {seed}"))
        yield from hostile.look(ground)
        ground.restore(path)

    yield from grounds.spoil(corrupt, range(CORRUPTIONS), "long-fat")


def _mutation(grounds, name):
    def mutate(ground, path):
        change = hostile.MUTATIONS[name](path.rpartition(".")[2])
        ground.write(path, hostile.rewrite_message(tree.read(ground.good, path), 1, change))
        yield from hostile.look(ground)
        must_be_noted = name in hostile.MUST_BE_NOTED and path.endswith(".diag")
        if must_be_noted and not _noted(case.audit(ground.root)):
            yield "what is lost is not counted"
        ground.restore(path)

    yield from grounds.spoil(mutate, hostile.MUTATED)


def _endless(grounds, path, megabytes=8):
    """A file of one message again and again ends, and soon."""
    with grounds.take("full-edge") as ground:
        data = next(hostile.whole_messages(tree.read(ground.good, path)))
        ground.write(path, data * (megabytes * hostile.MIB // len(data)))
        yield from hostile.look(ground)
        ground.restore(path)


def _one_refusal(grounds):
    """The kernel had no way to one address: the others are known all the same."""
    with grounds.take("cdn-edge") as ground:
        before = case.audit(ground.root).json()["paths"]
        for path, code, what in (
                ("sample-2/netlink/routes.rtnl", -101,
                 "one refused route look-up spoils the others"),
                ("sample-2/netlink/tcp-congestion.diag", -2,
                 "one flow that had closed hides the others' congestion control")):
            ground.write(path, netlink.error(code) + tree.read(ground.good, path))
            if case.audit(ground.root).json()["paths"] != before:
                yield what
            ground.restore(path)


def all_points(folder, update):
    """Every point; those that generate records do so when they are run."""
    grounds = Grounds(folder)
    yield from _declared(folder, update)
    yield "every host has a case, and every folder a host", _every_host_is_used
    yield "the fixtures are small", _small
    for name in recipes.RECIPES:
        yield (f"{name} is what its recipe writes",
               lambda name=name: (f"{path} differs: tools/generate.py {name}"
                                  for path in generate.stale(name)))
    yield "cdn-edge at full size is healthy too", lambda: _full_size(grounds)
    for kind in hostile.KINDS:
        yield f"spoilt: {kind}", lambda kind=kind: _kind(grounds, kind)
    yield "spoilt: directories that lie elsewhere", lambda: _way_out(grounds)
    yield "spoilt: names", lambda: _names(grounds)
    yield "spoilt: the same without openat2()", lambda: _without_openat2(grounds)
    yield "spoilt: rules are unknown for a reason that is said", lambda: _reasons(grounds)
    for path in hostile.ANSWERS:
        yield f"cut short: {path}", lambda path=path: _cuts(grounds, path)
        yield f"random bytes: {path}", lambda path=path: _corrupted(grounds, path)
    yield "dumps without their end", lambda: _without_end(grounds)
    for name in hostile.MUTATIONS:
        yield f"messages with {name}", lambda name=name: _mutation(grounds, name)
    for path in hostile.ANSWERS:
        yield f"endless: {path}", lambda path=path: _endless(grounds, path)
    yield "a record made now says what the host says", live.record_and_replay
    yield "a record made without rights too", lambda: live.record_and_replay(live.NOBODY)
    yield "one refused look-up leaves the others", lambda: _one_refusal(grounds)
