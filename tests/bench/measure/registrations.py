# SPDX-License-Identifier: BSD-3-Clause
"""What registered phones cost the control plane alone: their refreshes, pings and memory."""
import re

from .programs import run

COST = re.compile(r"\s*(\d+) phones: refresh\s+([\d.]+) us \(.*\), challenge\s+([\d.]+) us;"
                  r" pings\s+(\d+) a second, answered,\s+([\d.]+)% of a core")
KEPT = re.compile(r"\s*(\d+) bindings:\s+(\d+) bytes each by malloc,\s+(\d+) resident.*?; find"
                  r"\s+(\d+) ns")
REFRESHES_GOAL, PINGS_GOAL, BYTES_GOAL = 20_000, 5.0, 600


def costs(table, text):
    for phones, refresh, challenge, pings, share in COST.findall(text):
        rate = 1e6 / float(refresh)
        table.add(f"REGISTER, {int(phones):,} phones", f"{rate:,.0f} a second",
                  "tests/bench/bench_register", f"at least {REFRESHES_GOAL:,}",
                  rate >= REFRESHES_GOAL, f"{refresh} us a refresh, {challenge} us a challenge",
                  {"us": float(refresh), "challenge_us": float(challenge)})
        if int(phones) == 100_000:
            table.add("pings of 100,000 phones", f"{float(share):.1f}% of a core",
                      "tests/bench/bench_register", f"less than {PINGS_GOAL:.0f}%",
                      float(share) < PINGS_GOAL, f"{int(pings):,} a second, all answered",
                      {"percent": float(share)})


def memory(table, text):
    found = {int(count): (int(heap), int(resident), int(find))
             for count, heap, resident, find in KEPT.findall(text)}
    for count, (heap, resident, find) in found.items():
        table.add(f"a binding of {count:,}", f"{heap:,} bytes, {resident:,} resident",
                  "tests/bench/bench_location", f"at most {BYTES_GOAL}",
                  max(heap, resident) <= BYTES_GOAL, f"found in {find:,} ns",
                  {"bytes": heap, "find_ns": find})


def registrations(table, _prefix):
    costs(table, run(table, "bench_register", "the engine alone, REGISTER with digest"))
    memory(table, run(table, "bench_location", "where the bindings are kept"))
