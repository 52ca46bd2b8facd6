# SPDX-License-Identifier: BSD-3-Clause
"""Two baresips on either side of Tidegate: what they hear, not what they are told."""
import time

import pytest

import rtp
import ua
from baresip import (NUMBER, TONES, await_directions, await_flow, call, check_heard, hang_up)
from lab import CARRIER, CORE, PHONE, SBC_ACCESS
from sip import media_of

CALLEE = f"sip:{NUMBER}@{SBC_ACCESS}"
DESK, THIRD = "198.51.100.20", "4499"


@pytest.fixture
def baresips(lab, baresip):
    """One behind the NAT, one at the carrier's."""
    return [baresip(lab.phone, PHONE, "alice", TONES[0]),
            baresip(lab.carrier, CARRIER, NUMBER, TONES[1])]


@pytest.fixture
def desk(lab):
    """A telephone beside the carrier's, and its media end."""
    lab.carrier.ip("address", "add", f"{DESK}/24", "dev", "eth0")
    made = (ua.Agent(lab.carrier, DESK, 5060, "desk", CORE, 30000),
            rtp.End(lab.carrier, DESK, 30000))
    yield made
    for one in made:
        one.close()
    lab.carrier.ip("address", "del", f"{DESK}/24", "dev", "eth0")


def dial(caller, callee):
    call(caller, CALLEE, callee)


def test_C10_baresips_hear_each_other(tidegate, baresips):
    phone, carrier = baresips
    dial(phone, carrier)
    await_flow(tidegate)
    time.sleep(2)
    hang_up(phone, carrier, tidegate)
    check_heard(baresips)


@pytest.mark.parametrize("holder", [0, 1], ids=["caller", "callee"])
def test_C20_baresip_holds_and_resumes(tidegate, baresips, holder):
    dial(*baresips)
    await_flow(tidegate)
    baresips[holder].tell("hold")
    await_directions(tidegate, [holder == 0, holder == 1])
    time.sleep(1)
    baresips[holder].tell("resume")
    await_directions(tidegate, [True, True])
    await_flow(tidegate)
    hang_up(*baresips, tidegate)


def test_C25_keys_of_baresip_cross_as_events(tidegate, baresips):
    dial(*baresips)
    await_flow(tidegate)
    for one, other in (baresips, reversed(baresips)):
        for key in "5#":
            one.tell("sndcode", key)
            assert other.expect("CALL_DTMF_START")["param"] == key
    hang_up(*baresips, tidegate)


def test_C25_info_is_a_key_to_baresip(tidegate, lab, baresip, phone):
    carrier = baresip(lab.carrier, CARRIER, NUMBER, TONES[1])
    out = phone.invite(CALLEE)
    out.expect(200, 20, ignore=(100, 180, 183))
    out.ack()
    carrier.expect("CALL_ESTABLISHED")
    info = out.build("INFO", headers=[("Content-Type", "application/dtmf-relay")])
    info.body = b"Signal=5\r\nDuration=160\r\n"
    phone.send(info)
    out.expect(200, 20)
    assert carrier.expect("CALL_DTMF_START")["param"] == "5"
    out.request("BYE")
    out.expect(200, 20)
    carrier.expect("CALL_CLOSED")


def with_desk(refer):
    """What alone() wants: a third party in realm core, and how the carrier is transferred."""
    def change(tree):
        tree["peers"][0]["refer"] = refer
        tree["peers"].append({"name": "desk", "realm": "core", "address": f"{DESK}:5060"})
        tree["routes"].insert(0, {"prefix": THIRD, "to": "desk"})
    return change


def check_talk(into, end):
    """The desk hears the carrier."""
    end.remote = media_of(into.invite_request.body)[:2]
    deadline = time.monotonic() + 20
    while len(end.heard) < 50:
        assert time.monotonic() < deadline, f"{len(end.heard)} packets heard"
        end.send()
        time.sleep(0.02)
        end.receive()
    assert {source for *_, source in end.heard} == {end.remote}


def transfer(baresips, desk, end, tidegate):
    """The phone transfers the carrier to the desk, and is out of it; the desk hangs up at last."""
    phone, carrier = baresips
    dial(phone, carrier)
    await_flow(tidegate)
    phone.tell("transfer", f"sip:{THIRD}@{SBC_ACCESS}")
    into = desk.answer(30)
    into.reply(180)
    into.reply(200, desk.offer())
    into.expect("ACK", 30)
    phone.expect("CALL_CLOSED")
    check_talk(into, end)
    into.request("BYE")
    into.expect(200, 30)
    stats = tidegate.settled(30)
    assert stats["calls"] == 0 and stats["streams"] == 0, stats


def test_C26_baresip_calls_whom_it_is_referred_to(alone, baresips, desk):
    transfer(baresips, *desk, alone(with_desk("pass")))


def test_C27_baresip_is_moved_to_whom_we_call(alone, baresips, desk):
    transfer(baresips, *desk, alone(with_desk("handle")))
