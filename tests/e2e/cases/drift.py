# SPDX-License-Identifier: GPL-2.0-or-later
"""A drifted sysctl is found with the file and line that set it; its untouched neighbour is not."""

import json

from audit import Audit, tap

LINE = "/etc/sysctl.d/90-e2e.conf:2"

audit = Audit("audit")
drifted = [f for f in audit.findings("sysctl.drift")
           if f["subject"].get("name") == "net.ipv4.tcp_fin_timeout"]
names = [s.get("name") for s in audit.subjects("sysctl.drift")]
texts = [json.dumps([f.get("message"), f.get("evidence")]) for f in drifted]

tap(audit.contract() + [
    ("the drifted key is found", len(drifted) == 1),
    ("its subject is a sysctl", bool(drifted) and drifted[0]["subject"].get("type") == "sysctl"),
    ("with the file and line that set it", any(LINE in text for text in texts)),
    ("with the value at boot and the one now", any("45" in t and "30" in t for t in texts)),
    ("the key that kept its value is not", bool(names)
     and "net.ipv4.tcp_keepalive_intvl" not in names),
])
