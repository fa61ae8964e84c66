# SPDX-License-Identifier: GPL-2.0-or-later
"""Long paths in namespaces, the settings they are given, and what then gets through."""
