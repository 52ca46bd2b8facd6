# SPDX-License-Identifier: BSD-3-Clause
"""The control plane is killed and starts again: who registered is still there, and is called."""
import grp
import os
import pwd
import shutil
import time

import pytest

import rtp
import ua
from lab import PHONE, SBC_CORE
from registering import DOMAIN, PASSWORDS, Registration, challenges, credentials, registrar

ALICE, BOB = f"sip:alice@{SBC_CORE}", f"sip:bob@{SBC_CORE}"
WRITTEN_S = 0.5  # STORE_BATCH_MS and a transaction, on a busy machine


@pytest.fixture
def kept(lab, users, alone):
    """Tidegate with a store on the disk."""
    folder = lab.dir / "store"
    folder.mkdir(mode=0o750)
    os.chown(folder, pwd.getpwnam("tidegate").pw_uid, grp.getgrnam("tidegate").gr_gid)

    def change(tree):
        registrar(users)(tree)
        tree["store"] = {"kind": "lmdb", "path": str(folder)}
    yield alone(change)
    shutil.rmtree(folder)


@pytest.fixture
def bob(lab, phone):
    """Another user, at a port of the same phone."""
    agent = ua.Agent(lab.phone, PHONE, 5070, "bob", phone.server, 42000)
    yield agent
    agent.close()


def kill(tidegate):
    time.sleep(WRITTEN_S)
    tidegate.cp.kill()
    tidegate.start_control()


def test_L3_F1_H18_a_phone_is_called_after_a_kill(kept, phone, carrier, ends):
    Registration(phone).register()
    out, into, *_ = ua.connect(carrier, phone, ALICE)
    way, contact = into.invite_request.source, into.invite_request.uri
    out.hang_up_from(into)
    kill(kept)
    out, into, ends[1].remote, ends[0].remote = ua.connect(carrier, phone, ALICE)
    assert (into.invite_request.source, into.invite_request.uri) == (way, contact)
    report = rtp.talk(*ends, 0.5)
    assert report.whole, report
    out.hang_up_from(into)
    assert kept.settled()["calls"] == 0


def test_L3_F1_a_phone_may_still_call_after_a_kill(kept, phone, carrier):
    Registration(phone).register()
    kill(kept)
    out, into, *_ = ua.connect(phone, carrier, f"sip:+442079460123@{DOMAIN}")
    out.hang_up_from(into)


def test_L3_F17_F19_credentials_of_before_a_kill_are_not_taken_again(kept, phone):
    registration = Registration(phone)
    proof = credentials(challenges(registration.ask(600))[0], "REGISTER", f"sip:{DOMAIN}", "alice",
                        PASSWORDS["alice"])
    assert registration.ask(600, [("Authorization", proof)]).status == 200
    kill(kept)
    again = registration.ask(600, [("Authorization", proof)])
    assert again.status == 401 and challenges(again)[0]["stale"] == "true", again
    registration.register()


def test_L3_F1_who_had_gone_has_gone_after_a_kill(kept, phone, bob, carrier):
    for agent in (phone, bob):
        Registration(agent).register()
    gone = Registration(phone)
    assert gone.register(0) == 0
    kill(kept)
    out = carrier.invite(ALICE)
    out.ack_refusal(out.expect(480))
    out, into, *_ = ua.connect(carrier, bob, BOB)
    out.hang_up_from(into)
