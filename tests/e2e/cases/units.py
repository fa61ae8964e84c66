# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandbox takes nothing from an audit: it judges what the same user's audit outside judges."""

from audit import Audit, tap


def verdicts(audit):
    """What was found, and what could not be judged and why."""
    found = {("advise", f["rule"], f["subject"].get("name")) for f in audit.document["findings"]}
    return found | {(n["status"], n["rule"], n.get("reason")) for n in audit.document["not_judged"]}


sandbox, outside = Audit("sandbox"), Audit("outside")
points = sandbox.contract() + outside.contract()
if all(passed for _, passed in points):
    less = sorted(map(str, verdicts(outside) ^ verdicts(sandbox)))
    points += [
        ("both find and judge the same" + (": " + "; ".join(less) if less else ""), not less),
        ("as many rules are content",
         sandbox.document["summary"]["ok"] == outside.document["summary"]["ok"] > 0)]
tap(points)
