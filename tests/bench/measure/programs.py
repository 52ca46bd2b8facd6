# SPDX-License-Identifier: BSD-3-Clause
"""The programs that measure one library each; what they print stands in the table as it is."""
import re
import tempfile

from lab import BUILD
from netns import sh

from . import machine

OWN_SECTION = ("bench_call", "bench_path", "bench_install", "bench_latency", "bench_location",
               "bench_register")
NEEDS_FOLDER = ("bench_store",)
GOALS = {1000: 150, 100_000: 300}  # cycles a packet in all


def run(table, name, title, *args):
    path = BUILD / "tests/bench" / name
    if not path.exists():
        return ""
    table.section(title)
    done = sh("taskset", "-c", machine.WORKER_CPU, path, *args, check=False, timeout=300)
    text = (done.stdout + done.stderr).rstrip()
    print("      " + text.replace("\n", "\n      "), flush=True)
    return text


def cycles(table, _prefix):
    """bench_path: its lines of flows and cycles, with the goals beside them."""
    lines = run(table, "bench_path", "path alone, crafted bursts, no driver").splitlines()
    for line, after in zip(lines, [*lines[1:], ""]):
        found = re.match(r"flows\s+(\d+)( v6)?\s+cycles/packet: median\s+([\d.]+)", line)
        if not found:
            continue
        flows, total = int(found.group(1)), float(found.group(3))
        goal = None if found.group(2) else GOALS.get(flows)
        stages = after.strip() if "by stage" in after else ""
        table.add(f"path, {flows:,} flows{', IPv6' if found.group(2) else ''}",
                  f"{total:.0f} cycles a packet", "tests/bench/bench_path",
                  f"at most {goal}" if goal else None, total <= goal if goal else None, stages,
                  {"cycles": total})


def libraries(table, _prefix):
    """The others, whose lines explain themselves."""
    for path in sorted((BUILD / "tests/bench").glob("bench_*")):
        if path.is_dir() or path.name in OWN_SECTION:
            continue
        with tempfile.TemporaryDirectory() as folder:
            args = [folder] if path.name in NEEDS_FOLDER else []
            text = run(table, path.name, path.name, *args)
        command = f"tests/bench/{path.name}" + (" DIRECTORY" if args else "")
        for line in text.splitlines():
            table.add(line.strip(), "", command)
