# SPDX-License-Identifier: GPL-2.0-or-later
"""Callers that come at once, too late, uninvited or with nonsense."""
import collections
import os
import subprocess
import sys
import time

from faults.common import FULL, IDLE, RMEM, refused
from harness import CHANGES, Gone, Paper, UNKNOWN_ID, World, netns


def two_requests():
    """The second is told that one is open; the first is not disturbed."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        reply = world.ask("apply", changes=CHANGES[:1], netns=os.stat("/proc/self/ns/net").st_ino, within=60)
        yield from refused(world, reply, "busy", "new", "open")
        if world.ask("show").get("id") != ident:
            yield "the first one is lost"


def two_at_once():
    """Two requests before health has answered: one is made."""
    with World() as world:
        world.start()
        first, second = world.post(), world.post()
        answers = []
        world.measure()
        for caller in (first, second):
            answers.append(caller.receive(world).get("error"))
        if sorted(answers) != ["", "busy"]:
            yield f"answers: {answers}"
        yield from world.wrong("new", "open")


def two_appliers():
    """The second ends, and the first goes on."""
    with World() as world:
        world.start()
        world.change()
        first, pidfd = world.process, world.pidfd
        if world.start().wait(5) == 0 or world.recover() != 0:
            yield "the second one did not end"
        os.close(world.pidfd)
        world.process, world.pidfd = first, pidfd
        if not world.alive():
            yield "the first one ended"
        yield from world.wrong("new", "open")


def confirm_races():
    """Confirmed and rolled back by two callers at once: one wins, and both are told the same."""
    won = collections.Counter()
    for turn in range(60 if FULL else 16):
        with World() as world:
            world.start()
            ident = world.change().get("id")
            callers = [world.connect(), world.connect()]
            world.ask("list")  # both are accepted
            requests = [Paper.of("confirm", id=ident), Paper.of("rollback", id=ident)]
            for at in (0, 1) if turn % 2 else (1, 0):
                callers[at].send(requests[at])
            confirm, rollback = (caller.receive(world) for caller in callers)
            state, keys = world.closed(), world.keys()
            won[state] += 1
            # What was confirmed before may be rolled back after: then both were done, in that order.
            if state != "undone" or keys != "old" or rollback.get("error") or confirm.get("error") not in ("", "too-late"):
                yield f"{state}, {keys}, confirm {confirm.get('error')}, rollback {rollback.get('error')}"


def late_confirms():
    """After the undo, with a wrong id, and twice."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        yield from refused(world, world.ask("confirm", id=UNKNOWN_ID), "unknown-id", "new", "open")
        yield from refused(world, world.ask("confirm"), "unknown-id", "new", "open")
        yield from refused(world, world.ask("rollback", id=UNKNOWN_ID), "busy", "new", "open")
        world.ask("rollback", id=ident)
        yield from refused(world, world.ask("confirm", id=ident), "too-late", "old", "undone")
        ident = world.change().get("id")
        for _ in range(2):
            reply = world.ask("confirm", id=ident)
            if reply.get("error") or reply.get("state") != "confirmed":
                yield f"confirm: {reply.lines}"
            yield from world.wrong("new", "confirmed")


def frozen():
    """While the file is there nothing is applied; what is open can still be confirmed and undone."""
    with World() as world:
        world.start()
        world.freeze.touch()
        yield from refused(world, world.post().receive(world), "frozen")
        world.freeze.unlink()
        ident = world.change().get("id")
        world.freeze.touch()
        world.ask("rollback", id=ident)
        yield from world.wrong("old", "undone")


def unvetted():
    """Keys that are never applied, tricks with names, values out of bounds: nothing is written."""
    with World() as world:
        world.start()
        number = [("kernel.core_pattern", "core", "|/bin/sh", "not-vetted"),
                  ("net.ipv4.../../kernel.core_pattern", "core", "|/bin/sh", "not-vetted"),
                  ("net/ipv4/tcp_sack", "1", "0", "not-vetted"),
                  ("vm.overcommit_memory", "0", "1", "not-vetted"),
                  ("fs.file-max", "1", "2", "not-vetted"),
                  ("net.ipv4.ip_forward", "0", "1", "not-vetted"),
                  ("net.ipv4.conf.all.rp_filter", "0", "1", "not-vetted"),
                  ("net.ipv4.tcp_sack", "1", "0", "bounds"),
                  (RMEM, CHANGES[0][1], "4096 131072 99999999999", "bounds"),
                  (RMEM, CHANGES[0][1], "8192 131072 4096", "bounds"),
                  (RMEM, CHANGES[0][1], "4096 131072", "bounds"),
                  (RMEM, CHANGES[0][1], "4096 131072 8388608 9", "bounds"),
                  (IDLE, "1", "-5", "bounds"),
                  (IDLE, "1", "0x0", "bounds")]
        for key, old, new, error in number:
            caller = world.connect()
            caller.send(world.request(changes=[*CHANGES[:1], (key, old, new)] if key != RMEM else [(key, old, new)]))
            reply = caller.receive(world)
            if reply.get("error") != error:
                yield f"{key} = {new}: {reply.get('error')!r}"
            caller.close()
            yield from world.wrong("old", "none")
        twice = world.connect()
        twice.send(world.request(changes=[CHANGES[1], CHANGES[1]]))
        yield from refused(world, twice.receive(world), "invalid")
        elsewhere = world.ask("apply", netns=1, within=60, change=IDLE, old="1", new="0")
        yield from refused(world, elsewhere, "namespace")


