# SPDX-License-Identifier: BSD-3-Clause
"""Measures Tidegate in the lab and prints a table of figures, each with how it was taken.

Nothing here fails because a figure is low: the machine and what else runs on it decide much.
"""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import ua  # noqa: E402
from lab import (ACCESS, BUILD, CARRIER, CORE, Lab, SBC_ACCESS, STRANGER)  # noqa: E402
from netns import sh  # noqa: E402

BLAST = BUILD / "tests/bench/blast"
CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
RATES = (10_000, 25_000, 50_000, 100_000, 150_000, 200_000, 300_000, 400_000)
SECONDS = 3
LOST_MAX = 0.001
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Table:
    """Lines of (what, figure, how)."""

    def __init__(self):
        self.lines = []

    def add(self, what, figure, how):
        self.lines.append((what, figure, how))
        print(f"  {what}: {figure}", flush=True)

    def show(self):
        widths = [max(len(line[n]) for line in self.lines) for n in (0, 1)]
        print()
        for what, figure, how in self.lines:
            print(f"{what:<{widths[0]}}  {figure:>{widths[1]}}  {how}")


def cpu_s(pid):
    """CPU time of a process so far, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def flows_of(lab, caller, callee, count):
    """Sets up so many calls; the files of flows for sender and sink, and the calls."""
    calls, there, here = [], [], []
    for n in range(count):
        caller.media_port, callee.media_port = 40000 + 2 * n, 20000 + 2 * n
        out, into, near, far = ua.connect(caller, callee, CALLEE, early=None)
        calls.append((out, into))
        there.append(f"{caller.media_port} {near[0]} {near[1]}")
        here.append(f"{callee.media_port} {far[0]} {far[1]}")
    paths = lab.dir / "caller.flows", lab.dir / "callee.flows"
    for path, lines in zip(paths, (there, here)):
        path.write_text("\n".join(lines) + "\n")
    return *paths, calls


def blast(lab, sender_flows, sink_flows, rate):
    """One run; (packets sent, received, median, p99 of the delay in us, rate that was reached)."""
    sink = lab.carrier.popen(BLAST, "sink", CARRIER, sink_flows, 1, stdout=subprocess.PIPE,
                             text=True)
    sink.stdout.readline()
    send = lab.nat.run(BLAST, "send", STRANGER, sender_flows, rate, SECONDS).stdout.split()
    got = sink.stdout.readline().split()
    sink.wait()
    sent, elapsed_ms = int(send[1]), int(send[3])
    return sent, int(got[1]), int(got[3]), int(got[4]), sent * 1000 // max(elapsed_ms, 1)


def relay(lab, table, count):
    """The highest rate without loss over so many flows, and the delay at a modest one."""
    caller = ua.Agent(lab.nat, STRANGER, 5062, "blast", ACCESS)
    callee = ua.Agent(lab.carrier, CARRIER, 5060, "carrier", CORE)
    try:
        there, here, calls = flows_of(lab, caller, callee, count)
        blast(lab, there, here, 1000)  # every flow is learned before anything is measured
        best = None
        for rate in RATES:
            sent, received, p50, p99, reached = blast(lab, there, here, rate)
            lost = 1 - received / sent if sent else 1
            print(f"    {rate} packets/s asked, {reached} sent, {lost:.3%} lost,"
                  f" delay {p50} us, p99 {p99} us", flush=True)
            if rate == 10_000:
                table.add(f"relay delay, {count} flows, 10,000 packets/s",
                          f"{p50} us, p99 {p99} us", f"blast send/sink, {SECONDS} s")
            if lost > LOST_MAX:
                break
            best = reached
        table.add(f"relay, {count} flows, lost at most {LOST_MAX:.1%}",
                  f"{best:,} packets/s" if best else "none",
                  f"blast send/sink, {SECONDS} s a step; sender, sink and kernel share a core")
        for out, into in calls:
            out.hang_up_from(into)
    finally:
        caller.close()
        callee.close()


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
        how = f"sipp -m {calls} -r {rate} -d 1000" + ("" if status == 0 else "; some FAILED")
        table.add(f"control plane CPU a call at {rate}/s", f"{used / calls * 1000:.3f} ms", how)
        table.add(f"dataplane CPU in that run at {rate}/s", f"{dp_used:.1f} s",
                  "utime + stime; it polls")


def memory(lab, table, tidegate):
    calls = 4000
    before, dp_before = rss(tidegate.cp.child.pid), rss(tidegate.dp.child.pid)
    uac, uas = sipp(lab, calls, 400, 20000, wait=False)
    deadline, most = time.monotonic() + 40, 0
    while time.monotonic() < deadline:
        most = max(most, tidegate.stats()["calls"])
        if most >= calls:
            break
        time.sleep(0.25)
    grown, dp_grown = rss(tidegate.cp.child.pid) - before, rss(tidegate.dp.child.pid) - dp_before
    uac.wait(120)
    uas.wait(60)
    if most:
        table.add("control plane memory a call", f"{grown // most:,} bytes",
                  f"VmRSS while {most} calls are up, in-flight transactions included")
        table.add("dataplane memory a stream", f"{dp_grown // most:,} bytes",
                  "VmRSS beyond what was allocated at boot")


def start_up(lab, table):
    tidegate = lab.start()
    tidegate.stop()
    began = time.monotonic()
    tidegate.start_dataplane()
    middle = time.monotonic()
    tidegate.start_control()
    end = time.monotonic()
    table.add("dataplane start-up", f"{(middle - began) * 1000:.0f} ms", "exec to its line ready")
    table.add("control plane start-up", f"{(end - middle) * 1000:.0f} ms",
              "exec to its line ready, attached")
    return tidegate


def programs():
    """The programs that measure one library each, as they print."""
    for name in ("bench_path", "bench_txn"):
        path = BUILD / "tests/bench" / name
        print(f"\n{path.name}:", flush=True)
        if path.exists():
            done = sh(path, check=False, timeout=300)
            print("  " + "\n  ".join((done.stdout + done.stderr).rstrip().splitlines()))
        else:
            print("  not built")


def main():
    table, lab = Table(), None
    print(f"{os.cpu_count()} cores, Linux {os.uname().release},"
          f" load {os.getloadavg()[0]:.1f} at the start")
    try:
        lab = Lab(f"tgb{os.getpid()}")
        tidegate = start_up(lab, table)
        for count in (1, 100):
            relay(lab, table, count)
        cpu_per_call(lab, table, tidegate)
        memory(lab, table, tidegate)
    finally:
        if lab:
            lab.close()
    table.show()
    programs()


if __name__ == "__main__":
    main()
