# SPDX-License-Identifier: GPL-2.0-or-later
"""An applier in a world of its own: its sockets, its journal, its caller and its health watcher; and what the keys hold."""
import fcntl
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("TCPADVISOR_BUILDDIR", os.path.join(HERE, "..", "..", "build"))
APPLIER = os.path.abspath(os.path.join(BUILD, "tcpadvisor-apply"))
PATIENCE = 20
UNKNOWN_ID = "0123456789abcdef" * 2
CHANGES = (
    ("net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 262144 20971520"),
    ("net.ipv4.tcp_slow_start_after_idle", "1", "0"),
    ("net.ipv4.tcp_wmem", "4096 16384 4194304", "8192 65536 16777216"),
)


class Skip(Exception):
    """This machine cannot run the point; the text says why."""


class Gone(Exception):
    """The applier closed the connection, or ended."""


class Paper:
    """Lines of a paper, and what they say."""

    def __init__(self, lines):
        self.lines = lines

    @classmethod
    def of(cls, verb, changes=(), **fields):
        """A paper with fields and changes (key, old, new)."""
        lines = [("verb", verb)] + [(name, str(value)) for name, value in fields.items()]
        for key, old, new in changes:
            lines += [("change", key), ("old", old), ("new", new), ("why", "test.finding")]
        return cls(lines)

    @classmethod
    def parse(cls, data):
        """From bytes; a checksum that does not hold is an error."""
        head, _, end = data.rpartition(b"end ")
        if end != b"%08x\n" % zlib.crc32(head):
            raise ValueError(f"no paper: {data!r}")
        lines = [tuple(line.split(" ", 1)) for line in head.decode("ascii").splitlines()]
        if lines[0] != ("tcpadvisor-apply", "1"):
            raise ValueError(f"another version: {lines[0]}")
        return cls(lines[1:])

    def bytes(self, version="1"):
        """As it is sent and kept."""
        text = "".join(f"{name} {value}\n" for name, value in [("tcpadvisor-apply", version)] + self.lines)
        return text.encode("ascii") + b"end %08x\n" % zlib.crc32(text.encode("ascii"))

    def get(self, name, missing=""):
        """The first line of that name."""
        return next((value for key, value in self.lines if key == name), missing)

    def replaced(self, **fields):
        """The same with other values of lines that it has."""
        return Paper([(name, str(fields.get(name, value))) for name, value in self.lines])

    def taken(self):
        """{key: what somebody else made of it}"""
        result, key = {}, None
        for name, value in self.lines:
            if name == "change":
                key = value
            elif name == "taken":
                result[key] = value
        return result


def path_of(key):
    """The file of a key."""
    return "/proc/sys/" + key.replace(".", "/")


def read_key(key):
    """What it holds, elements joined by one blank."""
    with open(path_of(key), encoding="ascii") as file:
        return " ".join(file.read().split())


def write_key(key, value):
    """As anybody else would."""
    with open(path_of(key), "w", encoding="ascii") as file:
        file.write(value)


def netns():
    """Inode of the network namespace."""
    return os.stat("/proc/self/ns/net").st_ino


def boot_id():
    """Of the running kernel."""
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


class Connection:
    """One end of a socket that speaks papers."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        try:
            self.socket.connect(str(path))
        except (FileNotFoundError, ConnectionError) as error:
            raise Gone from error

    def close(self):
        """The caller leaves."""
        self.socket.close()

    def send(self, paper):
        """A Paper, or bytes as they are."""
        try:
            self.socket.send(paper if isinstance(paper, bytes) else paper.bytes())
        except (BrokenPipeError, ConnectionError) as error:
            raise Gone from error

    def is_answered(self):
        """Whether something is there to be received."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def receive(self, world, patience=PATIENCE):
        """The next paper. Gone: the connection or the applier of the world ended."""
        ready, _, _ = select.select([self.socket, *world.ends()], [], [], patience)
        if not ready:
            raise TimeoutError("no answer")
        if self.socket not in ready:
            # What it said before it ended is still there.
            if not self.is_answered():
                raise Gone
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError as error:
            raise Gone from error
        if not data:
            raise Gone
        return Paper.parse(data)


