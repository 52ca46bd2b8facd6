# SPDX-License-Identifier: BSD-3-Clause
"""A field of many calls that talk, and attacks on the SBC that carries them.

Attackers stand where phones do, on the NAT box's side of the access interface, and forge what
sources they like. All but the worker of the dataplane share the other CPUs, as on a border. The
worker gets its own as far as the scheduler can be told; what other programs take from it shows as
packets that the kernel drops before Tidegate sees them, and is counted apart.
"""
import json
import os
import pathlib
import re
import subprocess
import threading
import time

import ua
from lab import ACCESS, BUILD, CARRIER, LIMITS, NAT_OUT, PHONE, SBC_ACCESS, STRANGER
from netns import sh

CALLS = 200
CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
ENDS, FLOOD = BUILD / "tests/e2e/ends", BUILD / "tests/e2e/flood"
ATTACKERS = ("203.0.113.97", "203.0.113.98", "203.0.113.99")
FORGED = "100.64.0.1/10000"
MEDIA_PORTS = "20000-39999"
SSRC_BASE = 0x51000000  # of ends.c
LOAD_PORT = 5062        # where the carrier takes the load's calls
LOAD_RATE = 5
PAGE = os.sysconf("SC_PAGE_SIZE")
TGCTL_MAX_S = 1.0


def fortify(tree):
    """What an operator writes who expects strangers at the door."""
    for realm in tree["realms"]:
        realm["strangers"] = "refuse"
        for name in LIMITS:
            realm.pop(name)
    tree.pop("guard")
    # phones of one site, and a PBX: both are known by their address
    tree["peers"] += [
        {"name": "site", "realm": "access", "address": f"{NAT_OUT}:5060", "latch": "signalling"},
        {"name": "pbx", "realm": "access", "address": f"{STRANGER}:5060"},
        {"name": "load", "realm": "core", "address": f"{CARRIER}:{LOAD_PORT}"}]
    tree["routes"].insert(0, {"from_peer": "pbx", "to": "load"})
    tree.setdefault("timers", {})["media_idle_s"] = "600"
    tree["limits"] = {"calls_max": "1000", "transactions_max": "20000"}


