# SPDX-License-Identifier: GPL-2.0-or-later
"""The paths, the settings that they are given in turn, and what ours must reach."""
import time

from . import meter
from .advice import SETTLE, Advice
from .path import Path

KIB, MIB = 1 << 10, 1 << 20
CAP = 256 * KIB
FILLED = 0.97  # of what the link carries
MOST_BUFFER = 3  # BDP
ROUND_TRIP = 1.01  # what is measured, of what the box was told
REGRESSION_LIMIT = 60.0

FOUND, STATIC, HAND, OURS = "as found", "static profile", "by hand, 2 × BDP", "tcpadvisor"


class Bar:
    """A sentence about the medians of a scenario, and whether it holds; beside: the rows that it compares with."""

    def __init__(self, text, holds, beside=()):
        self.text, self.holds, self.beside = text, holds, beside


class Scenario:
    """
    play() gives the rows of one run, by setting, and says what it saw to the notes; where it is to be alone, ours are
    not compared with others.
    """

    def __init__(self, name, title, play, columns, bars=()):
        self.name, self.title, self.play = name, title, play
        self.columns, self.bars = columns, bars


def static_profile(path):
    """The values of tuned's network-throughput."""
    for end in path.ends:
        end.set(tcp_rmem="4096 131072 16777216", tcp_wmem="4096 16384 16777216")


def by_hand(path):
    """What a person who knows the path would set."""
    path.set_buffers(2 * path.bdp, 2 * path.bdp)


def follow_advice(path, notes, *args):
    """Ours."""
    return Advice(path, notes, *args).follow()


def stream_row(path, control=None):
    """What one stream gets with the settings that are there now."""
    row = meter.stream(path, control)
    row["rmem"] = path.receiver.most("tcp_rmem")
    row["wmem"] = path.sender.most("tcp_wmem")
    return row


def nothing(_path):
    """As it is."""


DEFAULTS = ((FOUND, nothing), (STATIC, static_profile))
SETTINGS = DEFAULTS + ((HAND, by_hand),)


def settings_play(make):
    """Each setting on a new path of its own, ours last."""
    def play(notes, alone):
        rows = {}
        for label, prepare in () if alone else SETTINGS:
            with make() as path:
                prepare(path)
                rows[label] = stream_row(path)
        with make() as path:
            verdicts = follow_advice(path, notes).verdicts
            rows[OURS] = dict(stream_row(path), verdicts=" ".join(verdicts))
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


def bdp(mbits, rtt_ms):
    """Bytes."""
    return mbits * rtt_ms * 125


def fills(mbits):
    """The bar that most have in common."""
    limit = mbits * 1448 / 1538
    return Bar(f"tcpadvisor reaches 97 % of {limit:.0f} Mbit/s",
               lambda rows: rows[OURS]["goodput"] >= FILLED * limit)


def small_enough(mbits, rtt_ms, label=OURS, buffers=("rmem", "wmem")):
    """No buffer grows for nothing."""
    most = MOST_BUFFER * bdp(mbits, rtt_ms) * ROUND_TRIP
    names = " and ".join(f"tcp_{name}[2]" for name in buffers)
    return Bar(f"{names}: at most {MOST_BUFFER} × BDP",
               lambda rows: max(rows[label][name] for name in buffers) <= most)


def lossy(control="reno"):
    """A long path that loses one segment in a thousand, whoever sends."""
    path = Path(1000, 80, None, loss="0.1%,0")
    for end in path.ends:
        end.set(tcp_congestion_control=control)
    return path


LOSSY_SETTINGS = (
    ("cubic, as found", "cubic", nothing), ("cubic, static profile", "cubic", static_profile),
    ("cubic, by hand, 2 × BDP", "cubic", by_hand), ("bbr, as found", "bbr", nothing),
    ("bbr, by hand, 2 × BDP", "bbr", by_hand))


def play_lossy(notes, alone):
    """Loss-based control and BBR, with little room and much; then ours."""
    rows = {}
    for label, control, prepare in () if alone else LOSSY_SETTINGS:
        with lossy() as path:
            prepare(path)
            rows[label] = stream_row(path, control)
    for profile in ("balanced", "throughput"):
        with lossy() as path:
            verdicts = follow_advice(path, notes, profile).verdicts
            rows[f"{OURS}, {profile}"] = dict(stream_row(path), verdicts=" ".join(verdicts))
            rows[f"{OURS}, {profile}"]["control"] = path.sender.get("tcp_congestion_control")
    return rows


def play_limits(notes, _alone):
    """Paths that carry what they can."""
    rows = {}
    for label, make, prepare in (("1 Gbit/s × 10 ms, as found", lambda: Path(1000, 10), nothing),
                                 ("1 Gbit/s × 80 ms, by hand", lambda: Path(1000, 80), by_hand)):
        with make() as path:
            prepare(path)
            advice = follow_advice(path, notes)
            rows[label] = stream_row(path)
            rows[label]["changes"] = len(advice.changed)
    return rows


def play_pauses(notes, alone):
    """Bursts after five idle seconds."""
    rows = {}
    ours = (OURS, lambda path: follow_advice(path, notes, "latency", meter.pauses))
    for label, prepare in (() if alone else DEFAULTS) + (ours,):
        with Path(1000, 80) as path:
            prepare(path)
            rows[label] = {"burst": meter.Bursts(path).milliseconds(),
                           "restart": path.sender.get("tcp_slow_start_after_idle")}
    return rows


def play_backlog(notes, alone):
    """The age of what arrives over a bottleneck."""
    rows = {}
    ours = (OURS, lambda path: follow_advice(path, notes, "latency", meter.backlog))
    for label, prepare in (() if alone else DEFAULTS) + (ours,):
        with Path(50, 20) as path:
            prepare(path)
            rows[label] = meter.Aged(path).result()
            rows[label]["lowat"] = path.sender.get("tcp_notsent_lowat")
    return rows


