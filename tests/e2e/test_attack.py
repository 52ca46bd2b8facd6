# SPDX-License-Identifier: BSD-3-Clause
"""Established media and trusted calls under attack, by real tools and forged floods.

Two hundred calls talk all the while. A quiet run comes first; under each attack their media may
lose no packet that the quiet run does not lose. TIDEGATE_ATTACK=long attacks longer; with pytest -s
every figure is printed.
"""
import os

import pytest

from field import CALLS, FORGED, Field, LOAD_RATE, MEDIA_PORTS, SSRC_BASE, TGCTL_MAX_S
from lab import NAT_OUT, ROOT

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
    assert result.load_status == 0, f"a trusted call failed\n{result}"
    assert result.inside == [0, 0], f"media was lost inside\n{result}"
    assert result.foreign == [0, 0] and result.repeated == [0, 0], result
    assert result.slowest_s < TGCTL_MAX_S, result
    assert max(result.grown) < GROWTH_MAX, result
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
    dropped = sum(result.drops.get(r, 0) for r in reasons)
    assert dropped >= (result.flooded - result.ahead[0] - but) * 0.95, str(result)


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
    named(result, "sip_strangers", "sip_rate", "sip_method_rate", "sip_ring_full",
          but=result.counts["sip_punted"])


def test_I21_I2_fuzzed_sip_mixed_with_calls(field):
    def start(rate):
        return field.flood("fuzz", "-s", FORGED, "-P", "5060", "-f", ROOT / "tests/data/rfc4475",
                           rate=rate)
    survive(field, "fuzz", start)


def test_I2_every_call_ends_as_it_should(field):
    stats = field.hang_up()
    assert stats["calls"] == 0 and stats["streams"] == 0
