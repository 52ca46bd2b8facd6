# SPDX-License-Identifier: BSD-3-Clause
"""The story that tools/demo tells: a phone behind a NAT registers, is called by a carrier through
Tidegate, and calls it.

Exit status 0 only if every RTP packet that was sent was heard unaltered, both ways, and nothing of
one side's network showed on the other.
"""
import argparse
import grp
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time

import yaml

import lab
import rtp
import seeds
import ua
from lab import (ACCESS, CARRIER, CORE, Capture, Lab, NAT_OUT, PHONE, ROOT, SBC_CORE, TGCTL,
                 Tidegate)
from netns import sh
from registering import Registration, add_users, challenges
from sip import media_of, sdp

STATE = pathlib.Path("/run/tidegate-demo.json")
CONF = pathlib.Path(os.environ.get("TIDEGATE_DEMO_CONF", ROOT / "conf/demo.yaml"))
SOCKET = pathlib.Path("/run/tidegate/control.sock")
TALK_S = 3.0
CALLEE = f"sip:+442079460123@{ACCESS[0]}"
OURS = f"sip:alice@{SBC_CORE}"
USERS = pathlib.Path(yaml.safe_load(CONF.read_text())["users"]["file"])
TARGET = f"sip:+442079460999@{ACCESS[0]}"


