# SPDX-License-Identifier: BSD-3-Clause
"""Calls by sipp, and what became of them."""
import csv
import dataclasses

from lab import ACCESS, CARRIER, STRANGER

FAILED_MAX = 0.001
REACHED = 0.95  # of what was asked, or sipp is the limit


@dataclasses.dataclass
class Calls:
    """What one run at one rate gave."""
    asked: int     # calls/s
    made: int
    answered: int  # and hung up
    rate: float    # calls/s as they were made

    @property
    def failed(self):
        return 1 - self.answered / self.made if self.made else 1.0

    @property
    def good(self):
        return self.failed <= FAILED_MAX

    @property
    def sender_limited(self):
        return self.rate < REACHED * self.asked

    def __str__(self):
        return (f"{self.asked:,} calls/s asked, {self.rate:,.0f} made, {self.failed:.3%} of"
                f" {self.made:,} failed")


def command(calls, rate, hold_ms):
    return f"sipp -sf uac.xml -m {calls} -r {rate} -d {hold_ms}"


class Run:
    """Calls through the lab's SBC from its access side, while it lives."""

    def __init__(self, lab, calls, rate, hold_ms):
        self.lab, self.calls, self.asked = lab, calls, rate
        limit = str(calls // rate + hold_ms // 1000 + 40)
        self.limit_s = int(limit) + 10
        self.table = lab.dir / "uac.csv"
        self.table.unlink(missing_ok=True)
        self.uas = lab.sipp(lab.carrier, "uas.xml", CARRIER, "-p", "5060", "-m", str(calls),
                            "-timeout", limit, wait_s=None)
        self.uac = lab.sipp(lab.nat, "uac.xml", STRANGER, "-p", "5060", "-m", str(calls), "-r",
                            str(rate), "-l", str(calls), "-d", str(hold_ms), "-timeout", limit,
                            "-s", "+442079460123", "-trace_stat", "-stf", self.table, "-fd", "1",
                            remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=None)

    def finish(self):
        """Waits for its end; a Calls. The callee, who waits for calls that failed, is ended."""
        try:
            self.uac.wait(self.limit_s)
        finally:
            for child in (self.uac, self.uas):
                child.terminate()
                child.wait(10)
        with open(self.table, encoding="utf-8") as text:
            rows = list(csv.DictReader(text, delimiter=";"))
        return Calls(self.asked, int(rows[-1]["TotalCallCreated"]),
                     int(rows[-1]["SuccessfulCall(C)"]), rate_of(rows, self.calls))


def seconds(text):
    """Of "2026-01-31 12:00:00.000000 1769860800.000000", whose blanks are tabs."""
    return float(text.split()[-1])


def rate_of(rows, calls):
    """Calls a second while they were being made."""
    making = [row for row in rows if 0 < int(row["TotalCallCreated"]) < calls] or rows[-1:]
    elapsed = seconds(making[-1]["CurrentTime"]) - seconds(making[-1]["StartTime"])
    return int(making[-1]["TotalCallCreated"]) / elapsed if elapsed else 0.0
