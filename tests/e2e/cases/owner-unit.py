# SPDX-License-Identifier: GPL-2.0-or-later
"""The finding about a full accept queue names the unit whose listener it is, and no other."""

from audit import Audit, tap


def points(name):
    """The points for the audit that NAME ran."""
    audit = Audit(name)
    found = audit.subjects("listen.accept-queue-full")
    leaky = [s for s in found if s.get("unit") == "leaky.service"]
    return audit.contract() + [
        (name + ": the full queue is found", bool(found)),
        (name + ": its unit is leaky.service", bool(leaky)),
        (name + ": it is a listener", bool(leaky) and leaky[0].get("type") == "listener"),
        (name + ": named by its address", bool(leaky) and "127.0.0.1:8080" in leaky[0]["name"]),
        (name + ": no other unit is", bool(found) and leaky == found),
    ]


tap(points("root") + points("nobody"))
