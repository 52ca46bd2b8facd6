# SPDX-License-Identifier: BSD-3-Clause
"""Measures Tidegate and its peers and prints one table: figures, goals, and the commands for each.

Nothing here fails because a figure is low: the machine and what else runs on it decide much.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from measure import machine  # noqa: E402
from measure.calls import calls  # noqa: E402
from measure.engine import engine  # noqa: E402
from measure.peers import against_rtpengine  # noqa: E402
from measure.programs import cycles, libraries  # noqa: E402
from measure.registrations import registrations  # noqa: E402
from measure.relay import install, relay, workers  # noqa: E402
from measure.storm import storm  # noqa: E402
from measure.table import Table  # noqa: E402

SECTIONS = {"relay": relay, "rtpengine": against_rtpengine, "cycles": cycles, "streams": install,
            "workers": workers, "engine": engine, "registrations": registrations,
            "storm": storm, "calls": calls, "libraries": libraries}


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__.split("\n")[0])
    parser.add_argument("--only", action="append", choices=SECTIONS,
                        help="only this section; may be given more than once")
    parser.add_argument("--json", metavar="FILE", help="write the lines there, too")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what it started is ended
    table, failed = Table(), []
    print(f"{os.cpu_count()} cores, Linux {os.uname().release},"
          f" load {os.getloadavg()[0]:.1f} at the start; a relay's worker runs alone on core"
          f" {machine.WORKER_CPU}, all else on core {machine.REST_CPU}"
          + (f", the sender on core {machine.SENDER_CPU}"
             if machine.SENDER_CPU != machine.REST_CPU else ""))
    machine.prefer(os.getpid())
    with machine.huge_pages():
        for name, section in SECTIONS.items():
            if args.only and name not in args.only:
                continue
            try:
                section(table, f"tgb{os.getpid()}")
            except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
                failed.append(name)
                traceback.print_exc()
                print(f"  {name}: not measured: {error}", flush=True)
    table.show()
    if args.json:
        table.save(args.json)
    if failed:
        print(f"\nnot measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
