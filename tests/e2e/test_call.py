# SPDX-License-Identifier: BSD-3-Clause
"""Calls from a phone behind a NAT to a carrier, message by message."""
import time

import pytest

import rtp
import ua
from lab import ACCESS, CORE, NAT_OUT, PHONE, SBC_ACCESS, SBC_CORE
from sip import media_of, param, uri_of

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"


def test_C10_E1_E2_E6_E7_E27_J1_call_with_media_through_nat(tidegate, phone, carrier, ends):
    out = phone.invite(CALLEE)
    into = carrier.answer()
    into.reply(180)
    ringing = out.expect(180)
    via = ringing["Via"]
    assert param(via, "received") == NAT_OUT
    assert param(via, "rport") not in (None, "", "5060")
    assert ringing.source == ACCESS

    into.reply(200, carrier.offer())
    answer = out.expect(200)
    out.ack()
    assert into.expect("ACK").source == CORE
    ends[0].remote, ends[1].remote = media_of(answer.body), media_of(into.invite_request.body)
    assert ends[0].remote[0] == SBC_ACCESS
    assert ends[1].remote[0] == SBC_CORE
    report = rtp.talk(*ends, 2.0)
    assert report.whole, report
    assert report.sent[0] >= 90 and report.sent[1] >= 80

    # the carrier hangs up: the BYE finds the phone only by the flow it last used
    into.request("BYE")
    bye = out.hung_up()
    assert bye.source == ACCESS
    into.expect(200)
    stats = tidegate.settled()
    assert stats["calls"] == 0 and stats["streams"] == 0


def test_C1_legs_share_no_identifier(tidegate, phone, carrier):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    seen = into.invite_request
    assert seen["Call-ID"] != out.call_id
    assert param(seen["From"], "tag") != out.tag
    assert len(seen.all("Via")) == 1 and SBC_CORE in seen["Via"]
    assert SBC_CORE in uri_of(seen["Contact"])
    assert seen.branch != out.invite_request.branch
    out.request("BYE")
    assert into.hung_up()["Call-ID"] == into.call_id
    out.expect(200)


def test_C9_E5_private_contact_stays_request_uri(tidegate, phone, carrier):
    contact = f"<sip:alice@{PHONE};line=12071>"
    out = phone.invite(CALLEE)
    # the same agent, but its Contact has a parameter of its own
    into = carrier.answer()
    into.reply(486)
    out.ack_refusal(out.expect(486))
    into.expect("ACK")

    call = ua.Call(phone, "t" + out.tag)
    call.call_id, call.to, call.target = "c9" + out.call_id, phone.server, CALLEE
    call.local, call.remote = out.local.replace(out.tag, call.tag), f"<{CALLEE}>"
    call.invite_request = call.build("INVITE", phone.offer(), [("Contact", contact)])
    phone.send(call.invite_request)
    into = carrier.answer()
    into.reply(200, carrier.offer())
    call.expect(200)
    call.ack()
    into.expect("ACK")
    into.request("BYE")
    bye = call.hung_up()
    assert bye.uri == uri_of(contact)
    into.expect(200)


@pytest.mark.parametrize("side", ["phone", "carrier"])
def test_C11_either_side_hangs_up(tidegate, phone, carrier, side):
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    first, second = (out, into) if side == "phone" else (into, out)
    first.request("BYE")
    # our side is answered at once, whatever the other does
    assert first.expect(200, timeout=0.4).method == "BYE"
    second.hung_up()
    assert tidegate.settled()["calls"] == 0


def test_B13_trying_comes_at_once_and_stays_on_its_leg(tidegate, phone, carrier):
    began = time.monotonic()
    out = phone.invite(CALLEE)
    trying = out.expect(100, ignore=())
    assert time.monotonic() - began < 0.2
    assert param(trying["To"], "tag") is None
    into = carrier.answer()
    into.reply(100)
    phone.silent(0.3)
    into.reply(603)
    out.ack_refusal(out.expect(603))
    into.expect("ACK")


def test_B17_cancel_before_answer(tidegate, phone, carrier):
    out = phone.invite(CALLEE)
    into = carrier.answer()
    into.reply(180)
    ringing = out.expect(180)
    out.cancel()
    assert out.expect(200).method == "CANCEL"
    terminated = out.expect(487)
    assert param(terminated["To"], "tag") == param(ringing["To"], "tag")
    out.ack_refusal(terminated)

    cancel = into.expect("CANCEL")
    assert cancel.branch == into.invite_request.branch
    into.reply(200, request=cancel)
    into.reply(487)
    ack = into.expect("ACK")
    assert ack.branch == into.invite_request.branch
    stats = tidegate.settled()
    assert stats["calls"] == 0 and stats["streams"] == 0