def converge(path, notes):
    """The command alone, while work goes on; the steps go to the notes."""
    work = meter.Work(path, meter.bulk)
    time.sleep(SETTLE)
    command = path.sender.converge()
    while command.poll() is None:
        time.sleep(1.0)
        work.renew_when_old()
    work.end()
    steps = path.sender.result(command)["transactions"]
    for step in steps:
        notes += [f"{change['key']} = {change['new']} (was {change['old']})" for change in step["changes"]]
        notes.append(f"{step['state']}: {step['signal']}")
    return len(steps)


def play_unknown(notes, alone):
    """Nobody says how fast the link is."""
    rows = {}
    for label, prepare in () if alone else SETTINGS:
        with Path(1000, 80) as path:
            prepare(path)
            rows[label] = stream_row(path)
    with Path(1000, 80) as path:
        steps = converge(path, notes)
        rows[OURS] = stream_row(path)
        rows[OURS]["changes"] = steps
    return rows


def play_regression(notes, _alone):
    """A change that does harm, while work goes on; how long until it is undone."""
    with Path(1000, 80) as path:
        by_hand(path)
        before = path.receiver.get("tcp_rmem")
        work = meter.Work(path, meter.bulk)
        time.sleep(SETTLE)
        transaction = path.receiver.ask_for("throughput", tcp_rmem=f"4096 131072 {CAP}")
        notes.append(f"receiver: tcp_rmem = {path.receiver.get('tcp_rmem')} (was {before})")
        begun = time.monotonic()
        work.renew()
        while transaction["state"] == "open" and time.monotonic() < begun + REGRESSION_LIMIT:
            time.sleep(0.5)
            work.renew_when_old()
            transaction = path.receiver.transaction(transaction["id"])
        seconds = time.monotonic() - begun
        notes.append(f"receiver: {transaction['state']}: {transaction['reason']}")
        row = {"seconds": seconds, "named": transaction["reason"] or "", "state": transaction["state"],
               "restored": "yes" if path.receiver.get("tcp_rmem") == before else "no"}
        return {"tcp_rmem[2] cut to 256 KiB": row}


def proven(label=OURS):
    """The watch has not undone what is right."""
    return Bar("the health watch found each change right",
               lambda rows: set(rows[label]["verdicts"].split()) == {"ok"})


STREAM_COLUMNS = ("goodput", "retransmits", "rmem", "wmem")

ALL = (
    Scenario("capped", "1 Gbit/s × 80 ms, both ends capped at 256 KiB",
             settings_play(capped),
             STREAM_COLUMNS,
             (fills(1000), small_enough(1000, 80),
              Bar("it retransmits no more than by hand",
                  lambda rows: rows[OURS]["retransmits"] <= rows[HAND]["retransmits"], (HAND,)),
              proven())),
    Scenario("fast", "2.5 Gbit/s × 80 ms, kernel defaults",
             settings_play(fast),
             STREAM_COLUMNS, (fills(2500), small_enough(2500, 80))),
    Scenario("lossy", "1 Gbit/s × 80 ms, one segment in 1,000 lost", play_lossy,
             STREAM_COLUMNS + ("control",),
             (Bar("profile balanced leaves the congestion control alone",
                  lambda rows: rows[OURS + ", balanced"]["control"] == "reno"),
              Bar("profile throughput changes it to bbr",
                  lambda rows: rows[OURS + ", throughput"]["control"] == "bbr"),
              Bar("tcpadvisor then reaches 80 % of 941 Mbit/s",
                  lambda rows: rows[OURS + ", throughput"]["goodput"] >= 0.8 * 941),
              small_enough(1000, 80, OURS + ", throughput", ("wmem",)), proven(OURS + ", throughput"))),
    Scenario("limits", "Paths that run at their limit", play_limits, STREAM_COLUMNS + ("changes",),
             (Bar("the plan is empty, and nothing is changed",
                  lambda rows: not any(row["changes"] for row in rows.values())),
              # CUBIC alone, in a queue of one BDP, loses some of it on a busy machine.
              Bar("both carry 80 % of 941 Mbit/s or more",
                  lambda rows: min(row["goodput"] for row in rows.values()) >= 0.8 * 941))),
    Scenario("unknown", "1 Gbit/s × 80 ms, its speed not known, kernel defaults", play_unknown,
             STREAM_COLUMNS + ("changes",),
             (fills(1000), small_enough(1000, 80, OURS, ("wmem",)))),
    Scenario("regression", "A change that does harm, 1 Gbit/s × 80 ms", play_regression,
             ("state", "seconds", "restored"),
             (Bar("it is undone within 25 s of new traffic", lambda rows: all(
                 row["state"] == "undone" and row["restored"] == "yes" and row["seconds"] <= 25
                 for row in rows.values())),
              Bar("and the reason names goodput",
                  lambda rows: all("goodput" in row["named"] for row in rows.values())))),
    Scenario("pauses", "Profile latency: 1 MB after 5 s idle, 1 Gbit/s × 80 ms", play_pauses,
             ("burst", "restart"),
             (Bar("tcpadvisor needs at most 100 ms", lambda rows: rows[OURS]["burst"] <= 100),)),
    Scenario("backlog", "Profile latency: data waits unsent, 50 Mbit/s × 20 ms", play_backlog,
             ("age", "goodput", "lowat"),
             (Bar("data is at most 40 ms old", lambda rows: rows[OURS]["age"] <= 40),
              Bar("at the same goodput, to 3 %",
                  lambda rows: abs(rows[OURS]["goodput"] / rows[FOUND]["goodput"] - 1) <= 0.03, (FOUND,)))),
)
