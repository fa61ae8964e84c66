# SPDX-License-Identifier: GPL-2.0-or-later
"""Journals that are torn, foreign, planted."""
import os
import shutil

from faults.common import FULL, left_open, refused
from harness import Gone, Paper, World, netns


def is_aside(world, data):
    """Kept for a person, and no more in the way."""
    kept = [path.read_bytes() for path in world.state.glob("quarantine.*")]
    return kept == [data] and not world.transaction().exists()


def spoiled(world, data, what):
    """With that journal nothing is touched, and the next change is made."""
    for entry in world.state.iterdir():
        entry.unlink()
    world.set_keys(old=False)
    world.transaction().write_bytes(data)
    status = world.recover()
    if status or not is_aside(world, data) or world.keys() != "new":
        yield f"{what}: status {status}, {sorted(os.listdir(world.state))}, keys {world.keys()}"


def truncated():
    """At every byte, from empty on."""
    with World() as world:
        whole = left_open(world)
        for length in range(0, len(whole), 1 if FULL else 29):
            yield from spoiled(world, whole[:length], f"{length} bytes")
        world.set_keys(old=True)
        world.start()
        world.change()
        yield from world.wrong("new", "open")


def flipped():
    """One bit of each byte. In the first line it may be another version's: that is left as it is."""
    with World() as world:
        whole = left_open(world)
        first = whole.index(b"\n")
        for at in range(first if FULL else first + 7, len(whole), 1 if FULL else 37):
            data = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:]
            yield from spoiled(world, data, f"byte {at}")


def rebooted():
    """A reboot undid it: closed, and whatever the keys hold is left."""
    with World() as world:
        left_open(world, boot="00000000-0000-4000-8000-000000000000")
        if world.recover():
            yield "the recovery failed"
        yield from world.wrong("new", "rebooted")


def other_namespace():
    """Another network namespace's journal: nothing is touched, and nothing is applied over it."""
    with World() as world:
        data = left_open(world, netns="4026531999")
        if world.recover() == 0 or world.start().wait() == 0:
            yield "it was taken for its own"
        if world.transaction().read_bytes() != data:
            yield "the journal is not as it was"
        yield from world.wrong("new", "open")


def future():
    """A newer program's journal: refused, and kept for that program."""
    with World() as world:
        data = Paper.parse(left_open(world)).bytes(version="2")
        world.transaction().write_bytes(data)
        if world.recover() == 0 or world.start().wait() == 0:
            yield "it was taken for its own"
        if world.transaction().read_bytes() != data:
            yield "the journal is not as it was"
        yield from world.wrong("new", "open")


def future_guarded():
    """The same below a guardian: the caller is told or turned away, it does not wait for ever."""
    with World() as world:
        world.transaction().write_bytes(Paper.parse(left_open(world)).bytes(version="2"))
        world.guard()
        try:
            reply = world.connect().receive(world, patience=5)
            yield f"answered {reply.lines}"
        except (Gone, ConnectionError):
            pass
        except TimeoutError:
            yield "the caller waits, and nobody will answer"


def planted():
    """Links, pipes, and files of others in the state directory: nothing outside is touched, and no key."""
    with World() as world:
        data = left_open(world)
        victim = world.folder / "victim"

        def symlink():
            world.transaction().symlink_to(victim)

        def hardlink():
            os.link(victim, world.transaction())

        def fifo():
            os.mkfifo(world.transaction(), 0o600)

        def stranger():
            world.transaction().write_bytes(data)
            os.chown(world.transaction(), 65534, 65534)

        def writable():
            world.transaction().write_bytes(data)
            world.transaction().chmod(0o666)

        def directory():
            world.transaction().mkdir()

        for plant in (symlink, hardlink, fifo, stranger, writable, directory):
            shutil.rmtree(world.state)
            world.state.mkdir(mode=0o700)
            world.set_keys(old=False)
            victim.write_bytes(data)
            victim.chmod(0o600)
            plant()
            world.recover(patience=5)
            if world.keys() != "new" or victim.read_bytes() != data or os.path.lexists(world.transaction()):
                yield f"{plant.__name__}: keys {world.keys()}, {sorted(os.listdir(world.state))}"


def planted_fresh():
    """The same at the name that is written: it is replaced, never followed."""
    with World() as world:
        victim = world.folder / "victim"
        victim.write_text("untouched", encoding="ascii")
        (world.state / "transaction.new").symlink_to(victim)
        world.start()
        world.change()
        if victim.read_text(encoding="ascii") != "untouched":
            yield "a link was followed"
        yield from world.wrong("new", "open")


def wrong_directory():
    """A state directory that others own or may write to, or that is a link: it does not start."""
    with World() as world:
        for spoil in (lambda: world.state.chmod(0o777), lambda: os.chown(world.state, 65534, 65534), None):
            if spoil:
                spoil()
            else:
                os.chown(world.state, 0, 0)
                world.state.rename(world.folder / "elsewhere")
                world.state.symlink_to(world.folder / "elsewhere")
            if world.start().wait() == 0 or world.recover() == 0:
                yield "it started"
            world.stop()
            if not spoil:
                world.state.unlink()
                (world.folder / "elsewhere").rename(world.state)
            else:
                world.state.chmod(0o700)


POINTS = [
    ("journal truncated at any byte: set aside, no key touched", truncated),
    ("journal with a flipped bit: set aside, no key touched", flipped),
    ("journal of another boot: closed as rebooted, no key touched", rebooted),
    ("journal of another network namespace: refused and kept", other_namespace),
    ("journal of a later version: refused and kept", future),
    ("journal of a later version below a guardian: callers do not hang", future_guarded),
    ("symlink, hard link, pipe, directory, foreign or writable file as journal: set aside", planted),
    ("symlink where the journal is written: not followed", planted_fresh),
    ("state directory of others or writable by others: it does not start", wrong_directory),
]