def test_B24_refusal_is_acked_hop_by_hop(tidegate, phone, carrier):
    out = phone.invite(CALLEE)
    into = carrier.answer()
    into.reply(486)
    ack = into.expect("ACK", timeout=0.4)
    assert ack.branch == into.invite_request.branch
    assert ack.uri == into.invite_request.uri
    assert param(ack["To"], "tag") == into.tag
    assert ack["Max-Forwards"]
    busy = out.expect(486)
    out.ack_refusal(busy)
    carrier.silent(0.7)
    phone.silent(0.1)
    stats = tidegate.settled()
    assert stats["calls"] == 0 and stats["streams"] == 0


@pytest.mark.parametrize("status", [180, 181, 182, 183])
def test_C44_provisionals_are_relayed_with_their_number(tidegate, phone, carrier, status):
    out = phone.invite(CALLEE)
    into = carrier.answer()
    into.reply(status)
    assert out.expect(status).body == b""
    into.reply(480)
    out.ack_refusal(out.expect(480))
    into.expect("ACK")


@pytest.mark.parametrize("status", [180, 183])
def test_C45_early_media_flows_before_the_answer(tidegate, phone, carrier, ends, status):
    out = phone.invite(CALLEE)
    into = carrier.answer()
    into.reply(status, carrier.offer())
    early = out.expect(status)
    ends[0].remote, ends[1].remote = media_of(early.body), media_of(into.invite_request.body)
    # the phone opens its NAT; whether the carrier hears that is the realm's policy
    for _ in range(5):
        ends[0].send()
        time.sleep(0.02)
    for _ in range(20):
        ends[1].send()
        time.sleep(0.02)
    time.sleep(0.2)
    ends[0].receive()
    assert ends[0].heard_from(ends[1]) == (0, 0, 0, 0)

    into.reply(200, carrier.offer())
    out.expect(200)
    out.ack()
    into.expect("ACK")
    out.hang_up_from(into)


def impatient(tree):
    tree["timers"] = {"media_idle_s": "2"}


def reinvite(asker, other, version, direction, answer):
    """A re-INVITE that crosses; what the other side is offered and what the asker is answered."""
    def body(agent, word):
        return agent.offer(version=version).replace("a=sendrecv", f"a={word}")
    asker.request("INVITE", body(asker.agent, direction), [("Contact", asker.agent.contact)])
    asked = other.expect("INVITE")
    other.reply(200, body(other.agent, answer), request=asked)
    final = asker.expect(200)
    asker.ack()
    other.expect("ACK")
    return asked.body.decode(), final.body.decode()


def test_C20_held_and_resumed_media_is_continuous(alone, phone, carrier, ends):
    tidegate = alone(impatient)
    out, into, *addresses = ua.connect(phone, carrier, CALLEE)
    ends[0].remote, ends[1].remote = addresses
    assert rtp.talk(*ends, 0.5).whole
    asked, answered = reinvite(out, into, 2, "inactive", "inactive")
    assert "a=inactive" in asked and "a=inactive" in answered
    # the silence of a held call is no reason to end it
    time.sleep(5)
    assert tidegate.stats()["calls"] == 1
    asked, answered = reinvite(into, out, 3, "sendrecv", "sendrecv")
    assert "a=inactive" not in asked + answered
    # the same numbers and sources go on, so all that was ever sent is counted
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    out.hang_up_from(into)


def test_C35_options_to_the_sbc_is_answered(tidegate, phone):
    request = ua.Call(phone, "o1")
    request.call_id, request.to = "options@test", phone.server
    request.local, request.remote = f"<sip:alice@{PHONE}>;tag=o1", f"<sip:{SBC_ACCESS}>"
    request.target = f"sip:{SBC_ACCESS}"
    # to a stranger no answer is larger than its request (I16), so it is of a real one's length
    phone.send(request.build("OPTIONS", headers=[
        ("Contact", phone.contact), ("Accept", "application/sdp, application/dtmf-relay"),
        ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, NOTIFY, REFER"),
        ("Supported", "100rel, timer, replaces, norefersub, outbound, path, gruu")]))
    answer = request.expect(200)
    assert "INVITE" in answer["Allow"]


def test_C3_request_outside_of_any_dialog_is_481(tidegate, phone):
    stray = ua.Call(phone, "s1")
    stray.call_id, stray.to = "stray@test", phone.server
    stray.local, stray.remote = f"<sip:alice@{PHONE}>;tag=s1", f"<{CALLEE}>;tag=none"
    stray.target = CALLEE
    phone.send(stray.build("BYE"))
    stray.expect(481)
    phone.send(stray.build("ACK"))
    phone.silent(0.4)
