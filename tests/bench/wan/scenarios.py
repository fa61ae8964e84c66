# SPDX-License-Identifier: GPL-2.0-or-later
"""The paths, the settings that they are given in turn, and what ours must reach."""
import contextlib
import time

from . import meter
from .path import SETTLE, Path, write_by_hand

KIB, MIB = 1 << 10, 1 << 20
CAP = 256 * KIB
FILLED = 0.97  # of what the link carries
MOST_BUFFER = 3  # BDP
ROUNDS = 6

FOUND, STATIC, HAND, OURS = "as found", "static profile", "by hand, 2 × BDP", "tcpadvisor"


class Bar:
    """A sentence about the medians of a scenario, and whether it holds."""

    def __init__(self, text, holds):
        self.text, self.holds = text, holds


class Scenario:
    """play() gives the rows of one run, by setting, and says what it saw to the notes."""

    def __init__(self, name, title, play, columns, bars=(), cores=1):
        self.name, self.title, self.play = name, title, play
        self.columns, self.bars, self.cores = columns, bars, cores


def static_profile(path):
    """The values of tuned's network-throughput."""
    for end in path.ends:
        end.set(tcp_rmem="4096 131072 16777216", tcp_wmem="4096 16384 16777216")


def by_hand(path):
    """What a person who knows the path would set."""
    path.set_buffers(2 * path.bdp, 2 * path.bdp)


def evidence(finding):
    """One line of the report."""
    return f"`{finding['rule']}`: {finding['message']}"


def advise_round(path, profile, notes):
    """Audit and advice at both ends, once; says whether anything changed."""
    changed = False
    for side, end in (("receiver", path.receiver), ("sender", path.sender)):
        path.work.renew()
        time.sleep(SETTLE)
        findings = end.audit(profile)
        written = write_by_hand(end, findings)
        if written:
            changed = True
            notes += [f"{side}: {evidence(finding)}" for finding in findings
                      if any(item["action"] == "sysctl" for item in finding["recommend"])]
            notes += [f"{side}: {key} = {value}" for key, value in written.items()]
    return changed


def follow_advice(path, notes, profile="balanced"):
    """Audit, apply and confirm at both ends until neither has anything left to do."""
    path.work = meter.Work(path)
    for _ in range(ROUNDS):
        if not advise_round(path, profile, notes):
            break
    else:
        notes.append(f"still advice after {ROUNDS} rounds")
    for netns in path.lab.namespaces:
        netns.end_peers()


def stream_row(path, control=None):
    """What one stream gets with the settings that are there now."""
    row = meter.stream(path, control)
    row["rmem"] = path.receiver.most("tcp_rmem")
    row["wmem"] = path.sender.most("tcp_wmem")
    return row


def settings_play(make, settings, profile="balanced"):
    """Each setting on a new path of its own, ours last."""
    def play(notes):
        rows = {}
        for label, prepare in settings:
            with make() as path:
                prepare(path)
                rows[label] = stream_row(path)
        with make() as path:
            follow_advice(path, notes, profile)
            rows[OURS] = stream_row(path)
        return rows
    return play


def capped():
    """Both ends are held at 256 KiB."""
    path = Path(1000, 80)
    path.set_buffers(CAP, CAP)
    return path


def fast():
    """2.5 Gbit/s with the kernel's defaults."""
    return Path(2500, 80)


def nothing(_path):
    """As it is."""


def bdp(mbits, rtt_ms):
    """Bytes."""
    return mbits * rtt_ms * 125


def fills(mbits):
    """The bar that most have in common."""
    limit = mbits * 1448 / 1538
    return Bar(f"tcpadvisor reaches 97 % of {limit:.0f} Mbit/s",
               lambda rows: rows[OURS]["goodput"] >= FILLED * limit)


def small_enough(mbits, rtt_ms):
    """No buffer grows for nothing."""
    most = MOST_BUFFER * bdp(mbits, rtt_ms)
    return Bar(f"its tcp_rmem[2] and tcp_wmem[2] are at most {MOST_BUFFER} × BDP",
               lambda rows: max(rows[OURS]["rmem"], rows[OURS]["wmem"]) <= most)


STREAM_COLUMNS = ("goodput", "retransmits", "rmem", "wmem")

ALL = (
    Scenario("capped", "1 Gbit/s × 80 ms, both ends capped at 256 KiB",
             settings_play(capped, ((FOUND, nothing), (STATIC, static_profile), (HAND, by_hand))),
             STREAM_COLUMNS,
             (fills(1000), small_enough(1000, 80),
              Bar("it retransmits no more than by hand",
                  lambda rows: rows[OURS]["retransmits"] <= rows[HAND]["retransmits"]))),
    Scenario("fast", "2.5 Gbit/s × 80 ms, kernel defaults",
             settings_play(fast, ((FOUND, nothing), (STATIC, static_profile), (HAND, by_hand))),
             STREAM_COLUMNS, (fills(2500), small_enough(2500, 80)), cores=2),
)
