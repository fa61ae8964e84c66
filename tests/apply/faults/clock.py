# SPDX-License-Identifier: GPL-2.0-or-later
"""A clock that is set."""
import time

import injected
from harness import Skip, World


def clock_set():
    """The clock is years off before, in and after the window: the deadline is not of that clock."""
    if not injected.library():
        raise Skip("no C compiler")
    for years in (-10, 10):
        with World() as world:
            clock = world.folder / "clock"
            clock.write_text("0", encoding="ascii")
            world.start(environment={"LD_PRELOAD": injected.library(), "INJECTED_CLOCK": str(clock)})
            ident = world.change(within=10).get("id")
            clock.write_text(str(years * 31557600), encoding="ascii")
            begun = time.monotonic()
            while world.closed() == "open" and time.monotonic() < begun + 15:
                world.beat(ident, "ok")
                time.sleep(0.1)
            took = time.monotonic() - begun
            if not 9.5 < took < 11:
                yield f"{years} years: after {took:.1f} s"
            yield from world.wrong("old", "undone")
            # The history knows which is the newest all the same, or at least all of it.
            if len(world.ask("list").lines) < 2:
                yield "the history is lost"


POINTS = [
]
SLOW = [
    ("clock set ten years back and forth: deadline unaffected", clock_set),
]
