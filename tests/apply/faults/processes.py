# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that are killed, stopped, replaced, or short of descriptors."""
import os
import shutil
import signal
import subprocess

from faults.common import refused
from harness import APPLIER, Gone, World


def caller_leaves():
    """Who asked is killed before anything was written: nothing is."""
    with World() as world:
        world.start()
        caller = world.post()
        caller.close()
        world.measure()
        world.kill(signal.SIGTERM)
        yield from world.wrong("old", "none")


def sigterm():
    """Stopped in the window: undone before it ends."""
    with World() as world:
        world.start()
        world.change()
        if world.kill(signal.SIGTERM):
            yield "it ended with an error"
        yield from world.wrong("old", "undone")


def upgrade():
    """The program is replaced and the service restarted in the window: the old one undoes, the new one works."""
    with World() as world:
        program = world.folder / "applier"
        shutil.copy(APPLIER, program)
        world.start(program=program)
        ident = world.change().get("id")
        shutil.copy(APPLIER, world.folder / "applier.new")
        (world.folder / "applier.new").rename(program)
        world.kill(signal.SIGTERM)
        yield from world.wrong("old", "undone")
        world.stop()
        world.start(program=program)
        yield from refused(world, world.ask("confirm", id=ident), "too-late", "old", "undone")
        world.change()
        yield from world.wrong("new", "open")


def guardian_killed():
    """The guardian is killed: its applier undoes."""
    with World() as world:
        world.guard()
        world.change()
        world.kill()
        world.until(lambda: world.closed() != "open", "it is not closed", 5)
        yield from world.wrong("old", "undone")


def guardian_recovers():
    """The applier is killed: the guardian undoes, and another one can be started."""
    with World() as world:
        world.guard()
        world.change()
        os.kill(world.child(), signal.SIGKILL)
        world.wait(5)
        yield from world.wrong("old", "undone")
        world.stop()
        world.guard()
        world.change()
        yield from world.wrong("new", "open")


def two_guardians():
    """The second ends; the first is not disturbed."""
    with World() as world:
        world.guard()
        world.change()
        again = subprocess.run([APPLIER, "--foreground", f"--socket={world.apply}", f"--health-socket={world.health}",
                                "--health=no", *world.arguments()], check=False, timeout=5, stderr=subprocess.DEVNULL)
        if again.returncode == 0:
            yield "the second one was content"
        yield from world.wrong("new", "open")
        if world.ask("show").get("error"):
            yield "the first one does not answer any more"


def few_descriptors():
    """No descriptor is left: refused or done, and the undo needs none but the journal's."""
    for limit in range(8, 24):
        with World() as world:
            world.start(prefix=["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh"])
            try:
                reply = world.change()
                if not reply.get("error"):
                    yield from world.wrong("new", "open")
                    world.watcher.close()
                    world.undone(5)
            except (Gone, TimeoutError):
                pass
            world.kill(signal.SIGTERM)
            world.recover()
            if world.keys() != "old" or world.closed() == "open":
                yield f"{limit} descriptors: {world.keys()}, {world.closed()}"


POINTS = [
    ("two guardians on one socket: the second ends", two_guardians),
    ("caller killed before the first write: nothing is changed", caller_leaves),
    ("SIGTERM in the window: undone before the end", sigterm),
    ("upgrade in the window: undone, and the new program works", upgrade),
    ("guardian killed: the applier undoes", guardian_killed),
    ("applier killed: the guardian undoes", guardian_recovers),
    ("few file descriptors: refused or done, never half", few_descriptors),
]
