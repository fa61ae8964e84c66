# SPDX-License-Identifier: GPL-2.0-or-later
"""In its sandbox and bit by bit the service finds what an audit by the same user outside finds at once."""

from audit import Audit, tap


def ids(audit):
    """What is wrong, by id and severity."""
    return {(f["id"], f["severity"]) for f in audit.document["findings"]}


status, audit = Audit("status"), Audit("audit")
points = audit.contract() + [("status: one JSON document", not status.fault)]
if all(passed for _, passed in points):
    differ = sorted(map(str, ids(status) ^ ids(audit)))
    points += [
        ("both find the same" + (": " + "; ".join(differ) if differ else ""), not differ),
        ("and something", len(ids(audit)) > 3),
    ]
tap(points)
