# SPDX-License-Identifier: BSD-3-Clause
"""Which behaviours of tools/behaviours.txt a passing test shows; called by tools/behaviours.

A test shows a behaviour by beginning its name with the id: criterion Test(suite, A14_...), a
scenario file A14-....scn, a pytest function test_A14_.... Several are joined: B1_B2_..., B1-B2-....
What a fuzz target shows stands in tests/fuzz/meson.build.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / os.environ.get("TIDEGATE_BUILD", "build") / "test-results.tsv"
ID = r"[A-L][1-9][0-9]?"
CRITERION = re.compile(r"^\s*(?:Test\(|ParameterizedTest\([^,]*,|Theory\(\([^)]*\),)"
                       r"\s*(\w+)\s*,\s*(\w+)", re.M)
FUZZ = re.compile(rf"^  '(\w+)': '({ID}(?:-{ID})*)',$", re.M)
PYTEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.M)


def ids_of(name):
    """The ids that a test's name begins with."""
    m = re.match(rf"(?:test_)?((?:{ID}[_-])*{ID})(?![A-Za-z0-9])", name)
    return re.findall(ID, m.group(1)) if m else []


def tests_there():
    """Name by which it appears in the results -> where it is written."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*")):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".scn":
            found[path.stem] = name
        elif path.suffix == ".c" and "fuzz" not in path.parts:
            for suite, case in CRITERION.findall(path.read_text(errors="replace")):
                found[f"{suite}::{case}"] = f"{name}:{case}"
        elif path.suffix == ".py" and path.name.startswith("test_"):
            for case in PYTEST.findall(path.read_text(errors="replace")):
                found[case] = f"{name}:{case}"
    for target, shown in FUZZ.findall((ROOT / "tests/fuzz/meson.build").read_text()):
        found[f"{shown}-fuzz-{target}"] = f"tests/fuzz/fuzz_{target}.c"
    return found


def results():
    """Case -> did it pass wherever it ran; None without a results file. Skipped is not passed."""
    if not RESULTS.exists():
        return None
    passed = {}
    for line in RESULTS.read_text().splitlines():
        where, _, status = line.partition("\t")
        case = re.sub(r"\[.*\]$", "", where.split("/")[-1])
        passed[case] = passed.get(case, True) and status == "pass"
    return passed


def main():
    passed = results()
    if passed is None:
        print("no results of tools/test yet: counting the tests by their names", file=sys.stderr)
    there = tests_there()
    new = 0 if passed is None else sum(1 for case in there if ids_of(case.split("::")[-1])
                                       and case not in passed)
    if new:
        print(f"{new} tests have no result, and show nothing: run tools/test", file=sys.stderr)
    shown_by = {}
    for case, where in there.items():
        if passed is None or passed.get(case, False):
            for name in ids_of(case.split("::")[-1]):
                shown_by.setdefault(name, []).append(where)
    shown = 0
    lines = [line for line in (ROOT / "tools/behaviours.txt").read_text().splitlines()
             if line and not line.startswith("#")]
    for line in lines:
        name, mark, _title = line.split(None, 2)
        tests = shown_by.get(name, [])
        shown += bool(tests)
        print(name, mark, "shown" if tests else "not-shown", ",".join(tests), sep="\t")
    print(f"{shown} of {len(lines)} shown")


if __name__ == "__main__":
    main()
