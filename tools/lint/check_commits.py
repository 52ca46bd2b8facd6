#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Every commit: a subject "where: what, in lower case" (60 characters, 72 at most), a body."""
import re
import subprocess

import tree

SOFT, HARD = 60, 72
SUBJECT = re.compile(r"^[A-Za-z0-9._/,{}* -]+: [a-z0-9]")


def main():
    log = subprocess.run(
        ["git", "-c", "safe.directory=*", "log", "--no-merges", "-z", "--format=%h%n%s%n%b"],
        cwd=tree.ROOT, capture_output=True, text=True)
    if log.returncode:
        print("not a git repository: nothing to check")
        raise SystemExit(77)
    faults, commits = [], [c for c in log.stdout.split("\0") if c]
    for commit in commits:
        sha, subject, *body = commit.split("\n")
        if len(subject) > HARD:
            faults.append(f"{sha}: subject of {len(subject)} characters, at most {HARD}: {subject}")
        elif len(subject) > SOFT:
            print(f"hint: {sha}: subject of {len(subject)} characters: {subject}")
        if not SUBJECT.match(subject):
            faults.append(f'{sha}: subject is not "where: what, in lower case": {subject}')
        if not "".join(body).strip():
            faults.append(f"{sha}: no body that says why: {subject}")
    tree.finish(faults, len(commits))


if __name__ == "__main__":
    main()
