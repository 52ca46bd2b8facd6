# SPDX-License-Identifier: BSD-3-Clause
"""A Kamailio between Tidegate and a telephone of the carrier: part of the whole call, or of its
beginning only."""
import contextlib

import pytest

from kamailio import DESK, kamailio
from lab import CARRIER, CORE, SBC_ACCESS, SBC_CORE
from sip import uri_of

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
NOTHING, RECORD_ROUTE = "", "if (is_method(\"INVITE\")) record_route();"
STATELESS = "forward();"
STATEFUL = "if (!t_relay()) sl_reply_error();"

ROUTE = """
    if (has_totag() && loose_route()) {{
        {relay}
        exit;
    }}
    {record}
    # whatever comes from Tidegate and names no route goes to the telephone
    if (src_ip == {sbc}) {{
        $du = "sip:{desk}:5060";
    }}
    {relay}
"""


@pytest.fixture
def desk_behind(lab):
    """A way to start both: desk_behind(record, relay)."""
    with contextlib.ExitStack() as stack:
        yield lambda record, relay: stack.enter_context(kamailio(lab, ROUTE.format(
            record=record, relay=relay, sbc=SBC_CORE, desk=DESK)))


def call_desk(phone, desk):
    """The phone calls, the telephone answers."""
    out = phone.invite(CALLEE)
    into = desk.answer(20)
    assert into.invite_request.source == (CARRIER, 5060)
    into.reply(200, desk.offer())
    out.expect(200, 20)
    out.ack()
    return out, into, into.expect("ACK", 20)


def test_C5_requests_follow_a_proxy_that_record_routes(tidegate, phone, desk_behind):
    desk = desk_behind(RECORD_ROUTE, STATEFUL)
    out, into, ack = call_desk(phone, desk)
    assert len(into.routes) == 1 and CARRIER in into.routes[0]
    assert ack.source == (CARRIER, 5060) and len(ack.all("Via")) == 2
    assert ack.uri == uri_of(desk.contact) and not ack.all("Route")

    # we ask by the route set
    out.request("INVITE", phone.offer(version=2), [("Contact", phone.contact)])
    asked = into.expect("INVITE", 20)
    assert asked.source == (CARRIER, 5060) and asked.uri == uri_of(desk.contact)
    into.reply(200, desk.offer(version=2), request=asked)
    out.expect(200, 20)
    out.ack()
    assert into.expect("ACK", 20).source == (CARRIER, 5060)

    # and are asked by it
    into.request("INVITE", desk.offer(version=3), [("Contact", desk.contact)])
    asked = out.expect("INVITE", 20)
    out.reply(200, phone.offer(version=3), request=asked)
    assert into.expect(200, 20).source == (CARRIER, 5060)
    into.ack()
    out.expect("ACK", 20)

    out.request("BYE")
    bye = into.hung_up(20)
    assert bye.source == (CARRIER, 5060) and len(bye.all("Via")) == 2
    out.expect(200, 20)
    assert tidegate.settled()["calls"] == 0


@pytest.mark.parametrize("relay", [STATELESS, STATEFUL], ids=["forward", "t_relay"])
def test_C8_requests_of_a_call_come_past_the_proxy(tidegate, phone, desk_behind, relay):
    desk = desk_behind(NOTHING, relay)
    out, into, ack = call_desk(phone, desk)
    assert not into.routes
    assert ack.source == CORE and len(ack.all("Via")) == 1

    # an ACK that comes straight to us, of a re-INVITE that does so, too
    into.request("INVITE", desk.offer(version=2), [("Contact", desk.contact)])
    asked = out.expect("INVITE", 20)
    out.reply(200, phone.offer(version=2), request=asked)
    assert into.expect(200, 20).source == CORE
    into.ack()
    out.expect("ACK", 20)

    # the same address begins no call
    stranger = desk.invite(f"sip:+442079460999@{SBC_CORE}", to=CORE)
    stranger.ack_refusal(stranger.expect(403, 20))
    assert tidegate.stats()["calls"] == 1

    # nor does it end one whose tags it does not know
    tag, into.local = into.local, into.local.replace(into.tag, "forged")
    into.request("BYE")
    into.expect(481, 20)
    into.local = tag
    into.request("BYE")
    into.expect(200, 20)
    out.hung_up(20)
    assert tidegate.settled()["calls"] == 0
