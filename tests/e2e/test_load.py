# SPDX-License-Identifier: BSD-3-Clause
"""Many calls by sipp, and nothing left behind."""
from lab import ACCESS, CARRIER, PHONE

CALLS, RATE, HOLD_MS = 1000, 50, 2000


def test_thousand_calls_leave_nothing_behind(lab, tidegate):
    before = tidegate.stats()
    limit = str(CALLS // RATE + 30)
    uas = lab.sipp(lab.carrier, "uas.xml", CARRIER, "-p", "5060", "-m", str(CALLS),
                   "-timeout", limit, wait_s=None)
    status, output = lab.sipp(
        lab.phone, "uac.xml", PHONE, "-p", "5060", "-m", str(CALLS), "-r", str(RATE),
        "-d", str(HOLD_MS), "-timeout", limit, "-s", "+442079460123",
        remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=int(limit) + 10)
    assert status == 0, output[-3000:]
    uas.wait(30)
    # the last transactions live for 32 s
    stats = tidegate.settled(45, ("calls", "streams", "transactions", "ports_in_use"))
    for name in ("calls", "streams", "transactions", "ports_in_use"):
        assert stats[name] == 0, f"{name} is {stats[name]}: {stats}"
    assert tidegate.cp.alive() and tidegate.dp.alive()
    assert before["calls"] == 0