class Demo:
    """Holds what was started, and the verdicts."""

    def __init__(self):
        self.lab = self.child = None
        self.failed = 0
        self.password = secrets.token_urlsafe(15)

    def title(self, text):
        print(f"\n=== {text}", flush=True)

    def check(self, good, text):
        self.failed += not good
        print(f"  {'ok    ' if good else 'FAILED'} {text}", flush=True)

    def start(self):
        self.title("Phone, NAT box, Tidegate and carrier, each in a network namespace")
        self.lab = Lab(f"tgd{os.getpid()}")
        print(lab.__doc__.split("\n\n")[1])
        self.users()
        self.log = open(self.lab.dir / "tidegate.log", "wb")
        self.child = subprocess.Popen(
            self.lab.sbc.command(ROOT / "tools/run", "-c", CONF), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log, start_new_session=True)
        if b"ready" not in self.child.stdout.readline():
            raise RuntimeError("Tidegate did not start:\n"
                               + (self.lab.dir / "tidegate.log").read_text(errors="replace"))
        print("Tidegate is ready: tools/run -c conf/demo.yaml, in namespace "
              + self.lab.sbc.name)
        self.seen = {"phone": Capture(self.lab.phone, "eth0", self.lab.dir / "phone.pcap"),
                     "outside": Capture(self.lab.nat, "out0", self.lab.dir / "outside.pcap"),
                     "carrier": Capture(self.lab.carrier, "eth0", self.lab.dir / "carrier.pcap")}

    def users(self):
        """The file of users, which the control plane's user may read at a reload."""
        group = grp.getgrnam("tidegate").gr_gid
        USERS.parent.mkdir(exist_ok=True)
        os.chown(USERS.parent, 0, group)
        os.chmod(USERS.parent, 0o750)
        print(add_users(USERS, {"alice": self.password}), end="")

    def tgctl(self, *args):
        done = sh(TGCTL, "-s", SOCKET, *args, check=False)
        return done.stdout if done.returncode == 0 else f"tgctl: {done.stderr}"

    def register(self, phone):
        self.title("The phone registers through the NAT box, and proves who it is")
        registration = Registration(phone, self.password)
        challenged = registration.ask(3600)
        offered = [c["algorithm"] for c in challenges(challenged)]
        self.check(challenged.status == 401, f"a bare REGISTER: 401, by {' or '.join(offered)}")
        wrong = Registration(phone, "a guess").guess("SHA-256")
        self.check(wrong.status == 401, f"a wrong password: {wrong.status} again")
        granted = registration.register(3600)
        self.check(granted > 0, f"the right one: 200, for {granted} s, at {phone.contact}")
        print("tgctl show registrations\n" + self.tgctl("show", "registrations"))
        phone.pings = 0

    def call(self, caller, callee, uri, hangs_up):
        """One call with media; prints what the control socket says of it meanwhile."""
        ends = (rtp.End(self.lab.phone, PHONE, 40000), rtp.End(self.lab.carrier, CARRIER, 30000))
        try:
            out, into, far, near = ua.connect(caller, callee, uri)
            ends[0].remote, ends[1].remote = (near, far) if uri == OURS else (far, near)
            talk = rtp.Talk(*ends)
            time.sleep(TALK_S)
            print("tgctl show calls\n" + self.tgctl("show", "calls"))
            report = talk.finish()
            print("tgctl show streams\n" + self.tgctl("show", "streams"))
            if hangs_up is caller:
                out.hang_up_from(into)
            else:
                into.hang_up_from(out)
            self.check(report.whole, f"RTP both ways through the relay: {report}")
            return out.call_id
        finally:
            for end in ends:
                end.close()

    def calls(self, phone, carrier):
        self.title("The carrier calls the phone behind the NAT; the carrier hangs up")
        call_id = self.call(carrier, phone, OURS, carrier)
        self.title(f"Both legs of it: tgctl trace {call_id}")
        trace = self.tgctl("trace", call_id)
        print(trace)
        self.check(all(word in trace for word in ("INVITE", "180", "200", "ACK", "BYE")),
                   "the ladder shows INVITE, 180, 200, ACK and BYE")
        self.title("Another call: the phone calls the carrier, and hangs up")
        self.call(phone, carrier, CALLEE, phone)

    def transfer(self, phone, carrier):
        """The phone refers the carrier's party to another of its numbers; Tidegate performs it."""
        self.title("The phone transfers its call to another number, and is free")
        ends = [rtp.End(self.lab.carrier, CARRIER, port) for port in (30000, 30010)]
        try:
            out, into, _, _ = ua.connect(phone, carrier, CALLEE)
            out.request("REFER", headers=[("Refer-To", f"<{TARGET}>"), ("Contact", phone.contact)])
            out.expect(202)
            self.told(out, "100 Trying")
            fresh = carrier.answer()
            fresh.reply(180)
            self.told(out, "180 Ringing")
            ends[1].remote = media_of(fresh.invite_request.body)
            fresh.reply(200, sdp(CARRIER, 30010))
            fresh.expect("ACK")
            again = into.expect("INVITE")
            into.reply(200, carrier.offer(), request=again)
            ends[0].remote = media_of(again.body)
            into.expect("ACK")
            self.told(out, "200 OK")
            out.hung_up()
            report = rtp.talk(ends[1], ends[0], TALK_S)
            self.check(report.whole, f"RTP between the two that are left: {report}")
            into.request("BYE")
            fresh.hung_up()
            into.expect(200)
            self.title(f"All three legs of it: tgctl trace {out.call_id}")
            trace = self.tgctl("trace", out.call_id)
            print(trace)
            self.check(all(word in trace for word in ("REFER", "202", "NOTIFY", "BYE")),
                       "the ladder shows REFER, 202, NOTIFY and BYE")
        finally:
            for end in ends:
                end.close()

    def told(self, referrer, status_line):
        """The NOTIFY of how far the transfer is (RFC 3515), answered."""
        notify = referrer.expect("NOTIFY")
        referrer.reply(200, request=notify)
        said = notify.body.decode().strip()
        self.check(said == f"SIP/2.0 {status_line}", f"NOTIFY tells the phone: {said}")

    def messages(self, phone, carrier):
        self.title("Messages captured in the field, sent as they stand")
        for name in seeds.INVITES:
            try:
                offered = seeds.replay_invite(phone, carrier, name)
                self.check(SBC_CORE in offered.body.decode(), f"{name}: relayed, answered, ended")
            except AssertionError as error:
                self.check(False, f"{name}: {error}")
        try:
            seeds.replay_wildix(phone, carrier)
            self.check(True, "wildix: 407, INVITE again, 183 without To-tag, 200, BYE")
        except AssertionError as error:
            self.check(False, f"wildix: {error}")

    def load(self):
        self.title("sipp: 100 calls, 10 a second")
        # both agents' sockets are closed by now
        uas = self.lab.sipp(self.lab.carrier, "uas.xml", CARRIER, "-p", "5060", "-m", "100",
                            "-timeout", "40", wait_s=None)
        status, _ = self.lab.sipp(
            self.lab.phone, "uac.xml", PHONE, "-p", "5060", "-m", "100", "-r", "10", "-d", "500",
            "-timeout", "40", "-s", "+442079460123", remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=60)
        uas.wait(60)
        self.check(status == 0, "every call was set up and torn down")

    def metrics(self):
        self.title("/metrics, an excerpt")
        view = Tidegate.__new__(Tidegate)
        view.ns, view.conf = self.lab.sbc, CONF
        for line in view.metrics().splitlines():
            if re.match(r"tidegate_(calls|sip_requests|sip_responses|rtp_packets|streams|media)",
                        line) and not line.endswith(" 0"):
                print("  " + line)

    def network(self):
        self.title("What each side could see of the other")
        seen = {name: capture.stop() and capture.payloads() for name, capture in self.seen.items()}
        for name, packets in seen.items():
            self.check(bool(packets), f"{len(packets)} datagrams captured at: {name}")
        self.check(not any(re.search(rb"192\.168\.\d", p) for p in seen["carrier"]),
                   "no address of the phone's network at the carrier")
        came = self.seen["phone"].payloads(f"udp && ip.dst == {PHONE}")
        self.check(not any(h.encode() in p for p in came for h in (CARRIER, SBC_CORE)),
                   "no address of the carrier's side at the phone")
        # ICMP bears the ports of what it is about
        inside, outside = (self.seen[name].fields(f"udp && !icmp && ip.src == {address}",
                                                  "udp.srcport")
                           for name, address in (("phone", PHONE), ("outside", NAT_OUT)))
        inside, outside = ({int(f[0]) for f in ports} for ports in (inside, outside))
        self.check(bool(outside) and not inside & outside,
                   f"the NAT box changed ports: {sorted(inside)[:4]} to {sorted(outside)[:4]} ...")

    def story(self):
        self.start()
        phone = ua.Agent(self.lab.phone, PHONE, 5060, "alice", ACCESS, 40000)
        carrier = ua.Agent(self.lab.carrier, CARRIER, 5060, "carrier", CORE, 30000)
        try:
            self.register(phone)
            self.calls(phone, carrier)
            self.transfer(phone, carrier)
            self.messages(phone, carrier)
            self.check(phone.pings > 0, f"{phone.pings} pings of ours kept the phone's way open")
        finally:
            phone.close()
            carrier.close()
        self.load()
        self.metrics()
        self.network()

    def keep(self):
        STATE.write_text(json.dumps({"prefix": self.lab.prefix, "pid": self.child.pid,
                                     "dir": str(self.lab.dir)}))
        tgctl = TGCTL.relative_to(ROOT) if TGCTL.is_relative_to(ROOT) else TGCTL
        self.title("Left running")
        print(f"  {tgctl} show registrations | calls | streams | peers | stats\n"
              f"  {tgctl} trace CALL-ID        {tgctl} --json show stats\n"
              f"  ip netns exec {self.lab.phone.name} bash     (also -nat, -sbc, -carrier)\n"
              "  a call by hand, while the registration lives:\n"
              f"    ip netns exec {self.lab.carrier.name} sipp -sf tests/e2e/sipp/uas.xml"
              f" -i {CARRIER} -p 5060 -m 1 &\n"
              f"    ip netns exec {self.lab.phone.name} sipp -sf tests/e2e/sipp/uac.xml"
              f" -i {PHONE} -p 5060 -m 1 -d 20000 {ACCESS[0]}:{ACCESS[1]}\n"
              f"  log: {self.lab.dir}/tidegate.log\n"
              "  tools/demo --down ends it")

    def end(self):
        if self.child:
            # also when it did not start: its own trap ends what it began
            self.child.terminate()
            try:
                status = self.child.wait(30)
                if status:
                    print(f"tools/run ended with status {status}")
                    self.failed += 1
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
        USERS.unlink(missing_ok=True)
        if self.lab:
            if self.failed and (self.lab.dir / "tidegate.log").exists():
                text = (self.lab.dir / "tidegate.log").read_text(errors="replace")
                print("\n--- the end of Tidegate's log\n" + "\n".join(text.splitlines()[-60:]))
            self.lab.close()


