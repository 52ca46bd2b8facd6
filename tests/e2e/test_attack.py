# SPDX-License-Identifier: BSD-3-Clause
"""Established media and trusted calls under attack, by real tools and forged floods.

Two hundred calls talk all the while. A quiet run comes first; under each attack their media may
lose no packet that the quiet run does not lose. TIDEGATE_ATTACK=long attacks longer; with pytest -s
every figure is printed.
"""
import os
import secrets
import time

import pytest

from field import (ATTACKERS, CALLS, FORGED, Field, LOAD_RATE, MEDIA_PORTS, SSRC_BASE,
                   TGCTL_MAX_S)
from lab import ACCESS, NAT_OUT, ROOT, SBC_ACCESS, STRANGER

LONG = os.environ.get("TIDEGATE_ATTACK") == "long"
SECONDS = 30 if LONG else 3
# As fast as it can, and less: where the kernel drops what the interface's queue cannot hold, media
# is dropped with the rest before Tidegate sees it. 0 is no limit.
RATES = (0, 200_000, 50_000)
GROWTH_MAX = 64 << 20
NAT_PORT = 999  # below all that the NAT box gives out


@pytest.fixture(scope="module")
def field(lab):
    if lab.tidegate is not None:
        lab.tidegate.remove()
        lab.tidegate = None
    made = None
    try:
        made = Field(lab)
        made.quiet = made.phase("quiet", None, SECONDS * LOAD_RATE)
        yield made
    finally:
        if made:
            made.close()


def held(field, result):
    """What must be so at any rate."""
    assert not result.load_status, f"a trusted call failed\n{result}"
    assert result.inside == [0, 0], f"media was lost inside\n{result}"
    assert result.strange == {"foreign": [0, 0], "repeated": [0, 0]}, f"{result.strange}\n{result}"
    # three processes are started for each answer
    assert result.slowest_s < TGCTL_MAX_S + 3 * result.stall_s, str(result)
    assert max(result.grown) < GROWTH_MAX, str(result)
    for lost, ahead, quiet in zip(result.lost, result.ahead, field.quiet.lost):
        assert lost <= quiet + ahead, f"lost, and not by the kernel\n{result}"
    tidegate = field.tidegate
    assert tidegate.dp.alive() and tidegate.cp.alive()
    assert tidegate.stats()["calls"] >= CALLS


def survive(field, name, start):
    """The first attack of RATES under which no more media is lost than in quiet: a Result."""
    for rate in RATES:
        result = field.phase(f"{name} at {rate or 'full speed'}", lambda r=rate: start(r),
                             SECONDS * LOAD_RATE)
        held(field, result)
        if all(lost <= quiet for lost, quiet in zip(result.lost, field.quiet.lost)):
            return result
    raise AssertionError(f"media is lost at every rate\n{result}")


def named(result, *reasons, but=0):
    """The flood was dropped under these names, but for so many, and what the kernel dropped."""
    assert result.flooded >= 10_000, f"not much of a flood\n{result}"
    dropped = sum(result.drops.get(r, 0) for r in reasons)
    assert dropped >= (result.flooded - result.ahead[0] - but) * 0.95, str(result)


def banned(field):
    """Address -> its ban."""
    return {b["address"]: b for b in field.tidegate.ask("show", "bans")["bans"]}


def ping(field, address, drop=()):
    """OPTIONS from there; whether it is answered. drop: headers to leave out."""
    branch = "z9hG4bK" + secrets.token_hex(6)
    lines = [f"OPTIONS sip:{SBC_ACCESS} SIP/2.0",
             f"Via: SIP/2.0/UDP {address}:5080;branch={branch}", "Max-Forwards: 70",
             f"From: <sip:a@{address}>;tag=1", f"To: <sip:{SBC_ACCESS}>",
             f"Call-ID: {branch}", "CSeq: 1 OPTIONS", "Content-Length: 0"]
    kept = [line for line in lines if line.split(":")[0] not in drop]
    sock = field.lab.nat.udp(address, 5080)
    sock.settimeout(0.3)
    try:
        sock.sendto("\r\n".join([*kept, "", ""]).encode(), ACCESS)
        return branch.encode() in sock.recv(65535)
    except TimeoutError:
        return False
    finally:
        sock.close()


