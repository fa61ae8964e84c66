# SPDX-License-Identifier: GPL-2.0-or-later
"""What the faults share."""
import sys

from harness import CHANGES, Paper

FULL = "--full" in sys.argv
RMEM, IDLE, WMEM = (change[0] for change in CHANGES)
FOREIGN = "4096 65536 1048576"  # what a third party writes


def refused(world, reply, error, keys="old", state="none"):
    """What is wrong unless the reply is that error, and nothing was changed."""
    if reply.get("error") != error or not reply.get("said"):
        yield f"expected {error} and a sentence: {reply.lines}"
    yield from world.wrong(keys, state)


def left_open(world, **fields):
    """The journal that a kill leaves, with the keys new; its bytes."""
    world.start()
    world.change()
    world.kill()
    world.stop()
    if fields:
        world.transaction().write_bytes(Paper.parse(world.transaction().read_bytes()).replaced(**fields).bytes())
    return world.transaction().read_bytes()
