# SPDX-License-Identifier: BSD-3-Clause
"""The machine a run is made on: its cores and its huge pages."""
import contextlib
import os
import pathlib
import subprocess

HUGE = pathlib.Path("/proc/sys/vm/nr_hugepages")
HUGE_PAGES = 600
PAGE = os.sysconf("SC_PAGE_SIZE")
CORES = sorted(os.sched_getaffinity(0))

# The measured relay's worker has a core to itself, all the rest shares the first one.
REST_CPU = CORES[0]
WORKER_CPU = CORES[1] if len(CORES) > 1 else CORES[0]
# A sender has one of its own where there is one left.
SENDER_CPU = CORES[2] if len(CORES) > 2 else REST_CPU


def worker_cpus(count):
    """Cores for so many workers beside the sender and the rest."""
    free = [cpu for cpu in CORES if cpu not in (REST_CPU, SENDER_CPU)] or [WORKER_CPU]
    return [free[n % len(free)] for n in range(count)]


@contextlib.contextmanager
def huge_pages():
    """Enough huge pages for the time of the block, then as many as before."""
    before = int(HUGE.read_text())
    if before < HUGE_PAGES:
        HUGE.write_text(str(HUGE_PAGES))
    got = int(HUGE.read_text())
    if got < HUGE_PAGES:
        print(f"  only {got} of {HUGE_PAGES} huge pages could be had")
    try:
        yield
    finally:
        HUGE.write_text(str(before))


def prefer(pid):
    """What is measured runs before what else the machine does, as far as the scheduler allows."""
    os.setpriority(os.PRIO_PROCESS, pid, -20)
    autogroup = pathlib.Path(f"/proc/{pid}/autogroup")
    if autogroup.exists():
        autogroup.write_text("-20")


def at_once():
    """What to put before a command that is to run as soon as it has something to do, though another
    never rests on its core; nothing where that is not allowed."""
    real_time = ["chrt", "--fifo", "1"]
    allowed = subprocess.run([*real_time, "true"], check=False, stderr=subprocess.DEVNULL)
    return real_time if allowed.returncode == 0 else []


def rss(pid):
    """Resident memory of a process in bytes."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def cpu_s(pid):
    """CPU time of a process so far, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
