#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Who may include whom: holds every #include against layers.txt."""
import re

import tree

INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))')


def load(text):
    folders, systems = {}, {}
    for line in text.split("\n"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        key, _, allowed = line.partition(":")
        (systems if key.startswith("<") else folders)[key.strip()] = set(allowed.split())
    return folders, systems


def owner(path, rules):
    best = [d for d in rules if path == d or path.startswith(d + "/")]
    return max(best, key=len) if best else None


def fault(path, quoted, system, folders, systems):
    me = owner(path, folders)
    if quoted:
        to = owner(quoted, folders)
        if to is None:
            return f'"{quoted}" is not written from the root, or its folder has no rule'
        if me is None:
            return f"{path} has no rule in layers.txt"
        if to != me and to not in folders[me]:
            return f"{me} may not include {to} ({quoted})"
        return None
    for prefix, allowed in systems.items():
        if system.startswith(prefix) and owner(path, allowed) is None:
            return f"{system} may not be included here"
    return None


def main():
    folders, systems = load(tree.read("tools/lint/layers.txt"))
    faults, names = [], tree.files(".c", ".h")
    for name in names:
        for n, text in enumerate(tree.read(name).split("\n"), 1):
            m = INCLUDE.match(text)
            why = m and fault(name, m.group(1), m.group(2), folders, systems)
            if why:
                faults.append(f"{name}:{n}: {why}")
    tree.finish(faults, len(names))


if __name__ == "__main__":
    main()
