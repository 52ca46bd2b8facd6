# SPDX-License-Identifier: BSD-3-Clause
"""What is relayed, and what of it is changed: both IP versions, events, faxes, pictures, DSCP."""
import socket
import struct
import time

import pytest

import rtp
import ua
from lab import CARRIER, PHONE, SBC_ACCESS, SBC_CORE, STRANGER
from netns import sh
from sip import media_of

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
ACCESS6, CORE6 = "2001:db8:a::", "2001:db8:c::"
DTMF = "/usr/share/sip-tester/dtmf_2833_{}.pcap"
EXPEDITED, CHOSEN = 46, 10


@pytest.fixture
def six(lab):
    """IPv6 beside IPv4 on both sides of the SBC."""
    added = ((lab.nat, "out0", ACCESS6 + "66"), (lab.sbc, "acc0", ACCESS6 + "1"),
             (lab.sbc, "core0", CORE6 + "1"), (lab.carrier, "eth0", CORE6 + "10"))
    for ns, name, address in added:
        ns.ip("address", "add", address + "/64", "dev", name, "nodad")
    yield
    for ns, name, address in added:
        ns.ip("address", "del", address + "/64", "dev", name)


def both_versions(tree):
    """Listeners and media of either version in both realms, one carrier of each."""
    for realm, net in zip(tree["realms"], (ACCESS6, CORE6)):
        realm["sip"].append({"address": f"[{net}1]:5060"})
        realm["media"].append({"address": f"{net}1", "ports": "20000-29999"})
    tree["peers"].append({"name": "carrier6", "realm": "core", "address": f"[{CORE6}10]:5060"})
    tree["routes"].insert(0, {"from_realm": "access", "prefix": "6", "to": "carrier6"})


def test_J1_loss_is_nothing_between_any_two_versions(lab, six, alone):
    alone(both_versions)
    where = {4: (STRANGER, SBC_ACCESS, CARRIER), 6: (ACCESS6 + "66", ACCESS6 + "1", CORE6 + "10")}
    for near, far in ((6, 6), (4, 6), (6, 4), (4, 4)):
        caller_at, server, _ = where[near]
        callee_at = where[far][2]
        caller = ua.Agent(lab.nat, caller_at, 5060, "alice", (server, 5060), 40000)
        callee = ua.Agent(lab.carrier, callee_at, 5060, "carrier", None, 30000)
        ends = rtp.End(lab.nat, caller_at, 40000), rtp.End(lab.carrier, callee_at, 30000)
        try:
            host = f"[{server}]" if near == 6 else server
            out, into, ends[0].remote, ends[1].remote = ua.connect(
                caller, callee, f"sip:{far}123@{host}")
            assert (":" in ends[0].remote[0]) == (near == 6)
            assert (":" in ends[1].remote[0]) == (far == 6)
            report = rtp.talk(*ends, 0.8)
            assert report.whole, f"IPv{near} to IPv{far}: {report}"
            assert min(report.sent) >= 30
            out.hang_up_from(into)
        finally:
            for thing in (*ends, caller, callee):
                thing.close()


def events_of(digit):
    """The RTP packets of one digit, as a phone sent them: RFC 4733."""
    said = sh("tshark", "-n", "-r", DTMF.format(digit), "-T", "fields", "-e", "udp.payload").stdout
    return [bytes.fromhex(line) for line in said.split()]


def renumbered(packet, payload_type, seq, stamp, ssrc):
    """The same payload and marker in a stream of ours."""
    return struct.pack("!BBHII", packet[0], packet[1] & 0x80 | payload_type, seq & 0xffff,
                       stamp & 0xffffffff, ssrc) + packet[12:]


