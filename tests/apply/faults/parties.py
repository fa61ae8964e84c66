# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else changes a key meanwhile."""
import signal

from faults.common import FOREIGN, IDLE, RMEM, WMEM, refused
from harness import CHANGES, World, read_key, write_key


def third_party(ending):
    """Somebody changes a key in the window; ENDING closes it. That key is left alone, and it is told."""
    def check():
        with World() as world:
            world.start()
            ident = world.change().get("id")
            write_key(RMEM, FOREIGN)
            ending(world, ident)
            if (read_key(RMEM), read_key(IDLE), read_key(WMEM)) != (FOREIGN, CHANGES[1][1], CHANGES[2][1]):
                yield f"keys: {world.keys()}"
            paper = world.history()[-1]
            if paper.taken() != {RMEM: FOREIGN} or paper.get("state") != "undone":
                yield f"{paper.get('state')}, taken: {paper.taken()}"
    check.__doc__ = f"One of three keys is written by hand; then: {ending.__doc__}"
    return check


def by_kill(world, _):
    """The applier dies, and the next one recovers."""
    world.kill()
    world.recover()


def by_person(world, ident):
    """A rollback."""
    world.ask("rollback", id=ident)


def by_health(world, ident):
    """Worse."""
    world.beat(ident, "worse", signal="retransmits")
    world.undone()


def by_sigterm(world, _):
    """The service is stopped."""
    world.kill(signal.SIGTERM)


def third_party_confirm():
    """Confirmed meanwhile: what somebody else wrote stays, and a later rollback leaves it too."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        write_key(RMEM, FOREIGN)
        reply = world.ask("confirm", id=ident)
        if reply.taken() != {RMEM: FOREIGN} or reply.get("state") != "confirmed":
            yield f"told: {reply.lines}"
        world.ask("rollback", id=ident)
        if (read_key(RMEM), read_key(IDLE), read_key(WMEM)) != (FOREIGN, CHANGES[1][1], CHANGES[2][1]):
            yield f"keys: {world.keys()}"


def third_party_back():
    """Somebody puts the old value back: nothing is left to undo of it."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        write_key(RMEM, CHANGES[0][1])
        world.ask("rollback", id=ident)
        yield from world.wrong("old", "undone")


def third_party_and_ours_again():
    """Somebody changes a key and then back to ours: it is ours again, undone, and not told as taken."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        write_key(RMEM, FOREIGN)
        world.beat(ident)
        world.until(lambda: world.ask("show").taken() == {RMEM: FOREIGN}, "it is not seen")
        write_key(RMEM, CHANGES[0][2])
        world.ask("rollback", id=ident)
        yield from world.wrong("old", "undone")
        if world.history()[-1].taken():
            yield f"taken: {world.history()[-1].taken()}"


def stale():
    """Somebody has changed a key since the plan was made: refused, nothing is written."""
    with World() as world:
        world.start()
        write_key(WMEM, FOREIGN)
        reply = world.post().receive(world)
        if reply.get("error") != "stale" or (read_key(RMEM), read_key(WMEM)) != (CHANGES[0][1], FOREIGN):
            yield f"{reply.lines}, keys {world.keys()}"


def stale_while_measured():
    """The same after the request was taken."""
    with World() as world:
        world.start()
        caller = world.post()
        world.until(lambda: world.watcher.socket.recv(1, 0x2), "not asked")  # MSG_PEEK
        write_key(WMEM, FOREIGN)
        world.measure()
        reply = caller.receive(world)
        if reply.get("error") != "stale" or read_key(RMEM) != CHANGES[0][1] or world.closed() != "none":
            yield f"{reply.lines}, keys {world.keys()}, {world.closed()}"


POINTS = [
    ("third party changes a key, rollback: left alone and told", third_party(by_person)),
    ("third party changes a key, worse health: left alone and told", third_party(by_health)),
    ("third party changes a key, SIGTERM: left alone and told", third_party(by_sigterm)),
    ("third party changes a key, SIGKILL and recovery: left alone and told", third_party(by_kill)),
    ("third party changes a key, confirm and later rollback: left alone and told", third_party_confirm),
    ("third party restores the old value: nothing is left to undo", third_party_back),
    ("third party changes a key and back: undone, not told as taken", third_party_and_ours_again),
    ("third party changes a key before the request: refused as stale", stale),
    ("third party changes a key while health is measured: refused as stale", stale_while_measured),
]