def down():
    if not STATE.exists():
        print("no demo was kept")
        return 0
    state = json.loads(STATE.read_text())
    try:
        os.kill(state["pid"], signal.SIGTERM)
        for _ in range(200):
            os.kill(state["pid"], 0)
            time.sleep(0.1)
    except ProcessLookupError:
        pass
    for name in ("phone", "nat", "sbc", "carrier"):
        sh("ip", "netns", "del", f"{state['prefix']}-{name}", check=False)
    shutil.rmtree(state["dir"], ignore_errors=True)
    USERS.unlink(missing_ok=True)
    STATE.unlink()
    print("ended")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave it running, and say how to look")
    parser.add_argument("--down", action="store_true", help="end what --keep left")
    args = parser.parse_args()
    if args.down:
        return down()
    if STATE.exists():
        down()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    demo, kept = Demo(), False
    try:
        demo.story()
        kept = args.keep
        if kept:
            demo.keep()
    except KeyboardInterrupt:
        print("interrupted")
        demo.failed += 1
    except Exception as error:  # pylint: disable=broad-except
        demo.failed += 1
        print(f"\nFAILED: {type(error).__name__}: {error}")
    finally:
        if not kept:
            demo.end()
    print("\nall well" if not demo.failed else f"\n{demo.failed} checks FAILED")
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
