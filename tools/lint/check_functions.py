#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""No function longer than 100 lines; those over 60 are named, as a hint."""
import json
import subprocess

import tree

SOFT, HARD = 60, 100


def functions(names):
    out = subprocess.run(
        ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne",
         "--output-format=json", "-f", "-", "-L", "-"],
        cwd=tree.ROOT, input="\n".join(names), check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and "end" in tag:
            yield tag["path"], tag["line"], tag["name"], tag["end"] - tag["line"] + 1


def main():
    names = tree.files(".c", ".h")
    faults, checked = [], 0
    for path, line, name, length in functions(names) if names else []:
        checked += 1
        if length > HARD:
            faults.append(f"{path}:{line}: {name}() has {length} lines, at most {HARD}")
        elif length > SOFT:
            print(f"hint: {path}:{line}: {name}() has {length} lines")
    tree.finish(faults, checked)


if __name__ == "__main__":
    main()
