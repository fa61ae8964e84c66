# SPDX-License-Identifier: GPL-2.0-or-later
"""An error at each call that the journal needs."""
import collections
import re

from faults.common import FULL, refused
from harness import Gone, World


CALL = re.compile(r"^([a-z_0-9]+)\(", re.M)
JOURNAL = ("write", "fsync", "renameat", "openat", "unlinkat")


def traced(world, scene):
    """How often a scene makes each call."""
    path = world.folder / "trace"
    world.start(tracer=["strace", "-q", "-D", "-o", str(path)])
    scene(world)
    world.kill()
    world.until(lambda: "+++" in path.read_text(encoding="utf-8"), "strace does not end")
    return collections.Counter(CALL.findall(path.read_text(encoding="utf-8")))


def up(world):
    """It answers."""
    world.watcher = world.connect(world.health)
    world.ask("list")


def change_and(verb):
    """A change, and how it ends; what the caller was told."""
    def scene(world):
        reply = world.change()
        if reply.get("error"):
            return reply.get("error")
        return world.ask(verb, id=reply.get("id")).get("error") if verb else "applied"
    return scene


def with_error(error, call, index, scene):
    """One injected error. Afterwards, whatever was told, a kill and a recovery leave the old or the confirmed values."""
    with World() as world:
        world.start(tracer=["strace", "-qq", "-D", "-o", "/dev/null", "-e", f"trace={call}",
                            "-e", f"inject={call}:error={error}:when={index}"])
        told, at = "gone", f"{error} at {call} #{index}"
        try:
            told = scene(world)
        except (Gone, ConnectionError):
            pass
        except TimeoutError:
            yield f"{at}: no answer"
        if told == "journal" and scene is SCENES["apply"] and world.keys() != "old":
            yield f"{at}: refused, and the keys are {world.keys()}"
        if told == "stuck":
            world.undone(5)
        expected = ("new", "confirmed") if told == "" and scene is SCENES["confirm"] else \
            ("old", "undone") if told == "" and scene is SCENES["rollback"] else None
        world.kill()
        status = world.recover()
        if status:
            yield f"{at}: the recovery ended with {status}"
        now = (world.keys(), world.closed())
        if now not in (("old", "undone"), ("old", "none"), ("new", "confirmed")) or (expected and now != expected):
            yield f"{at}: told {told!r}, and it is {now}"
        elif told not in ("", "gone") and now[0] == "new":
            yield f"{at}: told {told!r}, and it is confirmed"


SCENES = {"apply": change_and(None), "confirm": change_and("confirm"), "rollback": change_and("rollback")}
INJECTED = collections.Counter()


def errors_in(name):
    """Each error at each call of a scene."""
    def check():
        with World() as world:
            base = traced(world, up)
        with World() as world:
            calls = traced(world, SCENES[name])
        errors = ("ENOSPC", "EIO", "EROFS", "EACCES", "EDQUOT") if FULL else ("ENOSPC",)
        count = 0
        for error in errors:
            for call in JOURNAL:
                for index in range(base[call] + 1, calls[call] + 1):
                    count += 1
                    yield from with_error(error, call, index, SCENES[name])
        INJECTED["points"] += count
        yield f"# {count} injected errors"
    check.__doc__ = "ENOSPC, EIO, EROFS, EACCES and EDQUOT at each openat, write, fsync, renameat and unlinkat, one at a time"
    return check


POINTS = [
    ("errors at each journal call of apply: refused or undone, never half", errors_in("apply")),
]
SLOW = [
    ("errors at each journal call of confirm: refused or undone, never half", errors_in("confirm")),
    ("errors at each journal call of rollback: refused or undone, never half", errors_in("rollback")),
]
