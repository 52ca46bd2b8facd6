# SPDX-License-Identifier: BSD-3-Clause
"""The relay under strangers, RTCP, and what it counts."""
import random
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


class Judge:
    """RFC 3550 A.1, A.3 and A.8 over captured packets, in the order they were seen."""

    def __init__(self, rows, clock_hz=8000):
        self.packets = self.bytes = self.reordered = self.duplicates = 0
        self.jitter = 0.0
        seen, last, transit = set(), None, None
        for at, payload in rows:
            _, _, seq, stamp, _ = struct.unpack("!BBHII", payload[:12])
            self.packets += 1
            self.bytes += len(payload)
            if seq in seen:
                self.duplicates += 1
            elif last is not None and seq < last:
                self.reordered += 1
            seen.add(seq)
            last = seq if last is None else max(last, seq)
            now = at * clock_hz - stamp
            if transit is not None:
                self.jitter += (abs(now - transit) - self.jitter) / 16
            transit = now
        self.lost = last - min(seen) + 1 - len(seen)


def spoil(end, count=400, lose=0.04, swap=0.05, repeat=0.03, wobble_s=0.012):
    """Sends packets as a bad network would deliver them."""
    end.seq = end.first = 1000
    queue = [end.packet() for _ in range(count)]
    for i in range(2, count - 2):
        if random.random() < swap:
            queue[i], queue[i + 1] = queue[i + 1], queue[i]
    began = time.monotonic()
    for i, packet in enumerate(queue):
        due = began + i * 0.01 + random.uniform(0, wobble_s)
        time.sleep(max(0, due - time.monotonic()))
        if 2 < i < count - 3 and random.random() < lose:
            continue
        end.sock.sendto(packet, end.remote[:2])
        if random.random() < repeat:
            end.sock.sendto(packet, end.remote[:2])


def judged(lab, tidegate, phone, carrier, ends, name):
    """A spoiled call: its caller's counters, and a Judge of its capture."""
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    # before XDP takes the packets where no capture sees them
    capture = lab.capture(lab.nat, "out0", name)
    spoil(ends[0])
    time.sleep(0.3)
    side = tidegate.ask("show", "streams")["streams"][0]["side"][0]
    capture.stop()
    rows = [(float(at), bytes.fromhex(data.replace(":", ""))) for at, data in capture.fields(
        f"udp.dstport == {ends[0].remote[1]}", "frame.time_epoch", "udp.payload")]
    out.hang_up_from(into)
    return side, Judge(rows)


def test_J13_what_is_counted_is_what_a_capture_shows(lab, tidegate, phone, carrier, ends):
    errors = []
    for attempt in range(4):
        side, judge = judged(lab, tidegate, phone, carrier, ends, f"exact{attempt}")
        assert judge.lost and judge.reordered and judge.duplicates, "it was spoiled"
        for name in ("packets", "bytes", "lost", "reordered", "duplicates"):
            assert side[name] == getattr(judge, name), name
        errors.append(abs(side["jitter_rtp_units"] - judge.jitter) / judge.jitter)
        # the capture sees a packet before the relay does, and on a busy machine long before
        if errors[-1] <= 0.02:
            return
    raise AssertionError(f"jitter differs by {errors}")


def test_J4_J13_round_trip_by_rtcp(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    assert rtp.talk(*ends, 0.4).whole
    a, b = ends
    a.rtcp.settimeout(1)
    b.rtcp.settimeout(1)
    # behind NAT it must speak first to be found
    a.rtcp.sendto(struct.pack("!BBHI", 0x80, 201, 1, a.ssrc), (a.remote[0], a.remote[2]))
    b.rtcp.recv(2048)
    # the carrier reports, and the phone answers 150 ms after it got the report, having kept it 100
    ntp = 0x11223344, 0x55667788
    b.rtcp.sendto(struct.pack("!BBHIIIIII", 0x80, 200, 6, b.ssrc, *ntp, 0, 0, 0),
                  (b.remote[0], b.remote[2]))
    a.rtcp.recv(2048)
    time.sleep(0.15)
    middle = (ntp[0] & 0xffff) << 16 | ntp[1] >> 16
    a.rtcp.sendto(struct.pack("!BBHIIIIIII", 0x81, 201, 7, a.ssrc, b.ssrc, 0, 1000, 16, middle,
                              int(0.1 * 65536)), (a.remote[0], a.remote[2]))
    b.rtcp.recv(2048)
    time.sleep(0.05)
    side = tidegate.ask("show", "streams")["streams"][0]["side"]
    assert 45 <= side[0]["rtt_ms"] <= 80, side[0]
    assert "rtt_ms" not in side[1]
    assert side[0]["mos"] > 4 and side[0]["quality"] == "good", side[0]
    out.hang_up_from(into)


def one_way(tidegate):
    return tidegate.ask("show", "streams")["streams"][0]["one_way"]


def test_J16_one_way_audio_is_told_within_seconds(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    before = tidegate.metric("tidegate_media_one_way_total")
    began = time.monotonic()
    silence = None
    while silence is None and time.monotonic() - began < 9:
        ends[0].send()
        time.sleep(0.02)
        silence = one_way(tidegate) if len(ends[0].sent) % 10 == 0 else None
    assert silence is not None, "never told"
    assert silence["silent"] == "b" and silence["reason"] == "never", silence
    assert 4 < time.monotonic() - began < 8
    assert tidegate.metric("tidegate_media_one_way_total") - before == 1
    assert "B is silent" in tidegate.tgctl("show", "call", str(
        tidegate.ask("show", "calls")["calls"][0]["id"])).stdout
    assert rtp.talk(*ends, 0.6).whole
    assert one_way(tidegate) is None
    out.hang_up_from(into)


def test_J18_more_than_sdp_promised_is_dropped_and_counted(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    assert rtp.talk(*ends, 0.4).whole
    for _ in range(2000):
        ends[0].send()
    time.sleep(0.3)
    side = tidegate.ask("show", "streams")["streams"][0]["side"][0]
    assert side["drops"]["rate"] > 1000, side
    too_large = ends[0].packet() + bytes(1200)
    time.sleep(1.5)
    ends[0].sock.sendto(too_large, ends[0].remote[:2])
    time.sleep(0.1)
    side = tidegate.ask("show", "streams")["streams"][0]["side"][0]
    assert side["drops"]["oversize"] == 1, side
    assert tidegate.metric("tidegate_media_policed_total") >= 1
    out.hang_up_from(into)


def test_E9_I7_a_streams_history_is_kept(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    assert rtp.talk(*ends, 0.4).whole
    spray(lab, ends[0].remote)
    name = tidegate.ask("show", "streams")["streams"][0]["id"]
    stream = tidegate.ask("show", "stream", name)
    first = stream["latch_history"][0]
    assert first["side"] == "a" and first["reason"] == "first", first
    assert first["from"] == stream["side"][0]["signalled"]
    assert first["to"] == stream["side"][0]["learned"]
    refused = stream["refused_sources"][0]
    assert refused["source"] == f"{STRANGER}:40000" and refused["side"] == "a", refused
    assert stream["side"][0]["drops"]["source"] == 20
    text = tidegate.tgctl("show", "stream", name).stdout
    assert all(len(line) <= 80 for line in text.splitlines()), text
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
