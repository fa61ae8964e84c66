# SPDX-License-Identifier: GPL-2.0-or-later
"""An audit of a freshly booted Debian keeps the contract of its JSON and exit status."""

from audit import Audit, tap

audit = Audit("audit")
tap(audit.contract() + [("the window was none", audit.document.get("window_s") == 0)])
