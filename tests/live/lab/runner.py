# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs scenes in parallel, each in a process group of its own, and prints TAP."""
import argparse
import fnmatch
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from . import cgroup, kernel
from .net import Lab, SceneError
from .scene import judge, relevant
from .scenes import ALL

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("TCPADVISOR_BUILDDIR", os.path.join(TOP, "build"))
SCENE_LIMIT = 25.0
AUDIT_LIMIT = 12.0
DESCRIPTORS = 16384
HEALTHY = "healthy-host"
SECOND_RUNS = 8


def delaybox():
    """The box, built beside the tests."""
    return os.environ.get("DELAYBOX", os.path.join(BUILD, "tests", "live", "delaybox"))


def tcpadvisor():
    """The command under test."""
    return os.environ.get("TCPADVISOR", os.path.join(BUILD, "tcpadvisor"))


def run_audit(netns, lab, scene):
    """Runs the command as a user of that host would; returns exit status, output, complaints."""
    environment = dict(os.environ)
    environment.setdefault("TCPADVISOR_DATADIR", TOP)
    argv = [tcpadvisor(), "audit", "--format=json", "--window=2s", *scene.options,
            *lab.options]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
        check=False, timeout=AUDIT_LIMIT, env=environment,
        preexec_fn=lambda: kernel.enter_view(netns.fd, scene.boot, lab.files, scene.nobody))
    return done.returncode, done.stdout, done.stderr


def audit_scene(netns, lab, scene):
    """Judges a scene that stands: the outcome and the lines that explain it."""
    status, output, complaints = run_audit(netns, lab, scene)
    lab.prove()
    try:
        audit = json.loads(output)
        verdict = judge(scene, audit, status)
    except (ValueError, KeyError, TypeError) as error:
        return {"broken": f"status {status}, unreadable output: {error!r}",
                "lines": (complaints + output[:2000]).splitlines()}
    lines = [f"missed: {expect}" for expect in verdict.missed]
    lines += [f"false: {item['rule']} ({item['severity']})" for item in verdict.false]
    if not verdict.right:
        lines += complaints.splitlines()
        lines += json.dumps(relevant(scene, audit, verdict), indent=1).splitlines()
    return {"missed": len(verdict.missed), "false": len(verdict.false),
            "broken": verdict.broken, "lines": lines}


def show_scene(netns, lab):
    """What ss and the counters say in the namespace that an audit would judge."""
    time.sleep(2.0)
    lines = [f"namespace {netns.name}, nsenter -n -t {netns.pid}"]
    for argv in (["ss", "-ltn"], ["ss", "-s"], ["ss", "-tinm"]):
        output = netns.run(*argv).splitlines()
        lines += ["$ " + " ".join(argv)] + output[:40]
        lines += [f"... {len(output) - 40} more lines"] if len(output) > 40 else []
    lab.prove()
    return {"lines": lines}


def play(scene, show):
    """Builds and judges one scene; any exception is an outcome."""
    lab = Lab(delaybox())
    try:
        netns = scene.build(lab)
        return show_scene(netns, lab) if show else audit_scene(netns, lab, scene)
    except SceneError as error:
        return {"broken": f"scene: {error}", "retry": True, "lines": []}
    except subprocess.TimeoutExpired as error:
        return {"broken": f"the audit did not end: {error}", "lines": []}
    except Exception:
        return {"broken": "scene: exception", "lines": traceback.format_exc().splitlines()}
    finally:
        lab.end()


