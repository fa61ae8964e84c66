# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of the documentation share: where things are, running the program, TAP."""
import functools
import os
import re
import subprocess
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.environ.get("TCPADVISOR_SRCDIR", os.path.normpath(os.path.join(HERE, "..", "..")))
PROGRAM = os.environ.get("TCPADVISOR", os.path.join(SOURCE, "build", "tcpadvisor"))
DATADIR = os.environ.get("TCPADVISOR_DATADIR", SOURCE)
HOSTS = os.path.join(SOURCE, "tests", "hosts")
SECONDS = 60


class Skip(Exception):
    """This machine cannot run the point; the text says why."""


def run(command, env=None, **options):
    """Run a command line with the rules of this tree; a CompletedProcess with text."""
    environment = {**os.environ, "TCPADVISOR_DATADIR": DATADIR, "NO_COLOR": "1", **(env or {})}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=SECONDS,
                          encoding="utf-8", **options)


def tcpadvisor(*arguments, **options):
    """Run the program."""
    return run([PROGRAM, *arguments], **options)


def source(path):
    """Text of a file of the source tree."""
    with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
        return file.read()


def names_in(path, pattern):
    """What the pattern's groups find in a file of the source tree, in order."""
    return re.findall(pattern, source(path))


def verbs():
    """Names of the verbs, from --help."""
    return re.findall(r"^  ([a-z]+) +\S", tcpadvisor("--help").stdout, re.M)


def options(verb):
    """{option: its argument or ""} of a verb, from its --help."""
    text = tcpadvisor(verb, "--help").stdout
    return dict(re.findall(r"^  --([a-z-]+)(?:=(\S+))? +\S", text, re.M))


def in_new_netns(shell, *arguments, **run_options):
    """Run a line of shell, then the program, in a network namespace that ends with it."""
    unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    try:
        probe = run([*unshare, "true"])
    except FileNotFoundError:
        raise Skip("there is no unshare(1)") from None
    if probe.returncode:
        raise Skip(f"no network namespace: {probe.stderr.strip()}")
    return run([*unshare, "sh", "-c", shell + ' && exec "$@"', "sh", PROGRAM, *arguments],
               **run_options)


def host_names():
    """The recorded hosts that this tree has."""
    if not os.path.exists(os.path.join(HOSTS, "hosts.test")):
        return []
    return sorted(entry.name for entry in os.scandir(HOSTS)
                  if entry.is_dir() and entry.name != "tools" and entry.name[0] not in "._")


@functools.lru_cache(maxsize=None)
def recorded_host(folder, name):
    """Make a recorded host below the folder; its directory, for --root."""
    if name not in host_names():
        raise Skip(f"tests/hosts/{name} is not here")
    root = os.path.join(folder, "host-" + name)
    result = run([os.path.join(HOSTS, "hosts.test"), f"--assemble={name}", root])
    if result.returncode:
        raise RuntimeError(result.stderr or result.stdout)
    return root


def tap(points):
    """Run (name, function) pairs, each function yielding what is wrong; print TAP."""
    print(f"1..{len(points)}", flush=True)
    for number, (name, check) in enumerate(points, 1):
        try:
            wrong = list(check())
        except Skip as skip:
            print(f"ok {number} - {name} # SKIP {skip}", flush=True)
            continue
        except Exception:  # a point that breaks fails, and the others go on
            wrong = traceback.format_exc().splitlines()
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
        for line in wrong[:20]:
            print(f"# {line}", flush=True)
