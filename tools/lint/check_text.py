#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What is checked line by line: licence, white space, length of files, words that must not stay."""
import re

import tree

CODE = (".c", ".h", ".py", ".sh", ".xml", "meson.build")
WIRE = (".scn", ".inc", ".sip")  # messages, where a blank at the end may be what is tested
LINES_MAX = 800
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
HOME = re.compile(r"/(home|ro" r"ot|wo" r"rk|Users)/\w")


def is_code(name, text):
    return name.endswith(CODE) or text.startswith("#!")


def faults_of(name, text):
    lines = text.split("\n")
    if is_code(name, text) and "SPDX-License-Identifier: BSD-3-Clause" not in "\n".join(lines[:4]):
        yield 1, "no SPDX line at the top"
    if text and not text.endswith("\n"):
        yield len(lines), "no newline at the end of the file"
    if text.endswith("\n\n"):
        yield len(lines), "empty line at the end of the file"
    if name.endswith((".c", ".h", ".py")) and len(lines) - 1 > LINES_MAX:
        yield LINES_MAX, f"{len(lines) - 1} lines, at most {LINES_MAX}: one concept a file"
    for n, line in enumerate(lines, 1):
        if line != line.rstrip() and not name.endswith(WIRE):
            yield n, "white space at the end of the line"
        if name.endswith((".py", ".yaml", ".yml")) and "\t" in line:
            yield n, "a tab"
        if is_code(name, text) and UNFINISHED.search(line):
            yield n, "unfinished: do it, or write it down where plans are kept"
        if HOME.search(line):
            yield n, "names a path of one machine"


def main():
    names = [n for n in tree.files() if not n.endswith((".pcap", ".png", ".dat"))]
    faults = []
    for name in names:
        faults += [f"{name}:{n}: {why}" for n, why in faults_of(name, tree.read(name))]
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
