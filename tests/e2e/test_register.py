# SPDX-License-Identifier: BSD-3-Clause
"""Phones that register through NAT boxes, are called, and lose their way to us."""
import time

import pytest

import nat
import rtp
import ua
from baresip import NUMBER, TONES, await_flow, call, check_heard, hang_up
from lab import CARRIER, CORE, NAT_OUT, PHONE, SBC_ACCESS, SBC_CORE
from registering import DOMAIN, PASSWORDS, Registration, registrar
from sip import new_tag, response, uri_of

# libre 1.1 gives up when it is offered an algorithm that it does not know, whatever else is
MD5 = {"digest": {"algorithms": ["MD5"]}}
ALICE, SECOND = f"sip:alice@{SBC_CORE}", "192.168.1.21"


@pytest.fixture
def box(lab):
    """The NAT box, which is symmetric again afterwards."""
    yield lab.nat
    nat.become(lab.nat, nat.SYMMETRIC)


@pytest.fixture
def second(lab):
    """Another address behind the same NAT box."""
    lab.phone.ip("address", "add", f"{SECOND}/24", "dev", "eth0")
    yield SECOND
    lab.phone.ip("address", "del", f"{SECOND}/24", "dev", "eth0")


@pytest.fixture
def registered(lab, baresip):
    """Makes baresips that are registered: registered(user, ...)."""
    def make(user, address=PHONE, transport="udp", tone_hz=TONES[0]):
        account = (f"<sip:{user}@{DOMAIN};transport={transport}>;auth_user={user};regint=600;"
                   f"auth_pass={PASSWORDS[user]};"
                   f'outbound="sip:{SBC_ACCESS};transport={transport}"')
        made = baresip(lab.phone, address, user, tone_hz, account)
        made.process.wait_for(r"200 OK \(\) \[1 binding\]")
        return made
    return make


@pytest.fixture
def carrier_baresip(lab, baresip):
    return baresip(lab.carrier, CARRIER, NUMBER, TONES[1])


def talk(tidegate, phone, carrier):
    """The carrier calls the phone, both hear, and the carrier hangs up."""
    call(carrier, ALICE, phone)
    await_flow(tidegate)
    time.sleep(2)
    hang_up(carrier, phone, tidegate)
    check_heard([phone, carrier])


def seen_from(capture, method):
    """The ports of the NAT box from which requests of that method went out."""
    return {int(f[0]) for f in capture.fields(
        f"sip.Method == {method} && ip.src == {NAT_OUT}", "udp.srcport")}


def test_E27_F15_E5_H18_called_behind_a_symmetric_nat(alone, users, captures, registered,
                                                      carrier_baresip):
    tidegate = alone(registrar(users, **MD5))
    talk(tidegate, registered("alice"), carrier_baresip)
    outside, inside = captures["outside"], captures["phone"]
    for capture in (outside, inside):
        capture.stop()
    answers = [int(f[0]) for f in inside.fields("sip.CSeq.method == REGISTER && sip.Status-Code",
                                                "sip.Status-Code")]
    assert answers[0] == 401 and answers[-1] == 200, answers
    (uri, to_port), = {tuple(f) for f in inside.fields("sip.Method == INVITE", "sip.r-uri",
                                                      "udp.dstport")}
    assert PHONE in uri and to_port == "5060", "the Contact is private and stays what it was"
    went = {int(f[0]) for f in outside.fields(f"sip.Method == INVITE && ip.dst == {NAT_OUT}",
                                              "udp.dstport")}
    assert went == seen_from(outside, "REGISTER") and 5060 not in went, went


def test_E27_H18_called_behind_a_full_cone(alone, users, box, captures, registered,
                                           carrier_baresip):
    nat.become(box, nat.full_cone(PHONE, NAT_OUT))
    tidegate = alone(registrar(users, **MD5))
    talk(tidegate, registered("alice"), carrier_baresip)
    captures["outside"].stop()
    assert seen_from(captures["outside"], "REGISTER") == {5060 + nat.CONE_SHIFT}


def test_E11_E27_two_phones_behind_one_nat_call_each_other(alone, users, second, registered):
    tidegate = alone(registrar(users, **MD5))
    alice, bob = registered("alice"), registered("bob", second, tone_hz=TONES[1])
    call(alice, f"sip:bob@{DOMAIN}", bob)
    await_flow(tidegate)
    sides = tidegate.ask("show", "streams")["streams"][0]["side"]
    assert all(side["learned"].startswith(NAT_OUT) for side in sides), sides
    time.sleep(2)
    hang_up(bob, alice, tidegate)
    check_heard([alice, bob])


def bound(phone):
    """The agent's registration, made."""
    registration = Registration(phone)
    assert 0 < registration.register() <= 120, "a NAT box forgets soon"
    return registration


def test_E22_E9_a_live_call_follows_the_next_register(alone, users, box, phone, carrier, ends):
    tidegate = alone(registrar(users))
    registration = bound(phone)
    out, into, ends[1].remote, ends[0].remote = ua.connect(carrier, phone, ALICE)
    before = into.invite_request.source
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    nat.forget(box)
    time.sleep(1.2)  # as long as media must be silent before it may come from elsewhere
    registration.register()
    for end in ends:
        end.forget()
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    out.hang_up_from(into)
    assert tidegate.settled()["calls"] == 0
    out, into, *_ = ua.connect(carrier, phone, ALICE)
    assert into.invite_request.source == before, "the phone sees the same of us"
    out.hang_up_from(into)


