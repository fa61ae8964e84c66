# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that does not do what it was asked."""
import os
import signal
import subprocess

import injected
from faults.common import RMEM, WMEM, left_open, refused
from harness import APPLIER, CHANGES, Skip, World, path_of, read_key, write_key


def spoiled_write(what, how):
    """A vector whose new value the kernel does not take as asked; an undo goes through."""
    def check():
        if not injected.library():
            raise Skip("no C compiler")
        with World() as world:
            world.start(environment={"LD_PRELOAD": injected.library(), "INJECTED_WRITE": f"{what}:{WMEM}"})
            yield from refused(world, world.change(), "write", "old", "undone")
    check.__doc__ = how
    return check


def normalised():
    """A key whose value the kernel writes in another way than it was asked: undone, told, or taken as it is meant."""
    key = "net.ipv4.ip_local_reserved_ports"
    with World([*CHANGES[:1], (key, "", "8080-8082,8083")]) as world:
        world.start()
        reply = world.change()
        if reply.get("error"):
            yield from refused(world, reply, "write", "old", "undone")
            return
        world.ask("rollback", id=reply.get("id"))
        yield from world.wrong("old", "undone")


def empty_again():
    """An old value that is empty is restored as that."""
    key = "net.ipv4.ip_local_reserved_ports"
    with World([*CHANGES[:1], (key, "", "8080-8083")]) as world:
        write_key(key, "\n")
        world.start()
        reply = world.change()
        if reply.get("error"):
            yield f"refused: {reply.lines}"
        yield from world.wrong("new", "open")
        world.ask("rollback", id=reply.get("id"))
        yield from world.wrong("old", "undone")


def refused_by_kernel():
    """A congestion control that the kernel does not have: what was written before is undone."""
    key = "net.ipv4.tcp_congestion_control"
    with World([*CHANGES, (key, read_key(key), "illinois")]) as world:
        available = open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii").read()
        if "illinois" in available:
            raise Skip("this kernel has illinois")
        world.start()
        yield from refused(world, world.change(), "write", "old", "undone")


def readonly_keys():
    """/proc/sys is read-only, as in a container: refused before anything is written."""
    with World() as world:
        world.start(prefix=["unshare", "-m", "sh", "-c", 'mount -o bind /proc/sys /proc/sys && '
                            'mount -o remount,bind,ro /proc/sys && export LISTEN_PID=$$ && exec "$@"', "sh"])
        yield from refused(world, world.post().receive(world), "unavailable")


def absent_key():
    """A key that this kernel or namespace has not: refused before anything is written."""
    key = "net.core.default_qdisc"
    if os.path.exists(path_of(key)):
        raise Skip(f"{key} is here")
    with World() as world:
        world.start()
        caller = world.connect()
        caller.send(world.request(changes=[*CHANGES, (key, "pfifo_fast", "fq")]))
        yield from refused(world, caller.receive(world), "unavailable")


def stuck():
    """A key that cannot be restored: the others are, it is told, and tried until it can be."""
    if not injected.library():
        raise Skip("no C compiler")
    with World() as world:
        trouble = world.folder / "trouble"
        world.start(environment={"LD_PRELOAD": injected.library(), "INJECTED_WRITE": f"EROFS:{RMEM}:{trouble}"})
        ident = world.change().get("id")
        trouble.touch()
        reply = world.ask("rollback", id=ident)
        if reply.get("error") != "stuck" or world.closed() != "open":
            yield f"told {reply.lines}, {world.closed()}"
        if read_key(RMEM) != CHANGES[0][2] or read_key(WMEM) != CHANGES[2][1]:
            yield f"keys: {world.keys()}"
        yield from [f"{verb}: {error}" for verb in ("confirm", "rollback")
                    for error in [world.ask(verb, id=ident).get("error")] if error in ("", "done")]
        if world.post().receive(world).get("error") != "busy":
            yield "it takes another one meanwhile"
        trouble.unlink()
        world.undone(5)
        yield from world.wrong("old", "undone")


def stuck_and_stopped():
    """The same, and it is stopped: it ends with an error, and the recovery restores."""
    if not injected.library():
        raise Skip("no C compiler")
    with World() as world:
        trouble = world.folder / "trouble"
        trouble.touch()
        world.start(environment={"LD_PRELOAD": injected.library(), "INJECTED_WRITE": f"EROFS:{RMEM}:{trouble}"})
        trouble.unlink()
        world.change()
        trouble.touch()
        if world.kill(signal.SIGTERM) == 0:
            yield "it ended as if all were well"
        if world.closed() != "open":
            yield "the journal is closed"
        world.recover()
        yield from world.wrong("old", "undone")


def vanished():
    """A key goes away in the window: the others are undone, and it is told."""
    if not injected.library():
        raise Skip("no C compiler")
    with World() as world:
        left_open(world)
        environment = {**os.environ, "LD_PRELOAD": injected.library(), "INJECTED_OPEN": f"ENOENT:{RMEM}"}
        subprocess.run([APPLIER, "--recover", *world.arguments()], check=False, env=environment, stderr=subprocess.DEVNULL)
        if world.closed() != "undone" or RMEM not in world.history()[-1].taken() or read_key(WMEM) != CHANGES[2][1]:
            yield f"{world.closed()}, {world.keys()}"


POINTS = [
    ("vector written half (short count): all undone", spoiled_write("6", "A write that takes six bytes and says so")),
    ("vector written half (EINVAL after a part): all undone", spoiled_write("EINVAL+", "A write that takes half of the bytes and then fails")),
    ("value refused by the kernel (EINVAL): all undone", spoiled_write("EINVAL", "A write that fails")),
    ("value clamped by the kernel: all undone", spoiled_write("clamp", "A write that succeeds, with another value")),
    ("value written in another form by the kernel: undone or taken", normalised),
    ("an empty old value: restored as empty", empty_again),
    ("congestion control that is not there: all undone", refused_by_kernel),
    ("/proc/sys read-only: refused before the first key", readonly_keys),
    ("key absent in this namespace: refused before the first key", absent_key),
    ("restoring a key fails: others restored, told, tried until it works", stuck),
    ("restoring a key fails and it is stopped: error, recovered later", stuck_and_stopped),
    ("key vanished: others restored, told", vanished),
]
