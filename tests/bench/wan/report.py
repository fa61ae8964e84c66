# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians of the runs, as tables in markdown."""
import statistics

MIB = 1 << 20

COLUMNS = {
    "goodput": ("goodput, Mbit/s", lambda value: f"{value:.0f}"),
    "retransmits": ("retransmits", lambda value: f"{value:.0f}"),
    "rmem": ("tcp_rmem[2], MiB", lambda value: f"{value / MIB:.4g}"),
    "wmem": ("tcp_wmem[2], MiB", lambda value: f"{value / MIB:.4g}"),
    "burst": ("1 MB after 5 s idle, ms", lambda value: f"{value:.0f}"),
    "age": ("age of data, ms", lambda value: f"{value:.0f}"),
    "control": ("tcp_congestion_control", str),
    "restart": ("tcp_slow_start_after_idle", str),
    "lowat": ("tcp_notsent_lowat", str),
    "state": ("what became of it", str),
    "restored": ("old value again", str),
    "changes": ("changes", lambda value: f"{value:.0f}"),
    "seconds": ("after, s", lambda value: f"{value:.0f}"),
}


def medians(runs):
    """One set of rows out of those of several runs; numbers by their median, words as they came last."""
    merged = {}
    for label, last in runs[-1].items():
        same = [run[label] for run in runs if label in run]
        merged[label] = {key: statistics.median(row[key] for row in same if key in row)
                         if not isinstance(value, str) else value for key, value in last.items()}
    return merged


def _cell(row, column):
    if column not in row:
        return ""
    value = row[column]
    return value if isinstance(value, str) else COLUMNS[column][1](value)


def _line(cells):
    return "| " + " | ".join(cells) + " |"


def judge(scenario, rows):
    """Each bar that can be judged, and whether it holds."""
    for bar in scenario.bars:
        if all(label in rows for label in bar.beside):
            yield bar.text, bar.holds(rows)


def scenario_text(scenario, rows, notes):
    """Heading, table, bars, and what was seen on the way."""
    titles = [COLUMNS[column][0] for column in scenario.columns]
    lines = [f"## {scenario.title}", "", _line(["", *titles]), _line(["---"] + ["--:"] * len(titles))]
    lines += [_line([label] + [_cell(row, column) for column in scenario.columns])
              for label, row in rows.items()]
    lines += [""] + [f"- {'met' if met else '**missed**'}: {text}" for text, met in judge(scenario, rows)]
    lines += [""] + [f"    {note}" for note in notes] if notes else []
    return "\n".join(lines) + "\n"


def machine_text(facts, load, runs, seconds):
    """What the numbers were taken on."""
    memory = facts["memory_bytes"] / (1 << 30)
    times = "one run" if runs == 1 else f"medians of {runs} runs"
    return (f"{facts['cpu']}, {facts['cpus']} CPUs, {memory:.0f} GiB, Linux {facts['kernel']}; {times}, "
            f"{seconds / 60:.0f} min; load average {load[0]:.2f} before and {load[1]:.2f} after.\n")