def strangers():
    """Others than root are turned away, even where the socket's mode would let them in."""
    program = ("import os, socket, sys\nos.setuid(65534)\n"
               "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns.settimeout(5)\ns.connect(sys.argv[1])\n"
               "s.send(open(0, 'rb').read())\nprint(len(s.recv(1 << 18)))")
    with World() as world:
        world.start()
        ident = world.change().get("id")
        world.folder.chmod(0o777)
        world.apply.chmod(0o777)
        for request in (Paper.of("confirm", id=ident), Paper.of("rollback", id=ident), Paper.of("show")):
            done = subprocess.run([sys.executable, "-c", program, str(world.apply)], check=False,
                                  input=request.bytes(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            if done.returncode == 0 and int(done.stdout):
                yield f"answered {request.get('verb')}"
        yield from world.wrong("new", "open")


def garbage():
    """Whatever a caller says: it is told or dropped, and the open transaction stays as it is."""
    whole = Paper.of("confirm", id=UNKNOWN_ID).bytes()
    with World() as world:
        world.start()
        ident = world.change().get("id")
        for data in (b"x", b"\0" * 100, whole[:-1], whole + b"x", b"tcpadvisor-apply 1\n" * 5000, os.urandom(65536),
                     whole.replace(b"confirm", b"journal"), Paper.of("heartbeat", id=ident, verdict="worse").bytes(),
                     Paper.of("confirm", id=ident).bytes(version="2")):
            caller = world.connect()
            caller.send(data)
            try:
                if caller.receive(world).get("error") != "invalid":
                    yield f"{data[:40]!r} was taken"
            except Gone:
                pass
            caller.close()
        yield from world.wrong("new", "open")
        if not world.alive() or world.ask("show").get("id") != ident:
            yield "it does not answer any more"


def health_garbage():
    """The health watcher talks nonsense: undone."""
    for data in (b"x", os.urandom(1000), Paper.of("heartbeat").bytes()[:-2]):
        with World() as world:
            world.start()
            world.change()
            world.watcher.send(data)
            world.undone(5)
            yield from world.wrong("old", "undone")


def crowd():
    """A hundred callers that say nothing: the deadline's and the watcher's undo come none the later."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        for _ in range(100):
            try:
                world.connect()
            except BlockingIOError:
                break
        before = time.monotonic()
        world.beat(ident, "worse", signal="retransmits")
        world.undone(5)
        if time.monotonic() - before > 2:
            yield "it was late"
        yield from world.wrong("old", "undone")


def crowd_confirm():
    """After they left, a confirm gets through."""
    with World() as world:
        world.start()
        ident = world.change().get("id")
        callers = [world.connect() for _ in range(12)]
        time.sleep(0.2)
        for caller in callers:
            caller.close()
        if world.ask("confirm", id=ident).get("error"):
            yield "not confirmed"
        yield from world.wrong("new", "confirmed")


POINTS = [
    ("a second request while one is open: refused, the first undisturbed", two_requests),
    ("two requests at once: one is made", two_at_once),
    ("two appliers on one state directory: the second ends", two_appliers),
    ("confirm and rollback at once: one order, both told", confirm_races),
    ("confirm after the undo, with a wrong id, without id, twice", late_confirms),
    ("freeze file: no apply, but undo", frozen),
    ("keys that are not vetted, tricks with names, values out of bounds: refused", unvetted),
    ("callers who are not root: no answer", strangers),
    ("garbage from callers: refused, the transaction stays", garbage),
    ("garbage from the health watcher: undone", health_garbage),
    ("100 silent callers: the undo is not late", crowd),
    ("a crowd that left: the confirm gets through", crowd_confirm),
]
