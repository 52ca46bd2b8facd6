# SPDX-License-Identifier: BSD-3-Clause
"""Datagrams that are no SIP, or SIP made to harm: nothing dies, nothing is amplified."""
import random
import time

import pytest

import ua
from lab import ACCESS, ROOT, SBC_ACCESS, STRANGER

CALLEE = f"sip:+442079460123@{SBC_ACCESS}"
HEAD = (f"INVITE {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER}:5060;branch=z9hG4bKh1\r\n"
        f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: hostile\r\nCSeq: 1 INVITE\r\n")
NOT_SIP = {
    "noise": random.Random(1).randbytes(900),
    "zeros": bytes(1400),
    "stun": bytes.fromhex("000100002112a442") + bytes(12),
    "dtls": bytes.fromhex("16feff0000000000000000003a01") + bytes(60),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty": b"",
    "one byte": b"\0",
    "rtp": b"\x80\x08" + bytes(170),
    "lines": b"\r\n" * 700,
    "colons": b":" * 1400,
}
HARMFUL = {
    "no end": HEAD.encode(),
    "long uri": b"INVITE sip:" + b"a" * 8000 + b"@b SIP/2.0\r\n\r\n",
    "many headers": (HEAD + "X: y\r\n" * 400 + "\r\n").encode(),
    "many vias": (HEAD + "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n" * 200 + "\r\n").encode(),
    "no header": f"INVITE {CALLEE} SIP/2.0\r\n\r\n".encode(),
    "length lies": (HEAD + "Content-Length: 99999\r\n\r\nv=0").encode(),
    "negative length": (HEAD + "Content-Length: -1\r\n\r\nv=0").encode(),
    "nul": HEAD.encode().replace(b"hostile", b"hos\0tile") + b"\r\n",
    "format": (HEAD + "Contact: <sip:%n%n%s%s@x>\r\n\r\n").encode(),
    "quotes": (HEAD + 'Contact: "' + "\\" * 500 + "\r\n\r\n").encode(),
    "valueless tag": HEAD.replace(";tag=1", ";tag").encode() + b"\r\n",
    "bad sdp": (HEAD + "Contact: <sip:a@b>\r\nContent-Type: application/sdp\r\n\r\n"
                "m=audio 99999999 RTP/AVP -1\r\n").encode(),
}


@pytest.fixture
def stranger(lab):
    sock = lab.nat.udp(STRANGER, 5060)
    yield sock
    sock.close()


def answers(sock, seconds=0.5):
    """What came back within that time."""
    got, deadline = [], time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return got
        sock.settimeout(left)
        try:
            got.append(sock.recv(65535))
        except TimeoutError:
            return got


def still_works(phone, carrier):
    carrier.refuse_all()
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    out.hang_up_from(into)


def drops(tidegate):
    return tidegate.metric("tidegate_dataplane_drops_total", "sip_")


def test_A39_what_is_not_sip_is_dropped_in_silence(tidegate, phone, carrier, stranger):
    before = drops(tidegate)
    for name, data in NOT_SIP.items():
        stranger.sendto(data, ACCESS)
    assert answers(stranger) == [], "nothing is said to what is no SIP"
    assert drops(tidegate) > before
    assert tidegate.cp.alive() and tidegate.dp.alive()
    still_works(phone, carrier)


@pytest.mark.parametrize("name", HARMFUL)
def test_I16_harmful_message_gets_at_most_one_small_answer(tidegate, carrier, stranger, name):
    mine = b"z9hG4bK" + name.encode().replace(b" ", b"-")
    stranger.sendto(HARMFUL[name].replace(b"z9hG4bKh1", mine), ACCESS)
    # a refusal of an INVITE repeats until its ACK; the case before may still be repeating its own
    got = {a for a in answers(stranger) if b"SIP/2.0 100" not in a
           and (mine in a or b"z9hG4bK" not in a)}
    carrier.refuse_all(0.1)
    assert len(got) <= 1, got
    assert sum(map(len, got)) <= max(600, len(HARMFUL[name]) * 2)
    assert tidegate.cp.alive() and tidegate.dp.alive()


def test_A40_malformed_ack_is_never_answered(tidegate, phone, carrier, stranger):
    head = HEAD.replace("INVITE", "ACK").replace("z9hG4bKh1", "z9hG4bKack").encode()
    for data in (head + b"\r\n", head.replace(b"CSeq: 1", b"CSeq: x") + b"\r\n",
                 b"ACK sip:x SIP/2.0\r\n\r\n",
                 b"ACK sip:x SIP/7.0\r\nVia: SIP/2.0/UDP h\r\n\r\n"):
        stranger.sendto(data, ACCESS)
    # refusals of earlier tests may still repeat; they bear branches of their own
    assert [a for a in answers(stranger, 0.8)
            if b"z9hG4bKack" in a or b"z9hG4bK" not in a] == []
    still_works(phone, carrier)


def test_torture_messages_leave_it_standing(tidegate, phone, carrier, stranger):
    files = sorted((ROOT / "tests/data/rfc4475").glob("*.dat"))
    assert len(files) == 50
    for path in files:
        stranger.sendto(path.read_bytes(), ACCESS)
        time.sleep(0.01)
    answers(stranger, 1.0)
    assert tidegate.cp.alive() and tidegate.dp.alive()
    still_works(phone, carrier)


def test_mutated_invites_leave_it_standing(tidegate, phone, carrier, stranger):
    rng = random.Random(20)
    base = (HEAD + "Contact: <sip:a@b>\r\nMax-Forwards: 0\r\nContent-Length: 0\r\n\r\n").encode()
    for _ in range(3000):
        data = bytearray(base)
        for _ in range(rng.randint(1, 8)):
            where = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[where] = rng.randrange(256)
            elif kind == 1:
                del data[where:where + rng.randint(1, 30)]
            else:
                data[where:where] = rng.randbytes(rng.randint(1, 30))
        stranger.sendto(bytes(data), ACCESS)
        time.sleep(0.0003)
    answers(stranger, 0.5)
    assert tidegate.cp.alive() and tidegate.dp.alive()
    still_works(phone, carrier)


def test_C3_guessed_bye_does_not_end_a_call(tidegate, phone, carrier, stranger):
    carrier.refuse_all()
    out, into, *_ = ua.connect(phone, carrier, CALLEE)
    bye = (f"BYE {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP {STRANGER}:5060;branch=z9hG4bKg\r\n"
           f"From: <sip:a@b>;tag=guess\r\nTo: <sip:c@d>;tag=guess\r\nCall-ID: {out.call_id}\r\n"
           "CSeq: 9 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
    stranger.sendto(bye.encode(), ACCESS)
    got = [a for a in answers(stranger, 0.5) if b"BYE" in a]
    assert not got or b" 481 " in got[0] or b" 403 " in got[0], got
    carrier.silent(0.2)
    assert tidegate.stats()["calls"] == 1
    out.hang_up_from(into)


def test_I1_flood_is_dropped_before_the_parser(alone, phone, carrier, stranger):
    def limited(tree):
        for realm in tree["realms"]:
            realm["stranger_rate"] = {"per_s": "50", "burst": "100"}
    tidegate = alone(limited)
    message = HEAD.replace("INVITE", "OPTIONS").encode() + b"Max-Forwards: 70\r\n\r\n"
    before = tidegate.metric("tidegate_dataplane_drops_total", "sip_rate")
    began = time.monotonic()
    for n in range(2000):
        stranger.sendto(message.replace(b"z9hG4bKh1", b"z9hG4bKf%d" % n), ACCESS)
        time.sleep(0.0002)
    allowed = 100 + 50 * (time.monotonic() - began) + 20
    # another source is not harmed
    still_works(phone, carrier)
    dropped = tidegate.metric("tidegate_dataplane_drops_total", "sip_rate") - before
    assert dropped >= 2000 - allowed
    assert 0 < len(answers(stranger, 0.2)) <= allowed
