# SPDX-License-Identifier: GPL-2.0-or-later
"""In the virtual machine: say what the boot before left, then go to the point at which the power is to be cut.

The kernel's command line has guest=SCENE or guest=SCENE/CALL/NUMBER: the scene is played, and the program in question is
stopped after it has made that system call for the NUMBERth time in the scene.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, "/t")
sys.dont_write_bytecode = True
os.environ["TCPADVISOR_BUILDDIR"] = "/t"

import harness  # noqa: E402

STATE = pathlib.Path("/var/lib/tcpadvisor-apply")
DROP_IN = pathlib.Path("/etc/sysctl.d/95-tcpadvisor.conf")
# Keys that a network namespace of its own would not have are among them.
KEYS = (("net.ipv4.tcp_rmem", "4096 262144 20971520"), ("net.core.default_qdisc", "fq"), ("net.core.rmem_max", "8388608"))


def say(*words):
    """For those outside."""
    with open("/dev/console", "w", encoding="ascii") as console:
        console.write("\n" + " ".join(words) + "\n")


class Guest(harness.World):
    """The host's own keys and the place where the service keeps its journal."""

    def __init__(self):
        super().__init__([(key, harness.read_key(key), new) for key, new in KEYS])
        self.state = STATE

    def __exit__(self, *_):
        self.stop()


def stopped(world):
    """Whether strace has stopped the process for good: in between it does at each system call, for a moment."""
    status = pathlib.Path(f"/proc/{world.process.pid}/status")
    for _ in range(8):
        if not re.search(r"^State:\s+[tT]", status.read_text(encoding="ascii"), re.M):
            return False
        time.sleep(0.05)
    return True


def report():
    """After a boot: recover, and tell what there is."""
    done = subprocess.run(["/t/tcpadvisor-apply", "--recover", f"--state={STATE}"], check=False, stderr=subprocess.DEVNULL)
    states = [harness.Paper.parse(path.read_bytes()).get("state") for path in sorted(STATE.glob("history.*"))]
    open_one = "open" if (STATE / "transaction").exists() else "closed"
    aside = sum(1 for _ in STATE.glob("quarantine.*"))
    lines = len(DROP_IN.read_text(encoding="ascii").splitlines()) if DROP_IN.exists() else -1
    say("AFTER", f"recovery={done.returncode}", f"journal={open_one}", f"last={states[-1] if states else 'none'}",
        f"aside={aside}", f"dropin={lines}",
        f"keys={'|'.join(harness.read_key(key).replace(' ', ',') for key, _ in KEYS)}")
    # The next scene starts from nothing.
    for entry in [*STATE.iterdir(), *DROP_IN.parent.glob("95-tcpadvisor*")]:
        entry.unlink()
    os.sync()


def confirmed(world):
    """A change that stays."""
    ident = world.change(within=60, persist="yes").get("id")
    world.ask("confirm", id=ident)
    return ident


def persist(world, tracer=()):
    """Keep what is confirmed."""
    ident = confirmed(world)
    return subprocess.Popen([*tracer, "/t/tcpadvisor-persist", f"--socket={world.apply}", ident])  # pylint: disable=R1732


def suspend(world):
    """Sleep over the deadline; how long after waking it was undone, and why."""
    world.change(within=10)
    pathlib.Path("/sys/class/rtc/rtc0/wakealarm").write_text("+20", encoding="ascii")
    pathlib.Path("/sys/power/state").write_text("mem", encoding="ascii")
    woke = time.monotonic()
    world.undone()
    say("WOKE", f"{time.monotonic() - woke:.1f}", world.keys(), world.closed(), world.history()[-1].get("reason"))


def tracer(call, number):
    """Stops what it traces after a call: a signal waits until that is over."""
    return ["strace", "-qq", "-D", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=STOP:when={number}"]


def play(scene, call, number):
    """Up to the point."""
    with Guest() as world:
        if scene == "persist" and call:
            world.start()
            world.process = persist(world, tracer(call, number))
            world.until(lambda: stopped(world), "not stopped", 60)
        elif scene == "persist":
            world.start()
            say("PERSIST", str(persist(world).wait()))
        elif scene == "suspend":
            suspend(world.start())
        else:
            world.start()
            ident = world.change(within=60).get("id") if scene != "apply" else None
            if call:
                subprocess.Popen([*(w for w in tracer(call, number) if w != "-D"), "-p", str(world.process.pid)])
                world.until(lambda: "TracerPid:\t0" not in pathlib.Path(
                    f"/proc/{world.process.pid}/status").read_text(encoding="ascii"), "not traced")
            if scene == "apply":
                world.post(within=60)
                world.measure()
            elif scene in ("confirm", "rollback"):
                caller = world.connect()
                caller.send(harness.Paper.of(scene, id=ident))
            if call:
                world.until(lambda: stopped(world), "not stopped", 60)
            elif scene == "apply":
                world.until(lambda: world.keys() == "new", "not applied")
            else:
                caller.receive(world)
        say("MARK")
        signal.pause()


def main():
    """As the command line says."""
    words = re.search(r"guest=(\S+)", pathlib.Path("/proc/cmdline").read_text(encoding="ascii")).group(1)
    scene, call, number = (words.split("/") + ["", ""])[:3]
    report()
    play(scene, call, number)


try:
    main()
except BaseException as error:  # pylint: disable=W0718
    say("BROKEN", repr(error).replace("\n", " "))
    raise
