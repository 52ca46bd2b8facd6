# SPDX-License-Identifier: BSD-3-Clause
"""The relay under strangers, RTCP, and what it counts."""
import struct
import time

import rtp
import ua
from lab import PHONE, SBC_ACCESS, STRANGER

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
REFUSED = 'media_source'


def dropped(tidegate):
    return tidegate.metric("tidegate_dataplane_drops_total", REFUSED)


def spray(lab, target, count=20):
    """RTP of the right kind from a stranger's address."""
    end = rtp.End(lab.nat, STRANGER, 40000)
    end.remote = target
    for _ in range(count):
        end.send()
        time.sleep(0.005)
    end.receive()
    heard = len(end.heard)
    end.close()
    return heard


def test_E8_E9_I7_stranger_is_dropped_and_counted(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    before = dropped(tidegate)
    # first of all, while nothing is learned: it must not latch
    assert spray(lab, ends[0].remote) == 0
    talk = rtp.Talk(*ends)
    time.sleep(0.8)
    # and into the live stream
    assert spray(lab, ends[0].remote) == 0
    report = talk.finish()
    assert report.whole, report
    assert dropped(tidegate) - before >= 40
    out.hang_up_from(into)


def test_I7_ports_without_a_stream_are_silent(lab, tidegate):
    sock = lab.nat.udp(STRANGER)
    sock.settimeout(0.5)
    before = tidegate.metric("tidegate_dataplane_drops_total", "media_no_stream")
    for port in range(20000, 20200):
        sock.sendto(b"\x80\x08" + bytes(170), (SBC_ACCESS, port))
    try:
        sock.recv(2048)
        raise AssertionError("something was sent back")
    except TimeoutError:
        pass
    finally:
        sock.close()
    assert tidegate.metric("tidegate_dataplane_drops_total", "media_no_stream") - before == 200


def test_E23_J4_rtcp_latches_and_is_relayed(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 0.4)
    assert report.whole, report
    for sender, hearer in (ends, ends[::-1]):
        packet = struct.pack("!BBHIQIII", 0x80, 200, 6, sender.ssrc, 1, 2, 3, 4)
        address, _, rtcp_port = sender.remote
        sender.rtcp.sendto(packet, (address, rtcp_port))
        hearer.rtcp.settimeout(1)
        assert hearer.rtcp.recv(2048) == packet
    out.hang_up_from(into)


def test_J2_ports_are_pairs_of_the_range_and_random(tidegate, phone, carrier):
    ports = []
    for _ in range(6):
        out, into, near, far = ua.connect(phone, carrier, CALLEE)
        ports += [near[1], far[1]]
        out.hang_up_from(into)
    assert all(p % 2 == 0 for p in ports)
    assert len(set(ports)) == len(ports), "none is used again so soon"
    steps = {b - a for a, b in zip(ports[::2], ports[2::2])}
    assert len(steps) > 2, "not one after the other"


def test_J13_stream_counters_are_exact(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    report = rtp.talk(*ends, 1.0)
    assert report.whole, report
    sides = tidegate.ask("show", "streams")["streams"][0]["side"]
    for side, end, count in zip(sides, ends, report.sent):
        assert side["packets"] == count, sides
        assert side["ssrc"] == end.ssrc
        assert side["lost"] == side["duplicates"] == side["reordered"] == 0
    assert [side["sent_packets"] for side in sides] == list(report.sent[::-1])
    out.hang_up_from(into)


def test_E9_second_port_of_the_same_phone_is_refused(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    talk = rtp.Talk(*ends)
    time.sleep(0.4)
    other = rtp.End(lab.phone, PHONE, 41000)
    other.remote = ends[0].remote
    for _ in range(10):
        other.send()
        time.sleep(0.01)
    report = talk.finish()
    assert report.whole, report
    assert ends[1].heard_from(other)[0] == 10
    other.close()
    out.hang_up_from(into)