class Running:
    """A scene under way in a process group that ends with it."""

    def __init__(self, number, scene, show):
        self.number, self.scene = number, scene
        self.started = time.monotonic()
        self.log = tempfile.TemporaryFile(mode="w+")
        self.reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._child(writer, show)
        os.close(writer)
        self.data = b""

    def _child(self, writer, show):
        try:
            os.setpgid(0, 0)
            kernel.die_with_parent()
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.dup2(self.log.fileno(), 1)
            os.dup2(self.log.fileno(), 2)
            result = json.dumps(play(self.scene, show)).encode()
            while result:
                result = result[os.write(writer, result):]
        finally:
            os._exit(0)

    def late(self):
        """Whether it has used up its time."""
        return time.monotonic() > self.started + SCENE_LIMIT

    def absorb(self):
        """Reads what there is; says whether the scene has ended."""
        data = os.read(self.reader, 65536)
        self.data += data
        return not data

    def end(self):
        """Kills what is left of the group and returns the outcome."""
        for kill, target in ((os.killpg, self.pid), (os.kill, self.pid)):
            try:
                kill(target, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.waitpid(self.pid, 0)
        os.close(self.reader)
        self.log.seek(0)
        log = self.log.read().splitlines()[-40:]
        self.log.close()
        try:
            outcome = json.loads(self.data.decode())
        except ValueError:
            outcome = {"broken": f"no outcome after {SCENE_LIMIT:.0f} s", "lines": []}
        if outcome.get("broken"):
            outcome["lines"] += log
        outcome["seconds"] = time.monotonic() - self.started
        return outcome


def faults(outcome):
    """What is wrong with an outcome."""
    return [key for key in ("missed", "false", "broken") if outcome.get(key)]


class Report:
    """Prints points in their order, whatever order they end in, and counts."""

    def __init__(self, total, show):
        self.show = show
        self.waiting = {}
        self.next = 1
        self.count = dict.fromkeys(("scenes", "right", "missed", "false", "broken", "skipped", "again"), 0)
        print(f"1..{total}" + ("" if total else " # SKIP no scene by that name"), flush=True)

    def add(self, number, name, outcome):
        """Takes one outcome."""
        self.waiting[number] = (name, outcome)
        while self.next in self.waiting:
            self._point(self.next, *self.waiting.pop(self.next))
            self.next += 1

    def _point(self, number, name, outcome):
        if "skip" in outcome:
            self.count["skipped"] += 1
            print(f"ok {number} - {name} # SKIP {outcome['skip']}", flush=True)
            return
        self.count["scenes"] += 1
        wrong = faults(outcome)
        for key in wrong or ["right"]:
            self.count[key] += 1
        print(f"{'not ' if wrong else ''}ok {number} - {name}")
        if outcome.get("broken"):
            print(f"# {outcome['broken']}")
        if wrong or self.show:
            print("\n".join(f"#   {line}" for line in outcome["lines"]))
        if "first" in outcome:
            self.count["again"] += 1
            print("# the first run, beside others, went wrong:")
            print("\n".join(f"#   {line}" for line in outcome["first"]))
        print(f"# {outcome['seconds']:.1f} s", flush=True)

    def close(self):
        """The counts that a reader wants first."""
        print("# scenes {scenes}, right {right}, missed {missed}, false {false}\n"
              "# broken {broken}, skipped {skipped}, run again alone {again}".format(**self.count), flush=True)


def _tun_works():
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return f"no /dev/net/tun ({error.strerror})"
    return "" if os.access(delaybox(), os.X_OK) else "delaybox is not built"


def _namespace_works():
    pid = os.fork()
    if pid == 0:
        try:
            kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWNS)
            os._exit(0)
        finally:
            os._exit(1)
    return "" if os.waitpid(pid, 0)[1] == 0 else "no network namespaces"


def _bbr_works():
    path = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"
    with open(path, encoding="utf-8") as file:
        return "" if "bbr" in file.read().split() else "no bbr"


def _mounts_work():
    try:
        subprocess.run(["true"], preexec_fn=kernel.own_mounts, check=True)
    except (OSError, subprocess.SubprocessError):
        return "no private mounts here"
    return ""


class Abilities:
    """Why this machine cannot show a scene, found out once."""

    def __init__(self, show):
        self.general = self._general(show)
        self.special = {"tun": _tun_works(), "bbr": _bbr_works(), "cgroup": cgroup.works(),
                        "tcp-limit": cgroup.limits_tcp()}

    @staticmethod
    def _general(show):
        if os.geteuid() != 0:
            return "needs root"
        for tool in ("ip", "ss", "tc"):
            if not shutil.which(tool):
                return f"no {tool}"
        if not show and not os.access(tcpadvisor(), os.X_OK):
            return f"no {tcpadvisor()}"
        return _namespace_works() or ("" if show else _mounts_work())

    def reason(self, scene):
        """Empty when the scene can run."""
        reasons = [scene.skip, self.general] + [self.special[need] for need in scene.needs]
        return next((reason for reason in reasons if reason), "")


