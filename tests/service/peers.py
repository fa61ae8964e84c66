# SPDX-License-Identifier: GPL-2.0-or-later
"""A server with canned state, callers that behave and callers that do not."""
import json
import os
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("TCPADVISOR_BUILDDIR", os.path.join(HERE, "..", "..", "build"))
SERVER = os.path.join(BUILD, "tests", "service", "control-server")
NOBODY = 65534
PATIENCE = 20


class Left(Exception):
    """The server closed the connection."""


class Server:
    """A control-server of its own, told what to do through its stdin."""

    def __init__(self, record=None, timeout=PATIENCE, idle=300):
        self.folder = tempfile.TemporaryDirectory(prefix="varlink-")  # pylint: disable=R1732
        os.chmod(self.folder.name, 0o711)
        self.path = os.path.join(self.folder.name, "socket")
        command = [SERVER, self.path, str(timeout), str(idle)] + ([record] if record else [])
        # A sanitizer keeps what was freed for a while, and that would look like growth.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        encoding="utf-8", env={**os.environ, "ASAN_OPTIONS": options})
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the server did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """End it; its exit status must say that all went well."""
        self.process.stdin.close()
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        self.folder.cleanup()
        if status:
            raise RuntimeError(f"the server ended with status {status}")

    def ask(self, line):
        """What the server answers to a line."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def counts(self):
        """Connections now, accepted, refused."""
        return [int(word) for word in self.ask("counts").split()]

    def settle(self, connections):
        """Wait until so many are connected; whether that came."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.counts()[0] == connections:
                return True
            time.sleep(0.02)
        return False

    def cpu(self):
        """Seconds of the processor that it has used."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Caller:
    """A connection."""

    def __init__(self, server, patience=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # A time-out of Python's makes connect() fail at once where many wait already.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", patience, 0))
        self.socket.connect(server.path)
        self.socket.settimeout(patience)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Bytes as they are."""
        self.socket.sendall(data)

    def post(self, method, parameters=None, **flags):
        """A call, without waiting for what comes of it."""
        self.send(message(method, parameters, **flags))

    def receive(self):
        """The next message."""
        while b"\0" not in self.rest:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError as error:
                raise Left from error
            if not data:
                raise Left
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line.decode("utf-8"))

    def call(self, method, parameters=None, **flags):
        """One call and its reply."""
        self.post(method, parameters, **flags)
        return self.receive()

    def silent(self, seconds):
        """Whether nothing comes for a while."""
        self.socket.settimeout(seconds)
        try:
            self.receive()
        except socket.timeout:
            return True
        except Left:
            return False
        finally:
            self.socket.settimeout(PATIENCE)
        return False

    def closed_within(self, seconds):
        """Whether the server closes the connection, unasked."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(1 << 16):
                pass
        except socket.timeout:
            return False
        except ConnectionError:
            pass
        return True


def message(method, parameters=None, **flags):
    """A call as bytes."""
    call = {"method": method, **flags}
    if parameters is not None:
        call["parameters"] = parameters
    return json.dumps(call).encode() + b"\0"


def full(method):
    """A method of ours by its whole name."""
    return "io.tcpadvisor." + method


class Stranger:
    """A child that runs a function as nobody, until it is told to stop."""

    def __init__(self, function, *arguments):
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                status = function(*arguments) or 0
            except Exception as error:  # pylint: disable=broad-except
                print(f"# stranger: {error!r}", flush=True)
            finally:
                os._exit(status)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """End it, if it is there."""
        if self.pid:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
            self.pid = 0

    def wait(self):
        """Its exit status."""
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        return os.waitstatus_to_exitcode(status)