def test_E22_baresip_moves_in_mid_call(alone, users, box, captures, registered, carrier_baresip):
    tidegate = alone(registrar(users, **MD5, expires={"min_s": "1", "nat_s": "8"}))
    phone, carrier = registered("alice"), carrier_baresip
    call(carrier, ALICE, phone)
    await_flow(tidegate)
    nat.forget(box)
    tidegate.cp.wait_for("call-moved")
    await_flow(tidegate)
    time.sleep(1)
    hang_up(carrier, phone, tidegate)
    captures["outside"].stop()
    assert len(seen_from(captures["outside"], "REGISTER")) == 2


def refused(carrier, status, seconds):
    """The carrier calls the phone in vain: within so many seconds."""
    out = carrier.invite(ALICE)
    final = out.expect(status, seconds)
    out.ack_refusal(final)


@pytest.mark.parametrize("how", ["killed", "forgotten"])
def test_E21_tcp_phone_whose_connection_is_gone(alone, users, box, carrier, registered, how):
    tidegate = alone(registrar(users, **MD5))
    phone = registered("alice", transport="tcp")
    out = carrier.invite(ALICE)
    out.expect(200, 5, ignore=(100, 180))
    out.ack()
    out.request("BYE")
    out.expect(200)
    assert tidegate.ask("show", "connections", "0")["live"] == 1
    if how == "killed":
        phone.process.kill()
    else:
        nat.forget(box)
    refused(carrier, 480, 5)
    assert tidegate.ask("show", "connections", "0")["live"] == 0
    removed = "change=flow_lost aor=\"alice@example.com\""
    assert removed in tidegate.cp.text(), "the binding went with the connection"
    refused(carrier, 480, 0.5)
    phone.process.kill()  # it would try for long to say that it goes


def test_E13_pings_reach_the_phone_by_its_flow(alone, users, captures, registered):
    alone(registrar(users, **MD5, ping="options", ping_s="5"))
    phone = registered("alice")
    time.sleep(11)
    phone.close()
    for capture in captures.values():
        capture.stop()
    inside, outside = captures["phone"], captures["outside"]
    pings = inside.fields("sip.Method == OPTIONS", "sip.r-uri", "udp.dstport", "sip.CSeq")
    assert 2 <= len({cseq for *_, cseq in pings}) <= 4, pings
    assert all(PHONE in uri and port == "5060" for uri, port, _ in pings), pings
    answered = inside.fields("sip.CSeq.method == OPTIONS && sip.Status-Code == 200", "sip.CSeq")
    assert {f[0] for f in answered} == {cseq for *_, cseq in pings}
    sent_to = {int(f[0]) for f in outside.fields("sip.Method == OPTIONS", "udp.dstport")}
    assert sent_to == seen_from(outside, "REGISTER"), "below the flow of its REGISTER"


def test_C30_E22_a_phone_watches_a_line_while_its_nat_forgets(alone, users, box, phone, carrier):
    alone(registrar(users))
    registration = bound(phone)
    watch = ua.Call(phone, new_tag())
    watch.call_id, watch.local = f"{new_tag()}@{PHONE}", f"<sip:alice@{DOMAIN}>;tag={watch.tag}"
    watch.remote, watch.target = f"<sip:9100@{DOMAIN}>", f"sip:9100@{DOMAIN}"
    phone.send(watch.build("SUBSCRIBE", headers=[("Contact", phone.contact), ("Event", "dialog"),
                                                 ("Expires", "600")]))
    request = carrier.expect("SUBSCRIBE")
    line = ua.Call(carrier, new_tag())
    line.call_id, line.local = request["Call-ID"], f"{request['To']};tag={line.tag}"
    line.remote, line.target = request["From"], uri_of(request["Contact"])
    carrier.send(response(request, 200, "OK", line.tag,
                          [("Contact", carrier.contact), ("Expires", "600")]), request.source)
    assert watch.expect(200)["Expires"] == "600"
    notify(line, phone, "early")
    nat.forget(box)
    registration.register()
    notify(line, phone, "confirmed")


def notify(line, phone, state):
    """The line tells its state; the phone hears of it, and says so."""
    body = ('<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" '
            f'version="1" state="full" entity="sip:9100@{CARRIER}"><dialog id="1"><state>{state}'
            "</state></dialog></dialog-info>")
    message = line.build("NOTIFY", headers=[
        ("Contact", line.agent.contact), ("Event", "dialog"),
        ("Subscription-State", "active;expires=500"),
        ("Content-Type", "application/dialog-info+xml")])
    message.body = body.encode()
    line.agent.send(message, CORE)
    heard = phone.expect("NOTIFY")
    assert f"<state>{state}</state>".encode() in heard.body and CARRIER not in str(heard), heard
    phone.send(response(heard, 200, "OK"), heard.source)
    line.expect(200)
