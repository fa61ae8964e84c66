# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the mdoc source of a manual page, as far as ours go."""
import re

ESCAPES = {r"\(mu": "×", r"\(pc": "·", r"\(dq": '"', r"\(aq": "'", r"\e": "\\", r"\&": ""}


def unescape(text):
    """Text with the escapes of roff as characters."""
    return re.sub(r"\\(?:\(..|.)", lambda match: ESCAPES[match[0]], text)


def sections(source):
    """{name: lines} of a page, subsections within theirs; comments left out."""
    found, lines = {}, []
    for line in source.splitlines():
        if line.startswith(".Sh "):
            lines = found.setdefault(line[4:], [])
        elif not line.startswith(r".\""):
            lines.append(line)
    return found


def items(lines):
    """[(heads, lines below)] of the lists; heads of several items with one text come together."""
    found = []
    for line in lines:
        if line.startswith(".It "):
            if not found or found[-1][1]:
                found.append(([], []))
            found[-1][0].append(line[4:])
        elif found and not line.startswith((".Bl ", ".El")):
            found[-1][1].append(line)
    return found


def blocks(lines):
    """[(text before, literal block)] of the displays."""
    found, before, block = [], [], None
    for line in lines:
        if line.startswith(".Bd -literal"):
            block = []
        elif line == ".Ed":
            found.append(("\n".join(before), unescape("\n".join(block)) + "\n"))
            before, block = [], None
        else:
            (before if block is None else block).append(line)
    return found


def plain(head):
    """The text of a macro line: ".Fl -root Ns = Ns Ar DIR" is "--root=DIR"."""
    text, flag, glue = "", False, True
    for word in head.split():
        if word == "Ns":
            glue, flag = True, False
        elif word == "Fl":
            flag = True
        elif not re.fullmatch(r"[A-Z][a-z]", word):
            text += ("" if glue else " ") + ("-" if flag and word != "," else "") + word
            glue = False
        else:
            flag = False
    return unescape(text)
