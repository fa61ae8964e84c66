# SPDX-License-Identifier: GPL-2.0-or-later
"""A health watcher that does not watch."""
import time

from faults.common import refused
from harness import UNKNOWN_ID, World


def no_health():
    """No health watcher: refused, nothing is written."""
    with World() as world:
        world.start()
        yield from refused(world, world.post(watch=False).receive(world), "no-health")


def no_baseline():
    """It is there and does not answer: refused, nothing is written."""
    with World() as world:
        world.start()
        yield from refused(world, world.post().receive(world), "no-health")


def no_heartbeat():
    """It stays connected and falls silent: undone."""
    with World() as world:
        world.start()
        world.change()
        world.undone(15)
        yield from world.wrong("old", "undone")


def health_killed():
    """The health watcher is gone: undone at once."""
    with World() as world:
        world.start()
        world.change()
        world.watcher.close()
        world.undone(2)
        yield from world.wrong("old", "undone")


def health_worse():
    """Worse, with its reason kept."""
    with World() as world:
        world.start()
        world.beat(world.change().get("id"), "worse", signal="retransmits 4 %")
        world.undone(2)
        yield from world.wrong("old", "undone")
        if world.history()[-1].get("reason") != "retransmits 4 %":
            yield f"reason: {world.history()[-1].get('reason')}"


def health_of_another():
    """A verdict about another transaction has no say, and keeps nothing alive."""
    with World() as world:
        world.start()
        world.change()
        world.beat(UNKNOWN_ID, "worse", signal="x")
        time.sleep(0.3)
        yield from world.wrong("new", "open")


def not_confirmed():
    """Nobody confirms, all else is well: undone when the time is over, not before."""
    with World() as world:
        world.start()
        ident = world.change(within=10).get("id")
        begun = time.monotonic()
        while world.closed() == "open" and time.monotonic() < begun + 15:
            world.beat(ident, "ok")
            time.sleep(0.1)
        took = time.monotonic() - begun
        if not 9.5 < took < 11:
            yield f"after {took:.1f} s"
        yield from world.wrong("old", "undone")


POINTS = [
    ("health watcher killed: undone at once", health_killed),
    ("health worse: undone at once, with the reason", health_worse),
    ("verdict about another transaction: no say", health_of_another),
]
SLOW = [
    ("no health watcher: refused before the first key", no_health),
    ("health watcher does not measure: refused before the first key", no_baseline),
    ("heartbeat lost: undone", no_heartbeat),
    ("not confirmed: undone in time", not_confirmed),
]
