# SPDX-License-Identifier: BSD-3-Clause
"""A Kamailio between Tidegate and a telephone of the carrier: part of the whole call, or of its
beginning only."""
import contextlib

import pytest

import ua
from lab import CARRIER, CORE, SBC_ACCESS, SBC_CORE, Process
from sip import uri_of

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
DESK = "198.51.100.20"  # the telephone; no source of the trunk's
NOTHING, RECORD_ROUTE = "", "if (is_method(\"INVITE\")) record_route();"
STATELESS = "forward();"
STATEFUL = "if (!t_relay()) sl_reply_error();"

# Whatever comes from Tidegate and names no route goes to the telephone.
KAMAILIO = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:{address}:5060
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (uri == myself && is_method("OPTIONS")) {{
        sl_send_reply("200", "OK");
        exit;
    }}
    if (has_totag() && loose_route()) {{
        {relay}
        exit;
    }}
    {record}
    if (src_ip == {sbc}) {{
        $du = "sip:{desk}:5060";
    }}
    {relay}
}}
"""


@contextlib.contextmanager
def kamailio(lab, record, relay):
    """The proxy at the trunk's address, and the telephone behind it."""
    directory = lab.dir / "kamailio"
    directory.mkdir(exist_ok=True)
    (directory / "kamailio.cfg").write_text(KAMAILIO.format(
        address=CARRIER, sbc=SBC_CORE, desk=DESK, record=record, relay=relay))
    lab.carrier.ip("address", "add", f"{DESK}/24", "dev", "eth0")
    proxy = desk = None
    try:
        proxy = Process(lab.carrier, directory / "kamailio.log", "kamailio", "-DD", "-E", "-m", 16,
                        "-M", 4, "-w", directory, "-Y", directory,
                        "-f", directory / "kamailio.cfg")
        await_proxy(lab)
        desk = ua.Agent(lab.carrier, DESK, 5060, "desk", CORE, 30000)
        yield desk
    finally:
        if proxy:
            proxy.stop()
        if desk:
            desk.close()
        lab.carrier.ip("address", "del", f"{DESK}/24", "dev", "eth0")


def await_proxy(lab):
    """Pings it until it answers."""
    pinger = ua.Agent(lab.carrier, DESK, 5070, "pinger", (CARRIER, 5060))
    try:
        for _ in range(60):
            ping = ua.Call(pinger, "ping")
            ping.call_id, ping.local = "ping", f"<sip:pinger@{DESK}>;tag=ping"
            ping.remote, ping.target = f"<sip:{CARRIER}>", f"sip:{CARRIER}"
            pinger.send(ping.build("OPTIONS"))
            # ConnectionRefusedError: nobody listens yet
            with contextlib.suppress(ua.Unexpected, ConnectionRefusedError):
                ping.expect(200, 0.5)
                return
    finally:
        pinger.close()
    raise RuntimeError("kamailio does not answer")


@pytest.fixture
def desk_behind(lab):
    """A way to start both: desk_behind(record, relay)."""
    with contextlib.ExitStack() as stack:
        yield lambda *how: stack.enter_context(kamailio(lab, *how))


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
