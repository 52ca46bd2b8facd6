# SPDX-License-Identifier: BSD-3-Clause
"""Two baresips on either side of Tidegate: what they hear, not what they are told."""
import shutil
import time

import pytest

import rtp
import ua
from baresip import Baresip
from lab import CARRIER, CORE, PHONE, SBC_ACCESS
from sip import media_of

NUMBER = "+442079460123"
CALLEE = f"sip:{NUMBER}@{SBC_ACCESS}"
TONES = 440, 880
DESK, THIRD = "198.51.100.20", "4499"


@pytest.fixture
def baresips(lab):
    """One behind the NAT, one at the carrier's."""
    made = []
    try:
        for ns, address, user, tone in ((lab.phone, PHONE, "alice", TONES[0]),
                                        (lab.carrier, CARRIER, NUMBER, TONES[1])):
            made.append(Baresip(ns, address, user, tone, lab.dir / f"baresip-{user}"))
        yield made
    finally:
        for one in made:
            one.close()
        for path in lab.dir.glob("baresip-*"):
            shutil.rmtree(path)


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
    caller.tell("dial", CALLEE)
    for one in (caller, callee):
        one.expect("CALL_ESTABLISHED")


def hang_up(one, other, tidegate):
    one.tell("hangup")
    other.expect("CALL_CLOSED")
    stats = tidegate.settled(20)
    assert stats["calls"] == 0 and stats["streams"] == 0, stats


def sides(tidegate):
    """The sides of the only stream."""
    streams = tidegate.ask("show", "streams", "0")["streams"]
    assert len(streams) == 1
    return streams[0]["side"]


def await_flow(tidegate, seconds=30):
    """Waits until both are heard for a while."""
    deadline, before = time.monotonic() + seconds, [s["packets"] for s in sides(tidegate)]
    while any(now["packets"] < then + 50 for now, then in zip(sides(tidegate), before)):
        assert time.monotonic() < deadline, sides(tidegate)
        time.sleep(0.1)


def await_directions(tidegate, wanted, seconds=30):
    """Waits until what is received of both sides is as wanted."""
    deadline = time.monotonic() + seconds
    while [s["receive"] for s in sides(tidegate)] != wanted:
        assert time.monotonic() < deadline, sides(tidegate)
        time.sleep(0.1)


def check_heard(baresips):
    """Each heard the other's tone. sox counts roughly."""
    for one, tone in zip(baresips, reversed(TONES)):
        heard = one.heard_hz()
        assert heard and all(abs(hz - tone) < tone / 10 for hz in heard), (heard, tone)


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


def test_C25_info_is_a_key_to_baresip(tidegate, lab, phone):
    carrier = Baresip(lab.carrier, CARRIER, NUMBER, TONES[1], lab.dir / "baresip-info")
    try:
        call = phone.invite(CALLEE)
        call.expect(200, 20, ignore=(100, 180, 183))
        call.ack()
        carrier.expect("CALL_ESTABLISHED")
        info = call.build("INFO", headers=[("Content-Type", "application/dtmf-relay")])
        info.body = b"Signal=5\r\nDuration=160\r\n"
        phone.send(info)
        call.expect(200, 20)
        assert carrier.expect("CALL_DTMF_START")["param"] == "5"
        call.request("BYE")
        call.expect(200, 20)
        carrier.expect("CALL_CLOSED")
    finally:
        carrier.close()
        shutil.rmtree(lab.dir / "baresip-info")


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
