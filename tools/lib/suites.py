# SPDX-License-Identifier: BSD-3-Clause
"""Runs the test suites one after the other and counts cases; called by tools/test.

Leaves build/test-results.tsv: "STEP/TEST/CASE <tab> pass|fail|skip", which tools/behaviours reads.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ.get("TIDEGATE_BUILD", "build")
WRAPPER = ROOT / "tools/lib/criterion-tap"
RESULTS = "test-results.tsv"
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "LSAN_OPTIONS": f"suppressions={ROOT}/tools/lib/lsan.supp:print_suppressions=0",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"
                    f":suppressions={ROOT}/tools/lib/tsan.supp",
}

# name, kind, build folder, meson options, suites, seconds
STEPS = [
    ("unit", "meson", "", [], ["unit"], 600),
    ("path", "meson", "", [], ["path"], 300),
    ("dp", "meson", "", [], ["dp"], 300),
    ("scenario", "meson", "", [], ["scenario"], 600),
    ("fuzz", "meson", "", [], ["fuzz"], 300),
    ("lint", "meson", "", [], ["lint"], 300),
    ("asan", "meson", "-asan",
     ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"],
     ["unit", "scenario", "fuzz", "path"], 1500),
    ("tsan", "meson", "-tsan", ["-Db_sanitize=thread", "-Db_lundef=false", "-Dc_args=-Wno-tsan"],
     ["threads"], 600),
    ("e2e", "pytest", "", [], [], 1500),
]
BUILT = set()
QUICK = {"unit", "path", "dp", "scenario", "fuzz", "lint"}


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def run(command, seconds, **kwargs):
    """Runs it in a process group of its own, shown as it goes. None when it took too long."""
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True,
                          stdin=subprocess.DEVNULL, **kwargs) as child:
        try:
            return child.wait(seconds)
        except BaseException as error:
            os.killpg(child.pid, signal.SIGTERM)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise


def tap_cases(path):
    """(name, status) of each case of one criterion program."""
    for line in path.read_text(errors="replace").splitlines():
        m = re.match(r"(not )?ok - (\S+)(.*)", line)
        if m:
            skipped = re.search(r"# SKIP", m.group(3))
            yield m.group(2), "fail" if m.group(1) else "skip" if skipped else "pass"


def meson_cases(step, log, tap_dir):
    """(id, status) of every case that a run of meson left in its log."""
    for line in log.read_text().splitlines():
        test = json.loads(line)
        status = {"OK": "pass", "EXPECTEDFAIL": "pass", "SKIP": "skip"}.get(test["result"], "fail")
        command = [c for c in test["command"] if c != str(WRAPPER)]
        key = hashlib.md5("".join(c + "\0" for c in command).encode()).hexdigest()
        tap = tap_dir / f"{key}.tap"
        cases = list(tap_cases(tap)) if tap.exists() else []
        name = f"{step}/{test['name'].split(' / ')[-1]}"
        for case, case_status in cases:
            yield f"{name}/{case}", case_status
        if not cases or (status == "fail" and all(s != "fail" for _, s in cases)):
            yield name, status


def meson_step(step, folder, options, suites, seconds):
    build = ROOT / (BUILD + folder)
    if not (build / "build.ninja").exists():
        say(f"{step}: configuring {build.name}")
        shutil.rmtree(build, ignore_errors=True)
        if run(["meson", "setup", str(build), ".", *options], 300, stdout=subprocess.DEVNULL):
            return [(f"{step}/configure", "fail")]
    tap_dir = build / "tap"
    shutil.rmtree(tap_dir, ignore_errors=True)
    tap_dir.mkdir()
    # meson adds the wrapper's name to what --logbase says
    log = build / "meson-logs" / f"tidegate-{step}-{WRAPPER.name}.json"
    log.unlink(missing_ok=True)
    env = {**os.environ, **SANITIZER_ENV, "TIDEGATE_TAP": str(tap_dir)}
    command = ["meson", "test", "-C", str(build), "--print-errorlogs",
               "--logbase", f"tidegate-{step}", "--wrapper", str(WRAPPER)]
    if step != "tsan":  # of that one little is needed: what its tests are made of
        if build not in BUILT:
            say(f"{step}: building {build.name}")
            if run(["ninja", "--quiet", "-C", str(build)], 900):
                return [(f"{step}/build", "fail")]
            BUILT.add(build)
        command.append("--no-rebuild")
    if folder:
        command += ["--timeout-multiplier", "4"]
    for suite in suites:
        command += ["--suite", suite]
    status = run(command, seconds, env=env)
    cases = list(meson_cases(step, log, tap_dir)) if log.exists() else []
    if status is None:
        cases.append((f"{step}/finished-in-{seconds}-s", "fail"))
    elif status and all(s != "fail" for _, s in cases):
        cases.append((f"{step}/exit-status-{status}", "fail"))
    return cases


def pytest_step(step, _folder, _options, _suites, seconds):
    report = ROOT / BUILD / "e2e.xml"
    report.unlink(missing_ok=True)
    status = run(["/usr/bin/python3", "-m", "pytest", "-v", "-x" if "FAIL_FAST" in os.environ
                  else "-v", "--color=no", "-p", "no:cacheprovider", f"--junitxml={report}",
                  "tests/e2e"], seconds)
    cases = []
    if report.exists():
        for case in xml.etree.ElementTree.parse(report).iter("testcase"):
            tags = {child.tag for child in case}
            verdict = "fail" if tags & {"failure", "error"} else "skip" if "skipped" in tags \
                else "pass"
            cases.append((f"{step}/{case.get('classname')}/{case.get('name')}", verdict))
    if status is None:
        cases.append((f"{step}/finished-in-{seconds}-s", "fail"))
    elif status not in (0, 5) and all(s != "fail" for _, s in cases):
        cases.append((f"{step}/exit-status-{status}", "fail"))
    return cases


def save(ran, steps):
    """Replaces the lines of these steps in the results file."""
    path = ROOT / BUILD / RESULTS
    old = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in old if line.split("/")[0] not in steps]
    path.write_text("".join(line + "\n" for line in kept)
                    + "".join(f"{name}\t{status}\n" for name, status in ran))


def main():
    parser = argparse.ArgumentParser(prog="tools/test")
    parser.add_argument("--quick", action="store_true", help="no sanitizers, no end-to-end tests")
    parser.add_argument("--suite", action="append", choices=[s[0] for s in STEPS],
                        help="only this one; may be given more than once")
    args = parser.parse_args()
    steps = [s for s in STEPS if (s[0] in args.suite if args.suite
                                  else s[0] in QUICK or not args.quick)]
    ran, began = [], time.monotonic()
    for name, kind, *rest in steps:
        say(f"=== {name}")
        start = time.monotonic()
        cases = (meson_step if kind == "meson" else pytest_step)(name, *rest)
        ran += cases
        save(cases, {name})
        count = {s: sum(1 for _, got in cases if got == s) for s in ("pass", "fail", "skip")}
        say(f"=== {name}: {count['pass']} passed, {count['fail']} failed, {count['skip']} skipped"
            f" in {time.monotonic() - start:.0f} s")
    failed = [name for name, status in ran if status == "fail"]
    if failed:
        print("\nfailed:")
        for name in failed:
            print(f"  {name}")
    print(f"\n{time.monotonic() - began:.0f} s in all")
    print(f"{sum(s == 'pass' for _, s in ran)} passed, {len(failed)} failed, "
          f"{sum(s == 'skip' for _, s in ran)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
