# SPDX-License-Identifier: BSD-3-Clause
"""The files the linters look at: what git would track, without data and generated text."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ("tests/data/", "tests/fuzz/corpus/")


def files(*suffixes):
    """Paths from the root, sorted; with suffixes only names that end in one of them."""
    try:
        out = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True).stdout.decode()
        names = [name for name in out.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.is_file()]
        names = [n for n in names if not n.startswith((".git/", "build"))]
    return sorted({n for n in names if not n.startswith(DATA) and (ROOT / n).is_file()
                   and (not suffixes or n.endswith(suffixes))})


def read(name):
    return (ROOT / name).read_text(errors="replace")


def finish(faults, checked):
    """Prints the faults and ends the linter."""
    for fault in faults:
        print(fault)
    print(f"{checked} checked, {len(faults)} faults")
    raise SystemExit(1 if faults else 0)