class Bench:
    """Starts scenes while there is room, heavy ones first, and collects them."""

    def __init__(self, scenes, jobs, show):
        self.jobs, self.show = jobs, show
        self.report = Report(len(scenes), show)
        self.running = []
        self.waiting = []
        self.alone = []  # scenes that went wrong beside others, and how
        self.first = {}
        self.retried = set()
        abilities = Abilities(show)
        for number, scene in enumerate(scenes, 1):
            reason = abilities.reason(scene)
            if reason:
                self.report.add(number, scene.name, {"skip": reason})
            else:
                self.waiting.append((number, scene))
        self.waiting.sort(key=lambda item: -item[1].weight)

    def _room(self, scene):
        used = sum(running.scene.weight for running in self.running)
        return not self.running or used + scene.weight <= self.jobs

    def _start(self):
        for item in list(self.waiting):
            if self._room(item[1]):
                self.waiting.remove(item)
                self.running.append(Running(*item, self.show))

    def _collect(self):
        readers = {running.reader: running for running in self.running}
        ready, _, _ = select.select(list(readers), [], [], 0.2)
        ended = [readers[fd] for fd in ready if readers[fd].absorb()]
        for running in ended + [late for late in self.running if late.late()]:
            if running in self.running:
                self.running.remove(running)
                self._settle(running, running.end())

    def _settle(self, running, outcome):
        """A scene that did not come about, on a busy machine say, has one more chance.

        So has one that went wrong beside others, by itself at the end: what two seconds of a
        lossy path bring is partly chance. More than a few of those are no chance.
        """
        number, scene = running.number, running.scene
        if outcome.get("retry") and number not in self.retried:
            self.retried.add(number)
            self.waiting.append((number, scene))
        elif faults(outcome) and number not in self.first and len(self.first) < SECOND_RUNS:
            self.first[number] = [f"{key}: {outcome[key]}" for key in faults(outcome)]
            self.first[number] += outcome["lines"]
            self.alone.append((number, scene))
        else:
            if number in self.first:
                outcome["first"] = self.first[number]
            self.report.add(number, scene.name, outcome)

    def run(self):
        """Runs everything; returns whether no scene went wrong."""
        try:
            while self.waiting or self.running or self.alone:
                if not self.waiting and not self.running:
                    self.waiting.append(self.alone.pop(0))
                self._start()
                self._collect()
        finally:
            for running in self.running:
                running.end()
        self.report.close()
        count = self.report.count
        return count["right"] == count["scenes"]


def parse(argv):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="scenes at a time")
    parser.add_argument("--only", action="append", metavar="GLOB", help="scenes by name or rule")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="without the slow ones (default)")
    size.add_argument("--full", action="store_true", help="every scene")
    parser.add_argument("--list", action="store_true", help="name the scenes and their rules")
    parser.add_argument("--show", action="store_true",
                        help="build each scene and print what ss sees; no audit")
    parser.add_argument("--strict", action="store_true", help="exit 1 when a point is not ok")
    return parser.parse_args(argv)


def quick_scenes():
    """Of each rule the first scene that speaks and the first that is silent; healthy hosts all."""
    seen = set()
    for scene in ALL:
        key = (scene.rule, bool(scene.expect))
        if scene.skip:
            yield scene
        elif not scene.full_only and (key not in seen or scene.rule == HEALTHY):
            seen.add(key)
            yield scene


def select_scenes(arguments):
    """The scenes that the command line asks for."""
    if not arguments.only:
        return list(ALL if arguments.full else quick_scenes())
    return [scene for scene in ALL
            if any(fnmatch.fnmatchcase(name, glob) for glob in arguments.only
                   for name in (scene.name, scene.rule))]


def _stop(number, _frame):
    print(f"Bail out! signal {number}", flush=True)
    sys.exit(128 + number)


def _raise_descriptor_limit():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, DESCRIPTORS)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(argv):
    """Runs the bench."""
    arguments = parse(argv)
    scenes = select_scenes(arguments)
    if arguments.list:
        for scene in scenes:
            print(scene.name, "->", ", ".join(map(str, scene.expect)) or scene.skip or "silence")
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    _raise_descriptor_limit()
    right = Bench(scenes, max(1, arguments.jobs), arguments.show).run()
    return 1 if arguments.strict and not right else 0
