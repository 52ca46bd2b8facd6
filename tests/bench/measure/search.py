# SPDX-License-Identifier: BSD-3-Clause
"""The highest rate at which hardly anything is lost."""
import dataclasses

LOST_MAX = 0.0001
NARROW = 1.06   # stop when the bounds are as near as that
DISTURBED = 0.01  # lost no more than that: try again, something else may have run
REACHED = 0.95  # of what was asked, or it is the sender's limit


@dataclasses.dataclass
class Run:
    """What one run at one rate gave. Rates in packets/s, delays in us."""
    asked: int
    sent: int
    received: int
    rate: float
    p50: float = 0
    p99: float = 0
    wrong: int = 0  # corrupted, misled, duplicated, reordered

    @property
    def lost(self):
        return max(0.0, 1 - self.received / self.sent) if self.sent else 1.0

    @property
    def good(self):
        return self.sent > 0 and self.lost <= LOST_MAX

    @property
    def sender_limited(self):
        return self.asked > 0 and self.rate < REACHED * self.asked

    def __str__(self):
        asked = f"{self.asked:,} asked, " if self.asked else ""
        return (f"{asked}{self.rate:,.0f} packets/s, {self.lost:.4%} lost, delay {self.p50:.0f} us,"
                f" p99 {self.p99:.0f} us" + (f", {self.wrong} WRONG" if self.wrong else ""))


def say(run):
    print(f"      {run}", flush=True)
    return run


def climb(measure, first, steps=10):
    """Doubles the rate until packets are lost or the sender cannot more, then halves the interval.

    Returns (best run or None, whether the sender was the limit).
    """
    best, low, high, rate = None, 0, None, first
    for _ in range(steps):
        run = say(measure(int(rate)))
        if not run.good and run.lost < DISTURBED:
            run = say(measure(int(rate)))
        if run.good:
            best = run if best is None or run.rate > best.rate else best
            if run.sender_limited:
                return best, True
            low = rate
        else:
            high = rate
            if run.sender_limited:  # it cannot even offer that
                high = min(high, max(run.rate, low * NARROW))
        if high is None:
            rate = rate * 2
        elif low and high / low <= NARROW:
            break
        else:
            rate = (low + high) / 2
    return best, False


def press(measure, steps=6):
    """For a device that takes no more than the relay fetches: first as fast as it goes, then less,
    until nothing is lost."""
    run = say(measure(0))
    best, rate = run if run.good else None, run.received / run.sent * run.rate if run.sent else 0
    for _ in range(steps):
        if best or not rate:
            break
        again = say(measure(0))  # a moment's disturbance is no limit
        if again.good:
            best = again
            break
        rate = min(rate, again.rate) * 0.93
        run = say(measure(int(rate)))
        best = run if run.good else None
    return best
