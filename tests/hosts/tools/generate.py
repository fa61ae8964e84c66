#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the roots of the hosts that were not recorded: generate.py [NAME…]."""
import os
import sys

import recipes
import tree


def stale(name):
    """Files of a generated host that are not what its recipe writes."""
    root = os.path.join(tree.HOSTS, name, "root")
    return [path for path, data in recipes.RECIPES[name]().items()
            if not os.path.isfile(os.path.join(root, path))
            or tree.read(root, path) != (data if isinstance(data, bytes) else data.encode())]


def main(names):
    """Files that no recipe writes are left alone: they were written by hand."""
    for name in names or recipes.RECIPES:
        for path, data in recipes.RECIPES[name]().items():
            tree.write(os.path.join(tree.HOSTS, name, "root"), path, data)


if __name__ == "__main__":
    main(sys.argv[1:])