def test_J5_every_digit_arrives_once_and_unharmed(tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    speaker, hearer = ends
    said = []
    for digit in (1, 9, "star", "pound"):
        # speech before and after, its clock running on under the event
        for _ in range(3):
            said.append(speaker.packet())
        begin = speaker.stamp
        for packet in events_of(digit):
            said.append(renumbered(packet, 101, speaker.seq, begin, speaker.ssrc))
            speaker.seq += 1
            speaker.stamp += rtp.PAYLOAD_BYTES
    for packet in said:
        speaker.sock.sendto(packet, speaker.remote[:2])
        time.sleep(0.002)
    time.sleep(0.2)
    hearer.sock.setblocking(False)
    heard = []
    while True:
        try:
            heard.append(hearer.sock.recv(2048))
        except BlockingIOError:
            break
    assert heard == said, f"{len(said)} sent, {len(heard)} heard"
    ended = [p for p in heard if p[1] & 0x7f == 101 and p[13] & 0x80]
    assert len(ended) == 4 * 3, "three times the end of each"
    out.hang_up_from(into)


def test_J17_dscp_is_the_realms_not_the_senders(lab, alone, phone, carrier, ends):
    def marked(tree):
        tree["realms"][1]["media_dscp"] = str(CHOSEN)
    alone(marked)
    for end in ends:
        end.sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 26 << 2)
    captures = {"outside": lab.capture(lab.nat, "out0", "dscp-outside"),
                "carrier": lab.capture(lab.carrier, "eth0", "dscp-carrier")}
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    rtp.talk(*ends, 0.5)
    out.hang_up_from(into)
    for capture in captures.values():
        capture.stop()
        lab.captures.remove(capture)
    for name, source, port, dscp in (("outside", SBC_ACCESS, ends[0].remote[1], EXPEDITED),
                                     ("carrier", SBC_CORE, ends[1].remote[1], CHOSEN)):
        seen = captures[name].fields(f"ip.src == {source} && udp.srcport == {port}",
                                     "ip.dsfield.dscp")
        assert len(seen) >= 10
        assert {int(f[0]) for f in seen} == {dscp}, name


# Each: the m= line and its attributes; what is sent.
OPAQUE = {
    "comfort noise": ("m=audio {} RTP/AVP 8 13\r\na=rtpmap:13 CN/8000\r\n",
                      struct.pack("!BBHII", 0x80, 13, 7, 1120, 77) + b"\x40"),
    "redundancy": ("m=audio {} RTP/AVP 121 8\r\na=rtpmap:121 RED/8000\r\n",
                   struct.pack("!BBHII", 0x80, 121, 8, 1280, 77)
                   + b"\x88\x05\x00\xa0\x08" + bytes(320)),
    "video": ("m=video {} RTP/AVP 96\r\nb=AS:512\r\na=rtpmap:96 VP8/90000\r\n",
              struct.pack("!BBHII", 0x80, 96 | 0x80, 9, 90000, 78) + bytes(range(256)) * 4),
    "fax": ("m=image {} udptl t38\r\na=T38FaxVersion:0\r\n",
            b"\x00\x01\x06\xc0\x01\x80\x00\x00\xff" + bytes(40)),
}


@pytest.mark.parametrize("kind", OPAQUE)
def test_J20_what_is_no_plain_speech_passes_untouched(lab, tidegate, phone, carrier, kind):
    media, packet = OPAQUE[kind]

    def body(address, port):
        return (f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"
                + media.format(port)).encode()
    out = phone.invite(CALLEE, body(PHONE, 40000))
    into = carrier.answer()
    into.reply(200, body(CARRIER, 30000))
    final = out.expect(200)
    out.ack()
    into.expect("ACK")
    near, far = media_of(final.body), media_of(into.invite_request.body)
    socks = [lab.phone.udp(PHONE, 40000), lab.carrier.udp(CARRIER, 30000)]
    try:
        for sock in socks:
            sock.settimeout(1)
        for sock, to, hearer in ((socks[0], near, socks[1]), (socks[1], far, socks[0])):
            for _ in range(3):
                sock.sendto(packet, to[:2])
                assert hearer.recv(4096) == packet
                # what looks like RTP is one packet later
                if packet[0] == 0x80:
                    packet = packet[:2] + struct.pack("!H", packet[3] + 1) + packet[4:]
    finally:
        for sock in socks:
            sock.close()
    out.hang_up_from(into)


def test_J24_closed_port_is_counted_and_forgiven(lab, tidegate, phone, carrier, ends):
    out, into, ends[0].remote, ends[1].remote = ua.connect(phone, carrier, CALLEE)
    port = ends[1].sock.getsockname()[1]
    ends[1].close()
    for _ in range(10):
        ends[0].send()
        time.sleep(0.02)
    time.sleep(0.2)
    stream = tidegate.ask("show", "streams")["streams"][0]
    assert stream["side"][1]["unreachable"] >= 1, stream
    again = rtp.End(lab.carrier, CARRIER, port)
    again.remote = ends[1].remote
    ends[0].sent.clear()
    report = rtp.talk(ends[0], again, 0.4)
    again.close()
    assert report.whole, report
    out.hang_up_from(into)