def test_I3_I16_scanners_find_nothing_and_are_banned_for_a_time(field):
    mapper, guesser = ATTACKERS[:2]
    scans = {mapper: ("svmap", "-b", mapper, "-x", mapper, SBC_ACCESS),
             guesser: ("svwar", "-b", guesser, "-x", guesser, "-m", "INVITE", "-e", "100-120",
                       SBC_ACCESS)}
    assert ping(field, mapper), "an honest stranger is answered"
    begun = field.begin()
    for address, command in scans.items():
        assert "found nothing" in field.lab.as_attacker(address, *command)
    result = field.end("scans", begun)
    held(field, result)
    assert result.drops["sip_scanner"] >= 2, str(result)
    assert result.counts.get("sip_sent", 0) == 0, f"a scanner was answered\n{result}"
    sources = {s["address"]: s for s in field.tidegate.ask("show", "sources")["sources"]}
    for address in scans:
        assert sources[address]["banned"] and sources[address]["dropped"]["scanner"] >= 1
        ban = banned(field)[address]
        assert ban["reason"] == "scanner" and 0 < ban["seconds_left"] <= 300, ban

    before = field.snapshot()["drops"].get("sip_banned", 0)
    assert not ping(field, mapper), "whatever it says now"
    assert field.snapshot()["drops"]["sip_banned"] == before + 1
    field.tidegate.tgctl("unban", mapper)
    assert mapper not in banned(field) and guesser in banned(field)
    assert ping(field, mapper)
    field.tidegate.tgctl("ban", mapper, "1")
    assert not ping(field, mapper)
    time.sleep(1.2)
    assert ping(field, mapper) and mapper not in banned(field), "a ban ends"
    field.tidegate.tgctl("unban", "--all")


def test_I4_who_sends_nonsense_is_banned_and_can_be_cleared(field):
    address = ATTACKERS[2]
    for _ in range(25):
        ping(field, address, drop=("From", "To", "Call-ID"))
    ban = banned(field)[address]
    assert ban["reason"] == "malformed" and 0 < ban["seconds_left"] <= 300, ban
    assert not ping(field, address)
    field.tidegate.tgctl("unban", address)
    assert ping(field, address)


def test_I5_I3_forged_scans_ban_no_trusted_peer(field):
    forged = field.lab.dir / "forged"
    forged.mkdir(exist_ok=True)
    (forged / "scan").write_text(
        f"OPTIONS sip:100@{SBC_ACCESS} SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bKs\r\nMax-Forwards: 70\r\n"
        "From: \"sipvicious\"<sip:100@1.1.1.1>;tag=1\r\n"
        "To: \"sipvicious\"<sip:100@1.1.1.1>\r\nCall-ID: 7\r\nCSeq: 1 OPTIONS\r\n"
        "User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n")
    for peer in (NAT_OUT, STRANGER):
        result = field.phase(
            f"scans in the name of {peer}",
            lambda p=peer: field.flood("fuzz", "-s", p, "-P", "5060", "-f", forged, rate=2000),
            SECONDS * LOAD_RATE)
        held(field, result)
        assert peer not in banned(field), str(result)
        assert "sip_banned" not in result.drops and "sip_scanner" not in result.drops, str(result)
        assert field.tidegate.tgctl("ban", peer, check=False).returncode == 1, "nor by hand"


def test_J25_I7_garbage_at_the_media_ports(field):
    def start(rate):
        return field.flood("garbage", "-s", FORGED, "-P", MEDIA_PORTS, rate=rate)
    result = survive(field, "garbage", start)
    named(result, "media_no_stream", "media_source")
    sent = result.counts["tx_packets"] - result.counts["media_relayed"]
    assert sent == result.counts.get("sip_sent", 0), f"garbage was answered\n{result}"


def test_I7_E9_J25_sound_rtp_into_live_streams(field):
    live = f"@{field.lab.dir / 'live'}"

    def start(rate):
        return field.flood("rtp", "-s", FORGED, "-P", live, "-S", SSRC_BASE, rate=rate)
    named(survive(field, "rtp of strangers", start), "media_source")


def test_E9_E8_rtp_from_the_phones_own_address(field):
    live = f"@{field.lab.dir / 'live'}"

    def start(rate):
        return field.flood("rtp", "-s", NAT_OUT, "-p", NAT_PORT, "-P", live, "-S", SSRC_BASE,
                           rate=rate)
    named(survive(field, "rtp from the NAT's address", start), "media_source")


@pytest.mark.parametrize("method", ["invite", "register", "options"] if LONG else ["invite"])
def test_I2_I1_J25_flood_from_ten_thousand_sources(field, method):
    def start(rate):
        return field.flood(method, "-s", FORGED, "-P", "5060", rate=rate)
    result = survive(field, method, start)
    named(result, "sip_strangers", "sip_rate", "sip_method_rate",
          but=result.counts["sip_punted"])
    # 1,000 a second by default, and the load's
    assert result.counts["sip_punted"] < 4_000 + SECONDS * 1_500, f"to the parser\n{result}"


def test_I21_I2_fuzzed_sip_mixed_with_calls(field):
    def start(rate):
        return field.flood("fuzz", "-s", FORGED, "-P", "5060", "-f", ROOT / "tests/data/rfc4475",
                           rate=rate)
    survive(field, "fuzz", start)


def test_I2_every_call_ends_as_it_should(field):
    stats = field.hang_up()
    assert stats["calls"] == 0 and stats["streams"] == 0
