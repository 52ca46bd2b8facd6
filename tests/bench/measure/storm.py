# SPDX-License-Identifier: BSD-3-Clause
"""All phones register at once beside the calls of a trunk: as after a restart that nothing
outlived, and again while their bindings live."""
import grp
import os
import time

from lab import BUILD, NAT_OUT, SBC_ACCESS, STRANGER, Lab
from netns import sh
from registering import registrar

from . import sipp
from .calls import HOLD_MS, roomy
from .machine import cpu_s, prefer

STORM = BUILD / "tests/bench/storm"
PHONES, SPREAD_MS, LIMIT_S = 100_000, 10_000, 60
CALLS, RATE = 3000, 100
NET = "10.64.0.0/14"  # of the phones
# Nobody but storm hears what is sent to them, and no table of connections fills.
QUIET = f"""
table ip storm {{
    chain to {{
        type filter hook prerouting priority raw;
        ip daddr {NET} drop
    }}
    chain from {{
        type filter hook output priority raw;
        ip saddr {NET} notrack
    }}
}}
"""


def make_users(path):
    path.write_text(sh(STORM, "users", PHONES).stdout)
    os.chown(path, 0, grp.getgrnam("tidegate").gr_gid)
    path.chmod(0o640)
    return path


def configured(users):
    """A change of the configuration: phones register, and who calls meanwhile is a trunk."""
    def change(tree):
        registrar(users, digest={"algorithms": ["MD5"]}, expires={"nat_s": "3600"})(tree)
        roomy(tree)
        tree["limits"]["bindings_max"] = str(PHONES)
        tree["peers"].append({"name": "pbx", "realm": "access", "address": f"{STRANGER}:5060"})
    return change


def parted(words):
    """ "registered 3 in_ms 5 waited_ms 1 2 3" as a dict of lists."""
    out = {}
    for word in words.split():
        if word.isdigit():
            out[name].append(int(word))
        else:
            name = word
            out[name] = []
    return out


def dropped(tidegate):
    """By a full ring: (REGISTERs, anything)."""
    return [int(tidegate.metric("tidegate_dataplane_drops_total", f'reason="{reason}"'))
            for reason in ("sip_registers", "sip_ring_full")]


def measure(table, lab, tidegate, who):
    """All phones register once."""
    calls = sipp.Run(lab, CALLS, RATE, HOLD_MS)
    time.sleep(2)
    cpu_before, before = cpu_s(tidegate.cp.child.pid), dropped(tidegate)
    command = (STORM, "register", "out0", SBC_ACCESS, PHONES, SPREAD_MS, LIMIT_S)
    said = parted(lab.nat.run(*command, timeout=LIMIT_S + 30).stdout)
    used = cpu_s(tidegate.cp.child.pid) - cpu_before
    lost = [now - then for now, then in zip(dropped(tidegate), before)]
    told = " ".join(["tests/bench/storm", *(str(word) for word in command[1:])])
    show(table, who, told, said, used, lost)
    made = calls.finish()
    failed = made.made - made.answered
    table.add(f"calls that failed meanwhile, {RATE}/s", f"{failed} of {made.made:,}",
              sipp.command(CALLS, RATE, HOLD_MS), "none", failed == 0, values={"failed": failed})


def show(table, who, command, said, used, lost):
    done, ms, sent, repeats, refused, gave_up, missed = (
        said[name][0] for name in ("registered", "in_ms", "sent", "repeats", "refused", "gave_up",
                                   "missed"))
    median, p99, longest = said["waited_ms"]
    table.add(f"{PHONES:,} phones {who}: in", f"{done:,} after {ms / 1000:.1f} s", command,
              "all", done == PHONES,
              f"{used:.1f} s of CPU; {sent:,} REGISTERs, {repeats:,} of them repeats; a ring had no"
              f" room for {lost[0]:,}, nor for {lost[1]:,} other messages; {refused:,} times 503,"
              f" {gave_up:,} without an answer, {missed:,} answers missed",
              {"registered": done, "ms": ms, "sent": sent, "repeats": repeats, "refused": refused,
               "dropped": lost[0], "cpu_s": used})
    table.add("a phone waits, median, p99 and longest",
              f"{median / 1000:.2f}, {p99 / 1000:.2f} and {longest / 1000:.2f} s", command,
              values={"median_ms": median, "p99_ms": p99, "longest_ms": longest})


def storm(table, prefix):
    table.section(f"a storm: {PHONES:,} phones register with digest within {SPREAD_MS // 1000} s,"
                  f" a trunk calls {RATE} times a second")
    lab = Lab(f"{prefix}s")
    try:
        lab.sbc.ip("route", "add", NET, "via", NAT_OUT)
        lab.nat.run("nft", "-f", "-", input=QUIET)
        tidegate = lab.start(configured(make_users(lab.dir / "users")))
        for process in (tidegate.cp, tidegate.dp):
            prefer(process.child.pid)
        for who in ("that nobody knows", "whose bindings live"):
            measure(table, lab, tidegate, who)
    finally:
        lab.close()
