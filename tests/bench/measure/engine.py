# SPDX-License-Identifier: BSD-3-Clause
"""The control plane's engine alone, with neither network nor dataplane: CPU, instructions and
memory of a call, by how many are live."""
import re

from lab import BUILD

from .callgrind import instructions
from .programs import run

BENCH = BUILD / "tests/bench/bench_call"
MEMORY = re.compile(r"\s*(\d+) live:\s+(\d+) bytes each by malloc(?:, (\d+) resident)?")
CPU = re.compile(r"\s*(\d+) live:\s+([\d.]+) us a call: (.*)")
CPU_GOAL_US, MEMORY_GOAL, FLAT = 150, 8000, 1.25
ENTRANCES = ("engine_receive", "agreeable_dp_run", "timer_wheel_advance")


def memory_line(table, live, malloc, resident):
    figure = f"{malloc:,} bytes" + (f", {resident:,} resident" if resident else "")
    goal = live == 50_000
    table.add(f"a live call of {live:,}", figure, "tests/bench/bench_call",
              f"at most {MEMORY_GOAL:,}" if goal else None,
              max(malloc, resident or 0) <= MEMORY_GOAL if goal else None, values={"bytes": malloc})


def figures(table, text):
    """Adds a line for each of the program's; CPU a call in us by live calls."""
    cpu = {}
    for line in text.splitlines():
        found = MEMORY.match(line)
        if found:
            memory_line(table, *(int(n) if n else None for n in found.groups()))
        found = CPU.match(line)
        if found:
            live = int(found.group(1))
            cpu[live] = float(found.group(2))
            table.add(f"engine, {live:,} calls live", f"{cpu[live]:.0f} us a call",
                      "tests/bench/bench_call", f"at most {CPU_GOAL_US}",
                      cpu[live] <= CPU_GOAL_US, found.group(3), {"us": cpu[live]})
    return cpu


def split(table):
    """Instructions of a call by folder: so many calls more make so many instructions more."""
    few, many = 200, 1200
    counted = [instructions(ENTRANCES, BENCH, 10, calls) for calls in (few, many)]
    if None in counted:
        return
    each = {where: (counted[1][where] - counted[0][where]) / (2 * (many - few))
            for where in counted[1]}
    parts = sorted(each.items(), key=lambda item: -item[1])
    table.add("instructions a call", f"{sum(each.values()):,.0f}",
              f"valgrind --tool=callgrind tests/bench/bench_call 10 {many}",
              note=", ".join(f"{where} {count:,.0f}" for where, count in parts if count >= 1000),
              values={"instructions": each})


def engine(table, _prefix):
    cpu = figures(table, run(table, BENCH.name, "the engine alone, a call of two legs with SDP"))
    if len(cpu) > 1:
        ratio = cpu[max(cpu)] / cpu[min(cpu)]
        table.add(f"{max(cpu):,} calls live against {min(cpu):,}", f"{ratio:.2f}",
                  "the lines' CPU", f"flat: at most {FLAT}", ratio <= FLAT)
    split(table)
