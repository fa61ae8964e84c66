# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person does who trusts the advice: audit, apply, see how it goes, confirm; at both ends."""
import time

from lab.net import SceneError

from . import meter

ROUNDS = 6
SETTLE = 4.5  # s until a new connection is as fast as it will be
QUIET = 1.0  # s until the queue of what went on before is empty
VERDICT = 30.0  # s until what new connections do proves something


class Advice:
    """The changes that were made on the way, and what was said of them."""

    def __init__(self, path, notes, profile="balanced", start=meter.bulk):
        self.path, self.notes, self.profile = path, notes, profile
        self.work = meter.Work(path, start)
        self.changed, self.verdicts = {}, []

    def _note(self, side, text):
        self.notes.append(f"{side}: {text}")

    def _audit(self, side, end):
        """What is said before anything is changed, as far as it is about a path."""
        for finding in end.audit(self.profile):
            if finding["subject"]["type"] == "path":
                self._note(side, f"{finding['rule']}: {finding['message']}")

    def await_verdict(self, end, identifier):
        """Goes on working on new connections until they prove something, or the time is up."""
        start = time.monotonic()
        self.work.renew()
        while True:
            time.sleep(1.0)
            transaction = end.transaction(identifier)
            if transaction["state"] != "open" or transaction["verdict"] in ("ok", "worse"):
                return transaction
            if time.monotonic() - start > VERDICT:
                return transaction
            self.work.renew_when_old()

    def apply(self, side, end):
        """One plan; whether it stayed."""
        outcome = end.apply(self.profile)
        if outcome["outcome"] == "nothing":
            return False
        if outcome["outcome"] != "open":
            raise SceneError(f"{side}: {outcome['outcome']}: {outcome['hindrances']} {outcome['error']}")
        for change in outcome["changes"]:
            self._note(side, f"{change['key']} = {change['wanted']} (was {change['current']})")
        transaction = self.await_verdict(end, outcome["transactions"][0]["id"])
        self.verdicts.append(transaction["verdict"])
        self._note(side, f"{transaction['verdict']}: {transaction['signal']}")
        if transaction["state"] != "open":
            self._note(side, f"undone: {transaction['reason']}")
            return False
        end.confirm(transaction["id"])
        self.changed.update({change["key"]: change["wanted"] for change in outcome["changes"]})
        return True

    def _round(self, audit):
        stayed = False
        for side, end in (("receiver", self.path.receiver), ("sender", self.path.sender)):
            self.work.renew()
            time.sleep(SETTLE)
            if audit:
                self._audit(side, end)
            stayed = self.apply(side, end) or stayed
        return stayed

    def follow(self):
        """Until neither end has anything left to do."""
        for turn in range(ROUNDS):
            if not self._round(turn == 0):
                break
        else:
            self.notes.append(f"still advice after {ROUNDS} rounds")
        self.work.end()
        time.sleep(QUIET)
        return self
