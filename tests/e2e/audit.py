# SPDX-License-Identifier: GPL-2.0-or-later
"""For a case's checker: what `tcpadvisor audit --format=json` printed and returned in a boot."""

import json
import os
import sys

LEVELS = ("error", "warning", "notice", "info")
STATES = ("ok", "not_applicable", "unknown", "waived")


class Audit:
    """NAME.json and NAME.status among the files that the case wrote; argv[1] is their directory."""

    def __init__(self, name):
        self.name = name
        self.status = self._read(".status").strip()
        try:
            self.document = json.loads(self._read(".json"))
            self.fault = None
        except ValueError as error:
            self.document = {}
            self.fault = str(error)

    def _read(self, suffix):
        with open(os.path.join(sys.argv[1], self.name + suffix), encoding="utf-8") as file:
            return file.read()

    def findings(self, rule):
        """The findings of RULE that give advice."""
        return [f for f in self.document.get("findings", [])
                if f["rule"] == rule and f["status"] == "advise"]

    def subjects(self, rule):
        """The subjects of those findings."""
        return [f["subject"] for f in self.findings(rule)]

    def _counts_agree(self):
        advice = [f["severity"] for f in self.document["findings"] if f["status"] == "advise"]
        return all(self.document["summary"][level] == advice.count(level) for level in LEVELS)

    def _status_agrees(self):
        bad = self.document["summary"]["error"] + self.document["summary"]["warning"]
        return self.status == ("2" if bad else "0")

    def _shape(self):
        doc = self.document
        kernel = os.uname().release     # a container has this machine's
        return [
            ("the schema is tcpadvisor.audit/1", doc.get("schema") == "tcpadvisor.audit/1"),
            ("arrays are arrays", all(isinstance(doc.get(key), list) for key in
                                      ("profile", "findings", "paths", "not_judged"))),
            ("the summary counts all", set(LEVELS + STATES) <= set(doc.get("summary", {}))),
            ("the host's kernel is named", kernel in json.dumps(doc.get("host"))),
        ]

    def contract(self):
        """Points (name, passed) that hold for every audit that could judge its host."""
        points = [("the exit status is 0 or 2", self.status in ("0", "2")),
                  ("one JSON document" + (": " + self.fault if self.fault else ""),
                   not self.fault)]
        points += [] if self.fault else self._shape()
        if all(passed for _, passed in points):
            points += [("the summary counts what is found", self._counts_agree()),
                       ("the exit status says what is found", self._status_agrees())]
        return [(self.name + ": " + name, passed) for name, passed in points]


def tap(points):
    """Print POINTS, (name, passed) each."""
    for number, (name, passed) in enumerate(points, 1):
        print("%s %d - %s" % ("ok" if passed else "not ok", number, name))
    print("1..%d" % len(points))
