# SPDX-License-Identifier: BSD-3-Clause
"""Who guesses numbers and passwords, by SIPVicious: it finds neither, and is banned."""
import re
import secrets

import pytest

import ua
from lab import ACCESS, NAT_OUT, SBC_ACCESS
from registering import DOMAIN, PASSWORDS, Registration, challenges, registrar

GUESSER, OTHER = "203.0.113.97", "203.0.113.98"
BAN_AFTER, LOCK_AFTER, GUESSES = 20, 10, 60
MD5 = {"digest": {"algorithms": ["MD5"]}}  # svcrack knows no other
RIGHT_AT = 40  # behind as many wrong ones comes the right password


@pytest.fixture
def guesser(lab):
    """What of SIPVicious runs at an address of its own, with a list: guesser(program, words...)."""
    for address in (GUESSER, OTHER):
        lab.nat.ip("address", "add", f"{address}/24", "dev", "out0")
    words = lab.dir / "words"

    def run(program, guesses, *more, address=GUESSER):
        words.write_text("".join(f"{guess}\n" for guess in guesses))
        return lab.as_attacker(address, program, "-b", address, "-x", address, "-d", words, *more,
                               SBC_ACCESS)
    yield run
    for address in (GUESSER, OTHER):
        lab.nat.ip("address", "del", f"{address}/24", "dev", "out0")


def guarded(users, scanners=None, **limits):
    """A change of the configuration: with its default guard, but for these."""
    def change(tree):
        registrar(users, **MD5)(tree)
        tree["guard"] = {"ban": {"after": str(BAN_AFTER)}, "lockout": {"after": str(LOCK_AFTER)}}
        for name, after in limits.items():
            tree["guard"][name]["after"] = str(after)
        if scanners is not None:
            tree["guard"]["scanners"] = scanners
    return change


def passwords():
    """Many wrong ones, and the right one among them."""
    wrong = [secrets.token_hex(6) for _ in range(GUESSES)]
    return [*wrong[:RIGHT_AT], PASSWORDS["alice"], *wrong[RIGHT_AT:]]


def banned(tidegate):
    return {b["address"]: b for b in tidegate.ask("show", "bans")["bans"]}


def asked(capture, address):
    """How many REGISTERs came from there, and what they were answered."""
    seen = capture.fields(f"sip.CSeq.method == REGISTER && ip.addr == {address}", "sip.Status-Code")
    answers = [status for status, in seen if status]
    return len(seen) - len(answers), answers


def test_I3_F21_tools_that_say_who_they_are_hear_nothing(alone, users, guesser):
    tidegate = alone(guarded(users))
    assert "found nothing" in guesser("svwar", ["alice", "nobody"], "--force")
    assert "found nothing" in guesser("svcrack", passwords(), "-u", "alice", "--maximumtime=3",
                                      address=OTHER)
    for address in (GUESSER, OTHER):
        assert banned(tidegate)[address]["reason"] == "scanner"
        assert f"{address} " in tidegate.tgctl("show", "bans").stdout
    assert tidegate.metric("tidegate_dataplane_sip_sent_total") == 0


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_F21_I19_no_user_is_found(alone, users, guesser, method):
    alone(guarded(users, scanners=[]))
    said = guesser("svwar", ["alice", "bob", "nobody"], "-m", method, "--force")
    assert "found nothing" in said, said
    said = guesser("svwar", ["nobody", "alice", "bob"], "-m", method, address=OTHER)
    assert "authentication request for an unknown extension" in said, said


def test_F21_I19_the_answer_is_the_same_whether_there_is_such_a_user(lab, alone, users):
    alone(guarded(users, scanners=[]))
    answers = []
    for user in ("alice", "ghost"):
        agent = ua.Agent(lab.phone, "192.168.1.20", 5060, user, ACCESS)
        registration = Registration(agent, "a-guess-of-mine")
        try:
            for answer in (registration.ask(600), registration.guess("MD5")):
                fields = [(n, re.sub(r'"[^"]*"|tag=\w+', "", v)) for n, v in answer.headers
                          if n not in ("Call-ID", "Via", "From", "To")]
                answers.append((user, answer.start, fields, challenges(answer)[0].keys()))
        finally:
            agent.close()
    half = len(answers) // 2
    assert [a[1:] for a in answers[:half]] == [a[1:] for a in answers[half:]], answers


def test_F22_F21_no_password_is_found_and_the_guesser_is_banned(alone, users, guesser, captures,
                                                                phone):
    tidegate = alone(guarded(users, scanners=[]))
    owner = Registration(phone)
    owner.register(algorithm="MD5")
    said = guesser("svcrack", passwords(), "-u", "alice", "--maximumtime=3")
    assert "found nothing" in said, said
    ban = banned(tidegate)[GUESSER]
    assert ban["reason"] == "unauthorized" and 0 < ban["seconds_left"] <= 300, ban
    assert GUESSER in tidegate.tgctl("show", "bans").stdout
    assert NAT_OUT not in banned(tidegate)
    outside = captures["outside"]
    outside.stop()
    registers, answers = asked(outside, GUESSER)
    assert registers > BAN_AFTER and set(answers) == {"401"}
    assert len(answers) <= BAN_AFTER + 5, "banned within so many, and what was under way"
    owner.register(algorithm="MD5")


def test_F22_the_right_password_is_not_taken_while_locked(alone, users, guesser):
    tidegate = alone(guarded(users, scanners=[], ban=0))
    assert "found nothing" in guesser("svcrack", passwords(), "-u", "alice", "--maximumtime=3")
    assert GUESSER not in banned(tidegate)
    tidegate.cp.wait_for(f'locked-out by=pair source={GUESSER} user="alice" domain="{DOMAIN}"', 1)


def test_F22_without_ban_and_lockout_the_password_is_found(alone, users, guesser):
    """So the others have shown something."""
    tidegate = alone(guarded(users, scanners=[], ban=0, lockout=0))
    said = guesser("svcrack", passwords(), "-u", "alice", "--maximumtime=3")
    assert PASSWORDS["alice"] in said, said
    assert tidegate.metric("tidegate_dataplane_sip_sent_total") > 0
