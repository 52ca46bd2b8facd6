# SPDX-License-Identifier: BSD-3-Clause
"""Whole calls through both processes: CPU and memory a call, start-up."""
import time

from lab import ACCESS, CARRIER, STRANGER, Lab

from .machine import cpu_s, rss


def sipp(lab, calls, rate, hold_ms, wait=True):
    """Calls by sipp from the access side; the uac's Popen or its status."""
    limit = str(calls // rate + hold_ms // 1000 + 40)
    uas = lab.sipp(lab.carrier, "uas.xml", CARRIER, "-p", "5060", "-m", str(calls), "-timeout",
                   limit, wait_s=None)
    uac = lab.sipp(lab.nat, "uac.xml", STRANGER, "-p", "5060", "-m", str(calls), "-r", str(rate),
                   "-l", str(calls), "-d", str(hold_ms), "-timeout", limit, "-s", "+442079460123",
                   remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=None)
    if not wait:
        return uac, uas
    status = uac.wait(int(limit) + 10)
    uas.wait(60)
    return status


def cpu_per_call(lab, table, tidegate):
    for calls, rate in ((2000, 100), (4000, 400)):
        before, dp_before = cpu_s(tidegate.cp.child.pid), cpu_s(tidegate.dp.child.pid)
        status = sipp(lab, calls, rate, 1000)
        used = cpu_s(tidegate.cp.child.pid) - before
        dp_used = cpu_s(tidegate.dp.child.pid) - dp_before
        how = f"sipp -m {calls} -r {rate} -d 1000"
        each = used / calls * 1000
        table.add(f"control plane CPU a call at {rate}/s", f"{each:.3f} ms", how,
                  "at most 0.15 ms", each <= 0.15, "" if status == 0 else "some FAILED",
                  {"ms": each})
        table.add(f"dataplane CPU in that run at {rate}/s", f"{dp_used:.1f} s", how,
                  note="utime + stime; it polls")


def memory(lab, table, tidegate):
    calls = 4000
    before = rss(tidegate.cp.child.pid)
    uac, uas = sipp(lab, calls, 400, 12000, wait=False)
    deadline, most = time.monotonic() + 30, 0
    while time.monotonic() < deadline:
        most = max(most, tidegate.stats()["calls"])
        if most >= calls:
            break
        time.sleep(0.25)
    grown = rss(tidegate.cp.child.pid) - before
    uac.wait(120)
    uas.wait(60)
    if most:
        each = grown // most
        table.add("control plane memory a call", f"{each:,} bytes",
                  f"sipp -m {calls} -r 400 -d 12000", "at most 8,000", each <= 8000,
                  f"VmRSS while {most} calls are up, in-flight transactions included",
                  {"bytes": each})


def start_up(lab, table):
    tidegate = lab.start()
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


def calls(table, prefix):
    table.section("calls, through both processes")
    lab = Lab(f"{prefix}c")
    try:
        tidegate = start_up(lab, table)
        cpu_per_call(lab, table, tidegate)
        memory(lab, table, tidegate)
    finally:
        lab.close()