class World:
    """Keys with old values, an empty state directory, sockets; and the applier, once it is started."""

    def __init__(self, changes=CHANGES):
        self.changes = changes
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="apply-"))
        self.state = self.folder / "state"
        self.apply, self.health, self.freeze = (self.folder / name for name in ("apply", "health", "freeze"))
        self.process = self.watcher = None
        self.listening = []
        self.connections = []
        self.pidfd = -1
        self.state.mkdir(mode=0o700)
        self.set_keys(old=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        subprocess.run(["umount", "-q", str(self.state)], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Keys

    def set_keys(self, old):
        """All to the old values, or all to the new ones."""
        for key, before, after in self.changes:
            write_key(key, before if old else after)

    def keys(self):
        """"old", "new", or what they hold."""
        now = [read_key(key) for key, _, _ in self.changes]
        if now == [before for _, before, _ in self.changes]:
            return "old"
        return "new" if now == [after for _, _, after in self.changes] else str(now)

    # Journal

    def transaction(self):
        """The file of the open one."""
        return self.state / "transaction"

    def history(self):
        """Closed transactions, the oldest first."""
        return [Paper.parse(path.read_bytes()) for path in sorted(self.state.glob("history.*"))]

    def closed(self):
        """State of the last closed transaction, "none" without one, "open" where one is not closed."""
        if self.transaction().exists() or (self.state / "restored").exists():
            return "open"
        papers = self.history()
        return papers[-1].get("state") if papers else "none"

    def wrong(self, keys, state):
        """What is not as expected, or nothing."""
        if (self.keys(), self.closed()) != (keys, state):
            yield f"expected {keys} and {state}: {self.keys()} and {self.closed()}"

    # The applier

    def arguments(self):
        """That every way to start it shares."""
        return [f"--state={self.state}", f"--freeze={self.freeze}"]

    def _listen(self):
        for path in (self.apply, self.health):
            path.unlink(missing_ok=True)
            server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
            server.bind(str(path))
            server.listen(16)
            self.listening.append(server)

    def start(self, tracer=(), prefix=(), environment=None, program=APPLIER):
        """As systemd does: with two listening sockets. The tracer must leave the process id as it is."""
        def hand_over():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
            os.setsid()

        self._listen()
        # Above those that they become.
        high = [fcntl.fcntl(server.fileno(), fcntl.F_DUPFD_CLOEXEC, 10) for server in self.listening[-2:]]
        command = ["sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", *prefix, *tracer, str(program), *self.arguments()]
        self.process = subprocess.Popen(  # pylint: disable=R1732,W1509
            command, pass_fds=(3, 4), preexec_fn=hand_over, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self._log(),
            env={**os.environ, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "apply:health", **(environment or {})})
        for fd in high:
            os.close(fd)
        self.pidfd = os.pidfd_open(self.process.pid)
        return self

    def guard(self, health="no", tracer=()):
        """As the command does without systemd: with a guardian, in the foreground."""
        self.process = subprocess.Popen(  # pylint: disable=R1732
            [*tracer, APPLIER, "--foreground", f"--socket={self.apply}", f"--health-socket={self.health}",
             f"--health={health}", *self.arguments()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log(), start_new_session=True)
        self.pidfd = os.pidfd_open(self.process.pid)
        self.until(self.health.exists, "the guardian does not listen")
        return self

    def child(self):
        """Process id of the applier below the guardian."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.until(lambda: children.read_text(encoding="ascii").split(), "the guardian has no child")
        return int(children.read_text(encoding="ascii").split()[0])

    def _log(self):
        return open(self.folder / "log", "ab")  # pylint: disable=R1732

    def log(self):
        """What the applier wrote."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    @staticmethod
    def until(condition, otherwise, patience=PATIENCE):
        """Wait for something."""
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(otherwise)
            time.sleep(0.002)

    def ends(self):
        """What becomes readable when the applier ends."""
        return [self.pidfd] if self.pidfd >= 0 else []

    def alive(self):
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def wait(self, patience=PATIENCE):
        """Its end; the status."""
        return self.process.wait(patience)

    def kill(self, number=signal.SIGKILL):
        """End it, and wait; the status."""
        if self.alive():
            self.process.send_signal(number)
        return self.wait()

    def stop(self):
        """End it and forget who was connected."""
        for connection in self.connections:
            connection.close()
        self.connections = []
        self.watcher = None
        if self.process:
            self.kill()
        if self.pidfd >= 0:
            os.close(self.pidfd)
        for server in self.listening:
            server.close()
        self.process, self.pidfd, self.listening = None, -1, []

    def recover(self, tracer=(), patience=PATIENCE):
        """Run --recover; its exit status."""
        return subprocess.run([*tracer, APPLIER, "--recover", *self.arguments()], check=False, timeout=patience,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log()).returncode

    # Who talks to it

    def connect(self, path=None):
        """A caller."""
        self.connections.append(Connection(path or self.apply))
        return self.connections[-1]

    def ask(self, verb, **fields):
        """One request and its reply."""
        caller = Connection(self.apply)
        try:
            caller.send(Paper.of(verb, **fields))
            return caller.receive(self)
        finally:
            caller.close()

    def request(self, within=600, changes=None, **fields):
        """A request to apply."""
        return Paper.of("apply", changes or self.changes, netns=netns(), profile="throughput", within=within, **fields)

    def post(self, within=600, watch=True, **fields):
        """Ask to apply, with a health watcher that is there; the caller."""
        if watch and not self.watcher:
            self.watcher = self.connect(self.health)
        caller = self.connect()
        caller.send(self.request(within, **fields))
        return caller

    def measure(self):
        """The health watcher is asked, and answers; the paper that asked."""
        asked = self.watcher.receive(self)
        while asked.get("verb") == "stop":  # of the one before
            asked = self.watcher.receive(self)
        if asked.get("verb") != "baseline":
            raise ValueError(f"asked the watcher {asked.get('verb')}")
        self.watcher.send(Paper([("verb", "measured"), ("id", asked.get("id")), ("before", "path=10.0.0.0/8 flows=2")]))
        return asked

    def beat(self, ident, verdict="none", **fields):
        """A heartbeat."""
        self.watcher.send(Paper.of("heartbeat", id=ident, verdict=verdict, **fields))

    def change(self, within=600, **fields):
        """Apply, answered by all; the reply."""
        caller = self.post(within, **fields)
        select.select([caller.socket, self.watcher.socket, *self.ends()], [], [], PATIENCE)
        if not caller.is_answered():
            self.measure()
        reply = caller.receive(self)
        if not reply.get("error") and self.watcher.receive(self).get("verb") != "watch":
            raise ValueError("the watcher was not told to watch")
        return reply

    def undone(self, patience=PATIENCE):
        """Wait until the open transaction is closed. Gone: the applier ended instead."""
        self.until(lambda: self.closed() != "open" or not self.alive(), "it is not closed", patience)
        if self.closed() == "open":
            raise Gone


def enter(*needed):
    """Go on in namespaces of its own, as root; else say why not and end."""
    missing = [name for name in ("unshare", *needed) if not shutil.which(name)]
    reason = "not root" if os.geteuid() else f"there is no {missing[0]}(1)" if missing else None
    if not reason and os.environ.get("APPLY_INSIDE") != "1":
        inside = ["unshare", "-n", "-m", "-p", "-f", "--mount-proc", "--propagation", "private"]
        if subprocess.run([*inside, "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            # A shell as the first process takes care of orphans.
            command = [*inside, "sh", "-c", 'APPLY_INSIDE=1 "$@"; exit $?', "sh", sys.executable, *sys.argv]
            os.execvp(command[0], command)
        reason = "no namespaces here"
    if reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(0)
    os.environ.pop("APPLY_INSIDE", None)
    if not os.access(APPLIER, os.X_OK):
        sys.exit(f"there is no {APPLIER}")
    # The checkout may be anywhere, below /tmp for one: a directory that does not hide it.
    top = next(top for top in ("/mnt", "/media", "/srv", "/tmp") if os.path.isdir(top) and not HERE.startswith(top + "/"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700", "tmpfs", top], check=True)
    os.environ["TMPDIR"] = tempfile.tempdir = top


def tap(points):
    """Run (name, function) pairs, each function yielding what is wrong; print TAP. A line "# …" only informs."""
    print(f"1..{len(points)}", flush=True)
    failed = 0
    for number, (name, check) in enumerate(points, 1):
        try:
            said = list(check())
        except Skip as skip:
            print(f"ok {number} - {name} # SKIP {skip}", flush=True)
            continue
        except Exception:  # a point that breaks fails, and the others go on
            said = traceback.format_exc().splitlines()
        wrong = [line for line in said if not line.startswith("# ")]
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
        for line in said[:40]:
            print(line if line.startswith("# ") else f"# {line}", flush=True)
    return failed
