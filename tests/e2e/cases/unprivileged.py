# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit by a user without any right keeps the contract and judges rules all the same."""

from audit import Audit, tap

audit = Audit("audit")
summary = audit.document.get("summary", {})
tap(audit.contract() + [("rules could be judged", summary.get("ok", 0) > 0)])
