# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that is full or read-only."""
import subprocess

from faults.common import refused
from harness import Skip, World


def mounted(world, options):
    """The state directory on a file system of its own."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(world.state)], check=True)


def full():
    """No room: refused, and no key was written."""
    with World() as world:
        mounted(world, "mode=700,size=8k")
        (world.state / "ballast").write_bytes(bytes(8192)[:4096])
        world.start()
        (world.state / "more").write_bytes(bytes(4096))
        yield from refused(world, world.change(), "journal")


def undo_without_room(world):
    """A change that is undone while there is no room for its journal; the file that takes the room."""
    mounted(world, "mode=700,size=16k")
    world.start()
    ident = world.change().get("id")
    ballast = world.state / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    world.beat(ident, "worse", signal="retransmits")
    world.until(lambda: world.keys() == "old", "the keys are not restored")
    return ballast


def full_before_undo():
    """No room when it is to be undone: the keys are old at once, the journal follows when there is room."""
    with World() as world:
        ballast = undo_without_room(world)
        if world.closed() != "open":
            yield f"closed as {world.closed()}"
        ballast.unlink()
        world.undone()
        yield from world.wrong("old", "undone")


def immutable(world, how):
    """Nothing can be made, renamed or removed in the state directory any more, or again."""
    if subprocess.run(["chattr", how, str(world.state)], check=False, stderr=subprocess.DEVNULL).returncode:
        raise Skip("no immutable directories here")


def read_only():
    """A state directory on a read-only file system: it does not start, and says so; nothing is written."""
    with World() as world:
        mounted(world, "mode=700,ro")
        if world.start().wait(5) == 0 or world.recover() == 0:
            yield "it ended as if all were well"
        yield from world.wrong("old", "none")


def read_only_later():
    """A state directory that cannot be written any more: refused, and no key was written."""
    with World() as world:
        mounted(world, "mode=700")
        world.start()
        world.ask("list")
        immutable(world, "+i")
        try:
            yield from refused(world, world.change(), "journal")
        finally:
            immutable(world, "-i")


def read_only_before_confirm():
    """It cannot be confirmed: told so, it stays open, and a kill undoes it."""
    with World() as world:
        mounted(world, "mode=700")
        world.start()
        ident = world.change().get("id")
        immutable(world, "+i")
        try:
            yield from refused(world, world.ask("confirm", id=ident), "journal", "new", "open")
        finally:
            immutable(world, "-i")
        world.kill()
        world.recover()
        yield from world.wrong("old", "undone")


def full_after_undo():
    """Undone without room for the journal, then set again by somebody, then killed: what they set stays."""
    with World() as world:
        ballast = undo_without_room(world)
        world.until((world.state / "restored").exists, "nothing says that it is restored")
        world.set_keys(old=False)
        world.kill()
        ballast.unlink()
        world.recover()
        yield from world.wrong("new", "undone")


POINTS = [
    ("no room for the journal: refused before the first key", full),
    ("no room at the undo: keys restored at once, journal closed later", full_before_undo),
    ("no room at the undo, then killed: what others set since stays", full_after_undo),
    ("state directory read-only: it does not start", read_only),
    ("state directory read-only meanwhile: refused before the first key", read_only_later),
    ("state directory read-only at the confirm: told, and undone", read_only_before_confirm),
]
