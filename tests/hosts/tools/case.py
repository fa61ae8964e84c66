# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs an audit of a root, and compares what it found with what tests.ini says."""
import difflib
import json
import os
import re
import subprocess

import tree

TOP = os.path.normpath(os.path.join(tree.HOSTS, "..", ".."))
TCPADVISOR = os.path.abspath(os.environ.get("TCPADVISOR", os.path.join(TOP, "build", "tcpadvisor")))
DATADIR = os.environ.get("TCPADVISOR_DATADIR", TOP)
LOUD = ("warning", "error")
SPOKEN = ("notice",) + LOUD
STATUSES = ("ok", "not-applicable", "waived", "unknown")
TIMEOUT_S = 5


class Result:
    """What a run gave; status is negative where a signal ended it, None where it took too long."""

    def __init__(self, argv, timeout=TIMEOUT_S, preexec_fn=None):
        environment = dict(os.environ, TCPADVISOR_DATADIR=DATADIR, COLUMNS="80", NO_COLOR="1",
                           LC_ALL="C")
        try:
            done = subprocess.run([TCPADVISOR, *argv], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False, stdin=subprocess.DEVNULL,
                                  timeout=timeout, env=environment, preexec_fn=preexec_fn)
            self.status, self.out, self.err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as expired:
            self.status, self.out, self.err = None, expired.stdout or b"", expired.stderr or b""

    def json(self):
        """The output as JSON; NaN and infinity are none."""
        return json.loads(self.out, parse_constant=_refuse)


def _refuse(name):
    raise ValueError(f"{name} is no JSON")


def audit(root, *argv, output="json", timeout=TIMEOUT_S):
    """An audit of a recorded host."""
    return Result(["audit", f"--root={root}", f"--format={output}", *argv], timeout)


def lines(section, key):
    """A value's lines."""
    return [line.strip() for line in section.get(key, "").splitlines() if line.strip()]


def said(finding):
    """As tests.ini writes it."""
    return f"{finding['severity']} {finding['rule']} {finding['subject']['name']}"


def unsound(audited, status, fail_on=LOUD):
    """What is wrong with an audit's own account of itself."""
    if audited["schema"] != "tcpadvisor.audit/1":
        yield "another schema"
    found, summary = audited["findings"], audited["summary"]
    for severity in ("info",) + SPOKEN:
        if summary[severity] != sum(finding["severity"] == severity for finding in found):
            yield f"the summary counts {summary[severity]} of {severity}"
    loud = any(finding["severity"] in fail_on for finding in found)
    judged = summary["ok"] + summary["waived"] + len(found)
    if status != (2 if loud else 0 if judged else 3):
        yield f"exit status {status} does not agree with the findings"
    for finding in found:
        if not finding["message"] or finding["status"] != "advise":
            yield f"{finding['rule']} says nothing"
        if not all(evidence["source"] and (evidence["value"] is not None or evidence.get("reason"))
                   for evidence in finding["evidence"]):
            yield f"{finding['rule']} shows evidence without source, value or reason"
    for item in audited["not_judged"]:
        if item["status"] not in STATUSES or not item["reason"]:
            yield f"{item['rule']} is {item['status']} without a reason"


def _compare(what, want, have):
    yield from (f"missing {what}: {item}" for item in want if item not in have)
    yield from (f"{what} too many: {item}" for item in have if item not in want)


def _unknown(section, audited):
    """Both ways: what could not be judged is part of what is expected."""
    want = [line.partition(": ")[::2] for line in lines(section, "unknown")]
    have = [(item["rule"], item["reason"]) for item in audited["not_judged"]
            if item["status"] == "unknown"]
    yield from (f"{rule} is not unknown with the reason {part!r}" for rule, part in want
                if not any(rule == other and part in reason for other, reason in have))
    yield from (f"{rule} is unknown: {reason}" for rule, reason in have
                if not any(rule == other and part in reason for other, part in want))


def _wrong(section, audited):
    have = [said(finding) for finding in audited["findings"]]
    want = lines(section, "findings")
    yield from _compare("finding", [line for line in want if line.split()[0] in SPOKEN],
                        [line for line in have if line.split()[0] in SPOKEN])
    yield from (f"missing finding: {line}" for line in want
                if line.startswith("info ") and line not in have)
    yield from _unknown(section, audited)
    absent = [item["rule"] for item in audited["not_judged"] if item["status"] == "not-applicable"]
    yield from (f"{rule} should not apply" for rule in lines(section, "not-applicable")
                if rule not in absent)


def _paths(section, audited):
    """Which way each peer network lies, where tests.ini says it."""
    have = [path["path"] for path in audited["paths"]]
    return _compare("path", lines(section, "paths"), have) if "paths" in section else ()


def arguments(section):
    """Of the audit, the format apart."""
    profile = [f"--profile={section['profile']}"] if "profile" in section else []
    return profile + tree.words(section, "arguments")


def check(section, root):
    """Everything that is wrong, in one audit as text and one as JSON, each taken twice."""
    argv = arguments(section)
    runs = {output: audit(root, *argv, output=output) for output in ("json", "text")}
    for output, run in runs.items():
        if run.status != section.getint("exit"):
            yield f"exit status {run.status} as {output}; {run.err[-200:]!r}"
        if run.out != audit(root, *argv, output=output).out:
            yield f"a second replay gives other {output}"
    text = " ".join(runs["text"].out.decode().split())
    yield from (f"the text lacks: {part}" for part in lines(section, "has") if part not in text)
    yield from (f"the text has: {part}" for part in lines(section, "lacks") if part in text)
    try:
        audited = runs["json"].json()
    except ValueError as error:
        yield f"no JSON: {error}"
        return
    yield from unsound(audited, runs["json"].status, SPOKEN if "--fail-on=notice" in argv else LOUD)
    yield from _wrong(section, audited)
    yield from _paths(section, audited)


def golden(section, host, output, root, update=False):
    """Lines in which a kept output differs."""
    suffix = "txt" if output == "text" else output
    path = os.path.join(tree.HOSTS, host, f"expected.{suffix}")
    got = audit(root, *arguments(section), output=output).out.decode()
    got = re.sub(r'^tcpadvisor \S+|(?<="version": ")[^"]+', "VERSION", got, 1, re.M)
    if update:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(got)
    with open(path, encoding="utf-8") as file:
        wanted = file.read()
    if got != wanted:
        yield from list(difflib.unified_diff(wanted.splitlines(), got.splitlines(), "kept", "now",
                                             "", "", 1, ""))
