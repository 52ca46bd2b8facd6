# SPDX-License-Identifier: BSD-3-Clause
"""What each side can see of the other, from captures on the wire; and messages from the field."""
import re

import pytest

import rtp
import seeds
import ua
from lab import CARRIER, NAT_OUT, PHONE, SBC_ACCESS, SBC_CORE
from sip import media_of, param

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"


def test_C2_I9_neither_side_sees_the_other(tidegate, phone, carrier, ends, captures):
    out, into, ends[0].remote, ends[1].remote = ua.connect(
        phone, carrier, CALLEE, headers=[("Supported", "replaces")])
    rtp.talk(*ends, 0.5)
    into.request("BYE", headers=[("Server", f"switch {CARRIER}"), ("Warning",
                 f'399 {CARRIER} "went away"')])
    out.hung_up()
    into.expect(200)
    for name in seeds.INVITES:
        seeds.replay_invite(phone, carrier, name, again="h")
    for capture in captures.values():
        capture.stop()

    at_carrier = captures["carrier"].payloads(f"udp && ip.dst == {CARRIER}")
    at_phone = captures["phone"].payloads(f"udp && ip.dst == {PHONE}")
    assert len(at_carrier) > 20 and len(at_phone) > 20
    for packet in at_carrier:
        assert not re.search(rb"192\.168\.\d", packet), packet.decode(errors="replace")
        assert NAT_OUT.encode() not in packet, packet.decode(errors="replace")
        assert SBC_ACCESS.encode() not in packet, packet.decode(errors="replace")
        assert b"idegate" not in packet, packet.decode(errors="replace")
    for packet in at_phone:
        assert CARRIER.encode() not in packet, packet.decode(errors="replace")
        assert SBC_CORE.encode() not in packet, packet.decode(errors="replace")
        assert b"idegate" not in packet, packet.decode(errors="replace")
    # without a NAT that changes ports, E2 and E7 would prove little
    inside = {f[0] for f in captures["phone"].fields(f"udp && ip.src == {PHONE}", "udp.srcport")}
    outside = {f[0] for f in captures["outside"].fields(f"udp && ip.src == {NAT_OUT}",
                                                         "udp.srcport")}
    assert inside and outside and not inside & outside


@pytest.mark.parametrize("name", seeds.INVITES)
def test_A44_invites_of_the_field_become_calls(tidegate, phone, carrier, name):
    sent = seeds.load(name)
    seen = seeds.replay_invite(phone, carrier, name)
    assert seen.uri.split("@")[0] == sent.uri.split("@")[0]
    assert media_of(seen.body)[0] == SBC_CORE
    for line in ("v=0", "s=", "t=0 0"):
        assert f"\r\n{line}" in "\r\n" + seen.body.decode(), "what leaves is strict SDP"
    assert int(seen["Max-Forwards"]) == 69 if sent.get("Max-Forwards") else 70


def test_A20_A43_A44_B33_C48_wildix_trace(tidegate, phone, carrier):
    refused, progress, final = seeds.replay_wildix(phone, carrier)
    assert "Digest" in refused["Proxy-Authenticate"]
    assert param(progress["To"], "tag"), "the SBC's own tag stands where the 183 had none"
    assert param(final["To"], "tag")
    assert media_of(progress.body)[0] == media_of(final.body)[0] == SBC_ACCESS
    assert tidegate.settled()["calls"] == 0
