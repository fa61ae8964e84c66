# SPDX-License-Identifier: GPL-2.0-or-later
"""
The hosts: tests/hosts/NAME/root/, laid over the host that it is based on. tests.ini says what is
taken away and which kernel it is; what is left in the folder is what makes it another host.
"""
import configparser
import fnmatch
import os
import re
import shutil

import kernels

HOSTS = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
TESTS_INI = os.path.join(HOSTS, "tests.ini")
SYSCTLS = "proc/sys/"


def sections(kind, path=TESTS_INI):
    """The sections "[kind NAME]" of tests.ini as {NAME: mapping}."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",),
                                       comment_prefixes=("#",))
    parser.read(path, encoding="utf-8")
    return {name[len(kind) + 1:]: parser[name] for name in parser.sections()
            if name.startswith(kind + " ")}


def words(section, key):
    """A value as a list of words."""
    return section.get(key, "").split()


def files(root):
    """Relative paths of all files and links, in order."""
    found = []
    for folder, _, names in os.walk(root):
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def write(root, path, data):
    """A file with the folders above it."""
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)  # a copy of a read-only file is read-only
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def read(root, path):
    """A file's bytes."""
    with open(os.path.join(root, path), "rb") as file:
        return file.read()


def _lay_over(source, root):
    for path in files(source):
        target = os.path.join(root, path)
        if os.path.lexists(target):
            os.unlink(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(os.path.join(source, path), target, follow_symlinks=False)


def _remove(root, patterns):
    for pattern in patterns:
        found = fnmatch.filter(files(root), pattern)
        if not found:
            raise LookupError(f"tests.ini removes {pattern}, which is not there")
        for path in found:
            os.unlink(os.path.join(root, path))


def _set_kernel(root, release):
    child = "proc/sys/net/ipv4/tcp_mem" not in files(root)
    for path in files(root):
        key = path[len(SYSCTLS):] if path.startswith(SYSCTLS) else ""
        if key and kernels.is_older(key, release, child):
            os.unlink(os.path.join(root, path))
        elif key and kernels.default(key, release):
            write(root, path, kernels.default(key, release) + "\n")


def _edit_conf(root, section):
    conf = read(root, "record.conf").decode()
    for key in ("kernel", "hostname", "privileged", "window"):
        if key in section:
            conf, n = re.subn(rf"(?m)^{key} = .*", f"{key} = {section[key]}", conf)
            assert n == 1, key
    denied = words(section, "denied")
    if denied:
        _remove(root, [path for path in denied if path in files(root)])
        conf += "\n[missing]\n" + "".join(f"{path} = 13\n" for path in denied)
    write(root, "record.conf", conf)


def assemble(name, root):
    """Makes the complete root of a host in a directory."""
    section = sections("host")[name]
    if "base" in section:
        assemble(section["base"], root)
    if "kernel" in section:
        _set_kernel(root, section["kernel"])
    _remove(root, words(section, "remove"))
    _lay_over(os.path.join(HOSTS, name, "root"), root)
    for path, target in (pair.split("=") for pair in words(section, "link")):
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        os.symlink(target, os.path.join(root, path))
    _edit_conf(root, section)
    return root
