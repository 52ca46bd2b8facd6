# SPDX-License-Identifier: BSD-3-Clause
"""What sipp does inside calls, on both sides of Tidegate: sipp/NAME-caller.xml, NAME-callee.xml."""
import re

import pytest

from scenarios import play

CALLS = 5
CANCELLED = r" call-end .* cause=cancelled by=a status=487 "


@pytest.fixture
def played(tidegate, lab):
    """Plays a pair of scenarios; then nothing may be held any more."""
    def both(name):
        play(lab, name, CALLS)
        stats = tidegate.settled(20)
        assert stats["calls"] == 0 and stats["streams"] == 0, stats
    return both


def test_C20_hold_and_resume(played):
    played("hold")


def test_C21_prack_crosses(played):
    played("prack")


def test_C22_only_the_callee_is_reliable(played):
    played("prack-of-callee")


def test_C22_only_the_caller_is_reliable(played):
    played("prack-of-caller")


def test_C18_update_in_early_and_confirmed_dialog(played):
    played("update")


def test_B17_cancel_while_ringing(played):
    played("cancel")


def test_B22_cancel_crosses_the_answer(tidegate, played):
    before = len(re.findall(CANCELLED, tidegate.cp.text()))
    played("cancel-race")
    assert len(re.findall(CANCELLED, tidegate.cp.text())) - before == CALLS


def test_C49_C51_offers_come_late(played):
    played("late-offer")


def test_C49_late_offer_is_answered_in_prack(played):
    played("late-offer-prack")


def test_C25_info_crosses(played):
    played("info")


def short_sessions(tree):
    # half of it passes before we refresh, two thirds before we hang up on who does not
    tree["timers"] = {"session_s": "90", "session_min_s": "90"}


def test_C36_sessions_are_refreshed_or_end(alone, lab):
    tidegate = alone(short_sessions)
    play(lab, "session", CALLS, limit_s=120, outside=True)
    stats = tidegate.settled(20)
    assert stats["calls"] == 0 and stats["streams"] == 0, stats