def rss(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def less(after, before):
    """What grew, and by how much."""
    return {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}


class Watch(threading.Thread):
    """Asks tgctl again and again; .slowest is the longest it took, in seconds.

    A second thread only sleeps and wakes: .stall is how late it woke at most, which is what the
    machine does and not Tidegate.
    """

    def __init__(self, tidegate):
        super().__init__(daemon=True)
        self.tidegate, self.slowest, self.stall, self.error = tidegate, 0.0, 0.0, None
        self.ended = threading.Event()
        self.sleeper = threading.Thread(target=self.doze, daemon=True)
        self.sleeper.start()
        self.start()

    def run(self):
        try:
            while not self.ended.wait(0.25):
                began = time.monotonic()
                self.tidegate.tgctl("show", "stats")
                self.slowest = max(self.slowest, time.monotonic() - began)
        except Exception as error:  # raised again by stop()
            self.error = error

    def doze(self):
        while not self.ended.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            self.stall = max(self.stall, time.monotonic() - began - 0.01)

    def stop(self):
        self.ended.set()
        self.join()
        self.sleeper.join()
        if self.error:
            raise self.error


class Result:
    """What a phase of the talk met. Pairs are (from the phones, from the carrier)."""

    def __init__(self, name, said, sent, before, after):
        self.name = name
        self.said = said                  # the flood's own words
        self.sent = sent["sent"]
        self.heard = sent["heard"]
        self.delay_us = max(sent["delay_max_us"])
        self.kernel = less(after["kernel"], before["kernel"])
        self.drops = less(after["drops"], before["drops"])
        self.counts = less(after["counts"], before["counts"])
        self.accepted = [b - a for a, b in zip(before["accepted"], after["accepted"])]
        self.relayed = [b - a for a, b in zip(before["relayed"], after["relayed"])]
        self.grown = [b - a for a, b in zip(before["rss"], after["rss"])]
        self.slowest_s = self.stall_s = self.load_status = None

    @property
    def lost(self):
        return [a - b for a, b in zip(self.sent, self.heard)]

    @property
    def inside(self):
        """Of what Tidegate took in, what it did not send on."""
        return [a - b for a, b in zip(self.accepted, self.relayed)]

    @property
    def behind(self):
        """Sent on, and not heard."""
        return [a - b for a, b in zip(self.relayed, self.heard)]

    @property
    def ahead(self):
        """What the kernel dropped on its way to the sockets of the dataplane."""
        return [self.kernel.get("acc0", 0), self.kernel.get("core0", 0)]

    @property
    def flooded(self):
        """Packets that the flood sent."""
        return int(self.said.split()[1]) if self.said else 0

    @property
    def rate(self):
        return self.flooded * 1000 // max(int(self.said.split()[5]), 1) if self.said else 0

    def __str__(self):
        return (f"{self.name}: flood {self.flooded:,} packets ({self.rate:,}/s);"
                f" media sent {self.sent}, lost {self.lost}, inside {self.inside},"
                f" longest delay {self.delay_us} us; kernel dropped {self.kernel};"
                f" drops {self.drops};"
                f" memory grew {[g >> 10 for g in self.grown]} kB (dataplane, control plane);"
                f" tgctl at most {self.slowest_s * 1000:.0f} ms, a sleeper woke"
                f" {self.stall_s * 1000:.0f} ms late;"
                f" calls of the load {'fine' if self.load_status == 0 else self.load_status}")


class Field:
    """The calls, made and talking. Use .close() at the end."""

    def __init__(self, lab):
        self.lab, self.calls, self.agents, self.talk = lab, [], [], None
        self.cpus = os.sched_getaffinity(0)
        for address in ATTACKERS:
            lab.nat.ip("address", "add", f"{address}/24", "dev", "out0")
        # answers to forged sources leave by the access network, as they would
        lab.sbc.ip("route", "add", "100.64.0.0/10", "via", NAT_OUT)
        lab.nat.ip("route", "add", "blackhole", "100.64.0.0/10")
        self.tidegate = lab.start(fortify)
        link = json.loads(sh("ip", "-n", lab.sbc.name, "-j", "link", "show", "acc0").stdout)
        self.mac = link[0]["address"]
        self._give_the_worker_its_cpu()
        self._set_up()

    def _give_the_worker_its_cpu(self):
        dp, cp = self.tidegate.dp, self.tidegate.cp
        worker = {int(dp.wait_for(r"worker_cpu=(\d+)").group(1))}
        # a process that began a session of its own has a group of its own in the scheduler
        for knob in pathlib.Path(f"/proc/{dp.child.pid}").glob("autogroup"):
            knob.write_text("-20")
        for task in pathlib.Path(f"/proc/{dp.child.pid}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(task.name), -20)
        if self.cpus - worker:
            for task in pathlib.Path(f"/proc/{cp.child.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), self.cpus - worker)
            os.sched_setaffinity(0, self.cpus - worker)

    def _set_up(self):
        lab, lines = self.lab, []
        phone = ua.Agent(lab.phone, PHONE, 5060, "alice", ACCESS)
        carrier = ua.Agent(lab.carrier, CARRIER, 5060, "carrier")
        self.agents = [phone, carrier]
        self.live = []
        for n in range(CALLS):
            phone.media_port, carrier.media_port = 30000 + 2 * n, 20000 + 2 * n
            out, into, near, far = ua.connect(phone, carrier, CALLEE, early=None)
            self.calls.append((out, into))
            self.live.append(near[1])
            lines += [f"{lab.phone.name} {PHONE} {phone.media_port} {near[0]} {near[1]}",
                      f"{lab.carrier.name} {CARRIER} {carrier.media_port} {far[0]} {far[1]}"]
        (lab.dir / "flows").write_text("\n".join(lines) + "\n")
        (lab.dir / "live").write_text("\n".join(map(str, self.live)) + "\n")
        self.talk = subprocess.Popen([ENDS, lab.dir / "flows"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        # each NAT binding is learned before anything is counted
        time.sleep(0.5)

    def say(self, word):
        """Says a word to the ends; their answer."""
        self.talk.stdin.write(word + "\n")
        self.talk.stdin.flush()
        return json.loads(self.talk.stdout.readline())

    def snapshot(self):
        """All counters. Exact where the talk pauses."""
        kernel = {}
        for ns, name in ((self.lab.sbc, "acc0"), (self.lab.sbc, "core0"), (self.lab.nat, "in0"),
                         (self.lab.nat, "out0"), (self.lab.phone, "eth0"),
                         (self.lab.carrier, "eth0")):
            link = json.loads(sh("ip", "-n", ns.name, "-s", "-j", "link", "show", name).stdout)
            counts = link[0]["stats64"]
            key = name if ns is self.lab.sbc else f"{ns.name.rsplit('-')[-1]} {name}"
            kernel[key] = counts["rx"]["dropped"] + counts["tx"]["dropped"]
        counts, drops = {}, {}
        for line in self.tidegate.metrics().splitlines():
            m = re.match(r'tidegate_dataplane_(\w+)_total\{(?:.*reason="(\w+)")?.*\} (\d+)$', line)
            if m and m.group(2):
                drops[m.group(2)] = drops.get(m.group(2), 0) + int(m.group(3))
            elif m:
                counts[m.group(1)] = counts.get(m.group(1), 0) + int(m.group(3))
        streams = self.tidegate.ask("show", "streams", "0")["streams"]
        assert len(streams) >= CALLS
        mine = [s["side"] for s in streams if s["side"][0]["local"].rsplit(":", 1)[1]
                in self._ports()]
        return {
            "kernel": kernel, "counts": counts, "drops": drops,
            "accepted": [sum(s[side]["packets"] for s in mine) for side in (0, 1)],
            "relayed": [sum(s[1 - side]["sent_packets"] for s in mine) for side in (0, 1)],
            "rss": [rss(self.tidegate.dp.child.pid), rss(self.tidegate.cp.child.pid)]}

    def _ports(self):
        return set(map(str, self.live))

    def load(self, calls):
        """Calls of the PBX by sipp; (uac, uas), to be waited for."""
        limit = str(calls // LOAD_RATE + 40)
        uas = self.lab.sipp(self.lab.carrier, "uas.xml", CARRIER, "-p", LOAD_PORT,
                            "-timeout", limit, wait_s=None)
        uac = self.lab.sipp(self.lab.nat, "uac.xml", STRANGER, "-p", 5070, "-m", calls,
                            "-r", LOAD_RATE, "-d", 500, "-timeout", limit, "-s", "+442079460123",
                            remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=None)
        return uac, uas

    def flood(self, mode, *args, rate=0):
        """Starts a flood, below everything else of this session: a Popen."""
        pace = ("-r", rate) if rate else ()
        return self.lab.nat.popen("nice", "-n", "19", FLOOD, "-i", "out0", "-m", self.mac,
                                  "-d", SBC_ACCESS, *args, *pace, mode,
                                  stdout=subprocess.PIPE, text=True)

    def begin(self):
        """A phase of the talk begins; what end() wants."""
        before = self.snapshot()
        told = self.say("next")
        # what was silent for long may be continued by another, so all speak again before anything
        time.sleep(0.1)
        return before, told, Watch(self.tidegate)

    def end(self, name, begun, said="", load_status=None):
        """The phase ends: a Result. said: the last words of its flood."""
        before, earlier, watch = begun
        watch.stop()
        self.say("pause")
        # what stands in queues is heard, too
        time.sleep(0.3)
        told = self.say("show")
        result = Result(name, said, told["phases"][len(earlier["phases"]) - 1], before,
                        self.snapshot())
        result.strange = {name: [a - b for a, b in zip(told[name], earlier[name])]
                          for name in ("foreign", "repeated")}
        result.slowest_s, result.stall_s = watch.slowest, watch.stall
        result.load_status = load_status
        print(result, flush=True)
        return result

    def phase(self, name, start, calls):
        """The talk goes on while the load makes its calls, under what start() begins: a Result."""
        begun = self.begin()
        said, attack = "", start() if start else None
        uac, uas = self.load(calls)
        try:
            status = uac.wait(calls // LOAD_RATE + 60)
        finally:
            uas.kill()
            uas.wait()
            if attack:
                attack.terminate()
                said = attack.communicate()[0].strip()
        return self.end(name, begun, said, status)

    def hang_up(self):
        """Ends every call; the stats once all are gone."""
        self.say("pause")
        for out, into in self.calls:
            out.hang_up_from(into)
        self.calls = []
        return self.tidegate.settled()

    def close(self):
        os.sched_setaffinity(0, self.cpus)
        if self.talk:
            self.talk.stdin.close()
            self.talk.wait(10)
        for agent in self.agents:
            agent.close()
        for address in ATTACKERS:
            self.lab.nat.ip("address", "del", f"{address}/24", "dev", "out0")
        self.lab.nat.ip("route", "del", "blackhole", "100.64.0.0/10")
        self.lab.sbc.ip("route", "del", "100.64.0.0/10")
        if self.lab.tidegate:
            self.lab.tidegate.remove()
            self.lab.tidegate = None
