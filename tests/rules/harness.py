# SPDX-License-Identifier: GPL-2.0-or-later
"""Shared by the tests of the data: the command on a recorded host, and TAP."""
import os
import subprocess

SRCDIR = os.environ.get("TCPADVISOR_SRCDIR",
                        os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TCPADVISOR = os.environ.get("TCPADVISOR", "./tcpadvisor")
ROOT = os.path.join(SRCDIR, "tests", "hosts", "this-machine", "root")


def run(*argv, width=None):
    """Exit status, what it printed, what it complained."""
    env = dict(os.environ, TCPADVISOR_DATADIR=SRCDIR)
    if width:
        env["COLUMNS"] = str(width)
    done = subprocess.run([TCPADVISOR, *argv], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)
    return done.returncode, done.stdout, done.stderr


def sections(folder, suffix):
    """Names of all sections of the files of a folder, by file."""
    for name in sorted(os.listdir(os.path.join(SRCDIR, folder))):
        if name.endswith(suffix):
            with open(os.path.join(SRCDIR, folder, name), encoding="utf-8") as file:
                for line in file:
                    if line.startswith("["):
                        yield name, line.strip()[1:-1]


def rules():
    """Ids of all rules."""
    return [section for _, section in sections("rules", ".rule")
            if not section.startswith("threshold ")]


def profiles():
    """Names of the packaged profiles."""
    return sorted(name[:-len(".profile")] for name in os.listdir(os.path.join(SRCDIR, "profiles"))
                  if name.endswith(".profile"))


def tap(points):
    """Prints TAP of (name, list of what is wrong)."""
    points = list(points)
    print(f"1..{len(points)}")
    for number, (name, wrong) in enumerate(points, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in wrong[:8]:
            print(f"# {line}")
