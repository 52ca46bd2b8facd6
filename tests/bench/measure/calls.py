# SPDX-License-Identifier: BSD-3-Clause
"""Whole calls through both processes: CPU and memory a call beside Kamailio with rtpengine, the
most calls a second, start-up."""
import time

from lab import Lab

from . import kamailio, sipp
from .machine import cpu_s, prefer, rss

LOADS = ((2000, 100), (2000, 200), (4000, 400))  # calls, calls/s
FULL_LOAD = (20000, 2000)  # where a wake-up serves many messages; the peers don't get there
CLIMB = (200, 300, 400, 500, 600, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 3500, 4000)
CLIMB_S = 4
HOLD_MS = 1000
CPU_GOAL_MS, RATIO_GOAL, RATE_GOAL = 0.15, 1 / 8, 3000


class Ours:
    """Both processes of Tidegate, looked at as the peer is."""

    def __init__(self, lab, tidegate):
        self.name, self.lab, self.tidegate = "control plane", lab, tidegate
        for process in (tidegate.cp, tidegate.dp):
            prefer(process.child.pid)

    def cpu_s(self):
        """(control plane's, dataplane's). The latter polls: it uses up what it is given."""
        return cpu_s(self.tidegate.cp.child.pid), cpu_s(self.tidegate.dp.child.pid)

    def counted(self, used):
        return used[0]


class Theirs:
    """Kamailio and rtpengine, which does for it what our control plane does for itself."""

    def __init__(self, lab, peer):
        self.name, self.lab, self.peer = "Kamailio + rtpengine", lab, peer
        for pid in lab.sbc.pids():
            prefer(pid)

    def cpu_s(self):
        return self.peer.cpu_s()

    def counted(self, used):
        return sum(used)


def cpu_per_call(setup, table, goal, loads):
    """CPU a call in ms by rate, of the rates at which hardly a call failed."""
    out = {}
    for calls, rate in loads:
        before = setup.cpu_s()
        done = sipp.Run(setup.lab, calls, rate, HOLD_MS).finish()
        used = [now - then for now, then in zip(setup.cpu_s(), before)]
        each = setup.counted(used) / max(done.answered, 1) * 1000
        if done.good:
            out[rate] = each
        table.add(f"{setup.name}, CPU a call at {rate}/s", f"{each:.3f} ms",
                  sipp.command(calls, rate, HOLD_MS),
                  f"at most {goal}" if goal else None, each <= goal if goal else None,
                  f"{used[0]:.2f} s and {used[1]:.2f} s of its two; {done.failed:.2%} failed",
                  {"ms": each})
    return out


def most(setup, table, goal):
    """The highest rate of a ladder at which hardly a call fails. What fails is tried once more."""
    best, limited = None, False
    for rate in CLIMB:
        for _ in range(2):
            run = sipp.Run(setup.lab, rate * CLIMB_S, rate, HOLD_MS).finish()
            print(f"      {run}", flush=True)
            if run.good:
                break
        if run.good and (best is None or run.rate > best.rate):
            best = run
        limited = run.sender_limited
        if not run.good or limited:
            break
    rate = best.rate if best else 0
    table.add(f"{setup.name}, most calls/s with at most 0.1% failed", f"{rate:,.0f}",
              sipp.command(f"{CLIMB_S} s", "RATE", HOLD_MS),
              f"at least {goal:,}" if goal else None, rate >= goal if goal else None,
              "sipp is the limit" if limited else "", {"per_s": rate})


def memory(lab, table, tidegate):
    calls = 4000
    before = rss(tidegate.cp.child.pid)
    run = sipp.Run(lab, calls, 400, 12000)
    deadline, up = time.monotonic() + 30, 0
    while time.monotonic() < deadline and up < calls:
        up = max(up, tidegate.stats()["calls"])
        time.sleep(0.25)
    grown = rss(tidegate.cp.child.pid) - before
    run.finish()
    if up:
        each = grown // up
        table.add("control plane memory a call", f"{each:,} bytes", sipp.command(calls, 400, 12000),
                  "at most 8,000", each <= 8000,
                  f"VmRSS while {up} calls are up, in-flight transactions included",
                  {"bytes": each})


def roomy(tree):
    """Changes a configuration so that thousands of calls a second find ports and transactions."""
    tree["limits"] = {"calls_max": "40000", "transactions_max": "1000000"}
    tree["dataplane"]["streams_max"] = "65536"
    tree["timers"] = {"port_quarantine_s": "1"}
    for realm in tree["realms"]:
        realm["media"][0]["ports"] = "8192-65535"


def start_up(lab, table):
    tidegate = lab.start(roomy)
    tidegate.stop()
    began = time.monotonic()
    tidegate.start_dataplane()
    middle = time.monotonic()
    tidegate.start_control()
    end = time.monotonic()
    table.add("dataplane start-up", f"{(middle - began) * 1000:.0f} ms", "tools/run",
              note="exec to its line ready")
    table.add("control plane start-up", f"{(end - middle) * 1000:.0f} ms", "tools/run",
              note="exec to its line ready, attached")
    return tidegate


def ours(table, prefix):
    lab = Lab(f"{prefix}c")
    try:
        tidegate = start_up(lab, table)
        setup = Ours(lab, tidegate)
        cpu = cpu_per_call(setup, table, CPU_GOAL_MS, (*LOADS, FULL_LOAD))
        memory(lab, table, tidegate)
        most(setup, table, RATE_GOAL)
        return cpu
    finally:
        lab.close()


def theirs(table, prefix):
    lab = Lab(f"{prefix}k")
    try:
        peer = kamailio.Kamailio(lab)
        try:
            setup = Theirs(lab, peer)
            cpu = cpu_per_call(setup, table, None, LOADS)
            most(setup, table, None)
            return cpu
        finally:
            peer.stop()
    finally:
        lab.close()


def calls(table, prefix):
    table.section("calls of sipp, which shares the cores with all the rest: through both processes,"
                  " and through Kamailio with rtpengine")
    cpu = ours(table, prefix)
    if not kamailio.install():
        return
    peer = theirs(table, prefix)
    for rate in sorted(cpu.keys() & peer.keys()):
        ratio = cpu[rate] / peer[rate] if peer[rate] else 0
        table.add(f"CPU a call at {rate}/s to theirs", f"{ratio:.2f}", "the lines above",
                  f"at most {RATIO_GOAL:.3f}", ratio <= RATIO_GOAL, values={"ratio": ratio})
