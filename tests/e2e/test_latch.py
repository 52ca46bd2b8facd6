# SPDX-License-Identifier: BSD-3-Clause
"""Whose media is believed: NAT, two phones behind one, rebinding, trunks that are known."""
import time

import pytest

import rtp
import ua
from lab import ACCESS, CARRIER, NAT_OUT, SBC_ACCESS

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
BOB, BOB_PORT = "192.168.1.21", 5071
REFUSED = "media_source"
SILENCE_S = 1.0  # more than a stream must be silent before its source may move


@pytest.fixture
def bob(lab):
    """A second phone behind the same NAT, which forwards it one port."""
    lab.phone.ip("address", "add", f"{BOB}/24", "dev", "eth0")
    lab.nat.run("nft", "add", "chain", "ip", "nat", "prerouting",
                "{ type nat hook prerouting priority dstnat; }")
    lab.nat.run("nft", "add", "rule", "ip", "nat", "prerouting", "iifname", "out0", "udp", "dport",
                BOB_PORT, "dnat", "to", f"{BOB}:5060")
    agent = ua.Agent(lab.phone, BOB, 5060, "bob", ACCESS, 42000)
    yield agent
    agent.close()
    lab.nat.run("nft", "delete", "chain", "ip", "nat", "prerouting", check=False)
    lab.phone.ip("address", "del", f"{BOB}/24", "dev", "eth0")


def test_E11_E27_two_phones_behind_one_nat_hear_each_other(lab, alone, phone, bob, ends):
    def hairpin(tree):
        # who calls from that NAT is the site, the first of its peers
        tree["peers"] += [{"name": name, "realm": "access", "latch": "signalling",
                           "address": f"{NAT_OUT}:{port}"}
                          for name, port in (("site", 5060), ("bob", BOB_PORT))]
        tree["routes"].insert(0, {"from_realm": "access", "prefix": "21", "to": "bob"})
    tidegate = alone(hairpin)
    theirs = rtp.End(lab.phone, BOB, 42000)
    out, into, near, far = ua.connect(phone, bob, f"sip:21@{SBC_ACCESS}")
    assert near[0] == far[0] == SBC_ACCESS and near[1] != far[1]
    ends[0].remote, theirs.remote = near, far
    # neither can be reached before it was heard: a packet of each opens its way
    for end in (ends[0], theirs):
        end.send()
    time.sleep(0.3)
    for end in (ends[0], theirs):
        end.receive()
        end.forget()
    report = rtp.talk(ends[0], theirs, 1.0)
    theirs.close()
    assert report.sent[0] >= 40 and report.sent[1] >= 40
    assert report.whole, report
    sides = tidegate.ask("show", "streams")["streams"][0]["side"]
    assert all(side["learned"].startswith(NAT_OUT) for side in sides), "media is anchored"
    out.hang_up_from(into)


def test_E9_phone_rebound_in_mid_call_is_believed_after_silence_only(lab, tidegate, phone, carrier,
                                                                     ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 0.4)
    assert report.whole, report
    moved = rtp.End(lab.phone, ends[0].sock.getsockname()[0], 44000)
    moved.remote = ends[0].remote
    moved.ssrc, moved.seq, moved.stamp = ends[0].ssrc, ends[0].seq, ends[0].stamp
    before = tidegate.metric("tidegate_dataplane_drops_total", REFUSED)
    ends[0].send()
    moved.seq = ends[0].seq
    for _ in range(5):
        moved.send()
    time.sleep(0.1)
    ends[1].receive()
    assert ends[1].heard_from(moved)[0] == 5, "it is not silent yet"
    assert tidegate.metric("tidegate_dataplane_drops_total", REFUSED) - before == 5
    time.sleep(SILENCE_S)

    other = rtp.End(lab.phone, ends[0].sock.getsockname()[0], 44100)
    other.remote = ends[0].remote
    other.send()
    time.sleep(0.1)
    ends[1].receive()
    assert not [h for h in ends[1].heard if h[0] == other.ssrc], "another SSRC does not continue"
    moved.forget()
    ends[1].forget()
    report = rtp.talk(moved, ends[1], 0.4)
    assert report.whole, report
    for end in (moved, other):
        end.close()
    name = str(tidegate.ask("show", "streams")["streams"][0]["id"])
    stream = tidegate.ask("show", "stream", name)
    history = [(h["side"], h["component"], h["reason"]) for h in stream["latch_history"]]
    assert ("a", "rtp", "first") in history and ("a", "rtp", "continued") in history, stream
    refused = [s for s in stream["refused_sources"] if s["source"].startswith(NAT_OUT)]
    assert refused and sum(s["packets"] for s in refused) >= 5, stream
    out.hang_up_from(into)


def test_E10_E8_trunk_is_heard_from_where_sdp_says_only(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    elsewhere = rtp.End(lab.carrier, CARRIER, 31000)
    elsewhere.remote = ends[1].remote
    ends[0].send()
    ends[0].sent.clear()
    time.sleep(0.2)
    ends[1].receive()
    ends[1].heard.clear()
    before = tidegate.metric("tidegate_dataplane_drops_total", REFUSED)
    # neither before it was heard nor while it speaks
    for _ in range(10):
        elsewhere.send()
    talk = rtp.Talk(*ends)
    time.sleep(0.3)
    for _ in range(10):
        elsewhere.send()
    report = talk.finish()
    elsewhere.close()
    assert report.whole, report
    assert tidegate.metric("tidegate_dataplane_drops_total", REFUSED) - before == 20
    assert tidegate.ask("show", "streams")["streams"][0]["side"][1]["latches"] == 0
    out.hang_up_from(into)


def test_E8_packets_that_sdp_does_not_allow_teach_nothing(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    wrong = rtp.End(lab.phone, ends[0].sock.getsockname()[0], 45000, payload_type=77)
    wrong.remote = ends[0].remote
    for _ in range(5):
        wrong.send()
    wrong.sock.sendto(b"\x00\x01 no RTP at all", ends[0].remote[:2])
    time.sleep(0.2)
    side = tidegate.ask("show", "streams")["streams"][0]["side"][0]
    assert side["latches"] == 0 and side["packets"] == 0, side
    report = rtp.talk(*ends, 0.4)
    assert report.whole, report
    wrong.close()
    out.hang_up_from(into)
