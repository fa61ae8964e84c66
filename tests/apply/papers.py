# SPDX-License-Identifier: GPL-2.0-or-later
"""Papers, and an applier that answers what it is told to."""
import os
import shutil
import socket
import tempfile
import threading
import zlib


def format_paper(lines):
    """{name: value or values} as a paper."""
    text = "tcpadvisor-apply 1\n"
    for name, values in lines.items():
        for value in values if isinstance(values, list) else [values]:
            text += f"{name} {value}\n"
    return (text + f"end {zlib.crc32(text.encode()):08x}\n").encode()


def parse_paper(packet):
    """{name: [values]} of a paper whose sum holds."""
    text, end = packet.decode().rsplit("end ", 1)
    if int(end, 16) != zlib.crc32(text.encode()):
        raise ValueError(f"a wrong sum: {packet!r}")
    lines = {}
    for line in text.splitlines()[1:]:
        name, _, value = line.partition(" ")
        lines.setdefault(name, []).append(value)
    return lines


def transaction(ident, state="open", taken=None, **lines):
    """Lines of one with a single change."""
    found = {"id": ident, "state": state, "asked": "1780000000000", "deadline": str(1 << 50), "within": "600", **lines,
             "change": "net.ipv4.tcp_sack", "old": "0", "new": "1"}
    if taken:
        found["taken"] = taken
    return found


class PlayedApplier:
    """Answers each verb as `answers` has it: lines of a reply, or bytes as they are; b"" hangs up."""

    def __init__(self, answers):
        self.answers, self.requests = answers, []
        self.folder = tempfile.mkdtemp(prefix="played-applier-")
        self.path = os.path.join(self.folder, "apply")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            with sock:
                packet = sock.recv(1 << 18)
                if packet:
                    self._answer(sock, parse_paper(packet))

    def _answer(self, sock, request):
        self.requests.append(request)
        answer = self.answers.get(request["verb"][0], {"error": "unknown-id", "said": "not played"})
        if answer != b"":
            sock.send(answer if isinstance(answer, bytes) else format_paper({"verb": "reply", **answer}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        shutil.rmtree(self.folder)
