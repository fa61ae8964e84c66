# SPDX-License-Identifier: GPL-2.0-or-later
"""Live test bench: faults built in network namespaces, judged by an audit from inside."""
