# SPDX-License-Identifier: GPL-2.0-or-later
"""A scene as data, and the judgement of an audit against it."""
import fnmatch
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

LOUD = ("warning", "error")

# A scene that sets a sysctl has no boot configuration that says so, and may stale a maximum.
MAY_SYSCTL = ("sysctl.not-persisted", "sysctl.below-default")


@dataclass(frozen=True)
class Expect:
    """A rule that must speak, about a subject whose name contains a text."""
    rule: str
    subject: str = ""
    severity: Optional[str] = None

    def met_by(self, finding):
        """Whether a finding is the expected one."""
        return (finding["rule"] == self.rule
                and self.subject in finding.get("subject", {}).get("name", "")
                and self.severity in (None, finding["severity"]))

    def __str__(self):
        about = f" about {self.subject}" if self.subject else ""
        return f"{self.rule}{about}{' as ' + self.severity if self.severity else ''}"


@dataclass(frozen=True)
class Scene:
    """
    A condition and what an audit must say of it. Rules of severity info may speak anywhere, those
    in may at any severity, those in forbid at none; a healthy twin expects nothing.
    """
    name: str
    build: Callable
    expect: Tuple[Expect, ...] = ()
    may: Tuple[str, ...] = ()
    forbid: Tuple[str, ...] = ()
    options: Tuple[str, ...] = ()
    boot: Dict[str, str] = field(default_factory=dict)
    needs: Tuple[str, ...] = ()
    full_only: bool = False
    nobody: bool = False
    weight: int = 1
    skip: str = ""

    @property
    def rule(self):
        """The rule that the scene or its twin is about."""
        return self.name.split("/")[0]

    def silenced(self):
        """The rules that must not speak, not even as info."""
        return self.forbid if self.expect else (self.rule,) + self.forbid


@dataclass
class Verdict:
    """Which expected rules stayed silent, and which findings nobody asked for."""
    missed: List[str] = field(default_factory=list)
    false: List[dict] = field(default_factory=list)
    broken: str = ""

    @property
    def right(self):
        """Nothing to complain about."""
        return not (self.missed or self.false or self.broken)


def speaking(audit):
    """The findings that advise."""
    return [item for item in audit["findings"] if item.get("status", "advise") == "advise"]


def _matches(rule, patterns):
    return any(fnmatch.fnmatchcase(rule, pattern) for pattern in patterns)


def _unasked(scene, finding):
    if _matches(finding["rule"], scene.silenced()):
        return True
    if any(expect.rule == finding["rule"] for expect in scene.expect):
        return not any(expect.met_by(finding) for expect in scene.expect)
    return finding["severity"] != "info" and not _matches(finding["rule"], scene.may)


def _broken(audit, status):
    loud = any(item["severity"] in LOUD for item in speaking(audit))
    if status not in (0, 2):
        return f"the audit ended with status {status}"
    if (status == 2) != loud:
        return f"status {status} does not fit the findings"
    return ""


def judge(scene, audit, status):
    """Holds an audit and its exit status against the scene."""
    findings = speaking(audit)
    return Verdict(
        missed=[str(expect) for expect in scene.expect
                if not any(expect.met_by(finding) for finding in findings)],
        false=[finding for finding in findings if _unasked(scene, finding)],
        broken=_broken(audit, status))


def relevant(scene, audit, verdict):
    """The parts of an audit that explain a verdict."""
    rules = {expect.rule for expect in scene.expect} | set(scene.silenced())
    rules |= {finding["rule"] for finding in verdict.false}
    return {
        "summary": audit.get("summary"),
        "findings": [item for item in audit["findings"] if item["rule"] in rules],
        "not_judged": [item for item in audit.get("not_judged", []) if item["rule"] in rules],
    }
