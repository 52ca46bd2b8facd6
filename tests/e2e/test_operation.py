# SPDX-License-Identifier: BSD-3-Clause
"""What an operator meets: start and its errors, reload, a process that dies, tgctl, /metrics."""
import signal
import time

import pytest

import rtp
import ua
from lab import BUILD, DATAPLANE, SBC_ACCESS, CONTROLPLANE
from netns import sh

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"


def call(phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    out.hang_up_from(into)


def refused(phone, status, timeout=3.0):
    out = phone.invite(CALLEE)
    out.ack_refusal(out.expect(status, timeout))


def test_metrics_pass_promtool(tidegate, phone, carrier):
    call(phone, carrier)
    text = tidegate.metrics()
    done = sh("promtool", "check", "metrics", input=text, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tidegate_" in text


def test_K1_sip_counters_move(tidegate, phone, carrier):
    names = ("tidegate_sip_requests_total", "tidegate_sip_responses_total")
    before = [tidegate.metric(n) for n in names]
    call(phone, carrier)
    after = [tidegate.metric(n) for n in names]
    # INVITE, ACK, BYE on two legs; 180 and 200 twice on two legs
    assert after[0] - before[0] >= 6
    assert after[1] - before[1] >= 6


def test_K7_trace_shows_both_legs(tidegate, phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    out.hang_up_from(into)
    for call_id in (out.call_id, into.call_id):
        text = tidegate.tgctl("trace", call_id).stdout
        for word in ("INVITE", "100", "180", "200", "ACK", "BYE"):
            assert word in text, f"no {word} in the ladder of {call_id}:\n{text}"


@pytest.mark.parametrize("what", ["calls", "streams", "peers", "stats", "config", "version"])
def test_tgctl_shows(tidegate, what):
    assert tidegate.tgctl("show", what).stdout.strip() or what in ("calls", "streams")
    tidegate.ask("show", what)


def test_tgctl_hangup_ends_both_legs(tidegate, phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    tidegate.tgctl("hangup", out.call_id)
    for leg in (out, into):
        leg.hung_up()
    assert tidegate.settled()["calls"] == 0


def test_I18_tgctl_is_for_the_group_only(tidegate):
    done = tidegate.tgctl("show", "calls", check=False, user="nobody")
    assert done.returncode != 0
    assert len((done.stderr or done.stdout).strip().splitlines()) == 1
    assert tidegate.tgctl("show", "calls", check=False, user="tidegate").returncode == 0


def test_tgctl_exit_status_names_the_fault(tidegate):
    assert tidegate.tgctl("show", "call", "no-such-call", check=False).returncode == 3
    assert tidegate.tgctl("frobnicate", check=False).returncode == 2
    gone = sh(BUILD / "tools/tgctl/tgctl", "-s", "/nonexistent", "show", "stats", check=False)
    assert gone.returncode == 4


def test_L1_reload_applies_whole_or_not_at_all(tidegate, phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    text = tidegate.conf.read_text()
    tidegate.conf.write_text("realms: [broken\n")
    bad = tidegate.tgctl("reload", check=False)
    assert bad.returncode == 1
    assert "tidegate.yaml" in bad.stderr + bad.stdout
    call(phone, carrier)

    def other_prefix(tree):
        tree["routes"] = [{**route, "prefix": "999"} for route in tree["routes"]]
    tidegate.configure(other_prefix)
    assert tidegate.tgctl("reload").returncode == 0
    refused(phone, 404)
    # the call of before lives on and ends as it should
    out.hang_up_from(into)

    tidegate.conf.write_text(text)
    assert tidegate.tgctl("reload").returncode == 0
    call(phone, carrier)


def test_L2_drain_refuses_new_calls_only(tidegate, phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    tidegate.tgctl("drain", "on")
    try:
        refused(phone, 503)
        ping = ua.Call(phone, "d1")
        ping.call_id, ping.to, ping.target = "drain@test", phone.server, f"sip:{SBC_ACCESS}"
        ping.local, ping.remote = "<sip:alice@test>;tag=d1", f"<sip:{SBC_ACCESS}>"
        phone.send(ping.build("OPTIONS"))
        ping.expect(503)
        assert tidegate.stats()["calls"] == 1
        out.hang_up_from(into)
    finally:
        tidegate.tgctl("drain", "off")
    call(phone, carrier)


def test_L5_media_outlives_the_control_plane(alone, phone, carrier, ends):
    def short_idle(tree):
        tree.setdefault("timers", {})["media_idle_s"] = "5"
    tidegate = alone(short_idle)
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    talk = rtp.Talk(*ends)
    time.sleep(0.5)
    tidegate.cp.kill()
    time.sleep(1.0)
    phone.invite(CALLEE)  # nobody is there: dropped and counted, not fatal
    tidegate.start_control()
    time.sleep(0.5)
    report = talk.finish()
    assert report.whole, f"media stopped with the control plane: {report}"
    assert tidegate.dp.alive()
    phone.waiting.clear()
    time.sleep(0.2)
    while phone.receive(time.monotonic() + 0.2):
        pass
    call_after = ua.connect(phone, carrier, CALLEE)
    call_after[0].hang_up_from(call_after[1])
    # the stream of before belongs to nobody: it ends when its media does, and that is said
    tidegate.dp.wait_for(r"(?m)^\S+ +\w+ +stream-expired", 15)
    assert tidegate.settled(10)["streams"] == 0


def test_L5_dataplane_dies_and_comes_back(alone, phone, carrier, ends):
    tidegate = alone()
    call(phone, carrier)
    tidegate.dp.kill()
    tidegate.cp.wait_for(r"(?m)^\S+ +\w+ +dataplane-lost", 10)
    assert tidegate.cp.alive()
    assert tidegate.tgctl("show", "stats", check=False).returncode == 0
    tidegate.start_dataplane()
    tidegate.cp.wait_for(r"(?m)^\S+ +\w+ +dataplane-attached[\s\S]*\n\S+ +\w+ +dataplane-attached",
                         15)
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    out.hang_up_from(into)


def test_L5_without_a_dataplane_calls_hear_503_and_can_end(alone, phone, carrier):
    tidegate = alone()
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    tidegate.dp.kill()
    tidegate.cp.wait_for(r"(?m)^\S+ +\w+ +dataplane-lost", 10)
    late = phone.invite(CALLEE)
    final = late.expect(503)
    assert final["Retry-After"]
    late.ack_refusal(final)
    carrier.silent(0.3)
    out.hang_up_from(into)
    assert tidegate.settled()["calls"] == 0
    tidegate.start_dataplane()
    tidegate.cp.wait_for(r"(?m)^\S+ +\w+ +dataplane-attached[\s\S]*\n\S+ +\w+ +dataplane-attached",
                         15)
    call(phone, carrier)


def test_call_without_xdp(alone, phone, carrier, ends):
    def xdp_off(tree):
        for port in tree["dataplane"]["ports"]:
            port["xdp"] = "off"
    alone(xdp_off)
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 1.0)
    assert report.whole, report
    out.hang_up_from(into)


def test_C53_J12_silent_call_is_ended(alone, phone, carrier, ends):
    def short_idle(tree):
        tree.setdefault("timers", {})["media_idle_s"] = "2"
    tidegate = alone(short_idle)
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    for leg in (out, into):
        assert leg.hung_up(timeout=8).get("Reason")
    assert tidegate.settled()["calls"] == 0


def test_both_end_in_order(alone, phone, carrier):
    tidegate = alone()
    call(phone, carrier)
    assert tidegate.stop() == (0, 0)


@pytest.mark.parametrize("args", [["--no-such-option"], ["--args", "/nonexistent"],
                                  ["--port", "nosuchif0,xdp"], []])
def test_dataplane_says_in_one_line_why_it_cannot_start(lab, args):
    done = lab.sbc.run(DATAPLANE, *args, check=False, timeout=30)
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert done.stderr.strip()


def test_second_dataplane_is_refused(tidegate, lab):
    done = lab.sbc.run(DATAPLANE, "--args", tidegate.dir / "dataplane.args", check=False,
                       timeout=30)
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert tidegate.dp.alive()


def test_control_plane_names_the_line_of_a_bad_file(lab, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("realms:\n  - name: access\n    sip: 17\n")
    done = lab.sbc.run(CONTROLPLANE, "-c", bad, check=False, timeout=30)
    assert done.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT)
    assert str(bad) in done.stderr
