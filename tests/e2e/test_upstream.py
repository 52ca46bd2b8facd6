# SPDX-License-Identifier: BSD-3-Clause
"""Phones register through us with a Kamailio, which knows the users and calls them by us."""
import pytest

import rtp
import ua
from kamailio import DESK, kamailio
from lab import CARRIER, PHONE, SBC_ACCESS, SBC_CORE
from registering import DOMAIN, PASSWORDS, Registration, registrar

KAMAILIO = CARRIER, 5060
MODULES = """\
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
modparam("registrar", "use_path", 1)
"""
ROUTE = f"""
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{DOMAIN}", "{PASSWORDS['alice']}", "0") || $au != $tU) {{
            www_challenge("{DOMAIN}", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    if (has_totag() && loose_route()) {{
        t_relay();
        exit;
    }}
    if (is_method("INVITE")) record_route();
    if (src_ip == {SBC_CORE}) {{
        $du = "sip:{DESK}:5060";
    }} else if (!lookup("location")) {{
        sl_send_reply("404", "Not Found");
        exit;
    }}
    t_relay();
"""


@pytest.fixture
def desk(lab):
    with kamailio(lab, ROUTE, MODULES) as telephone:
        yield telephone


@pytest.fixture(params=["contact", "path"])
def way(request):
    """How calls come back by us: to a Contact of ours, or along a Path to the phone's own."""
    return request.param


@pytest.fixture
def forwarding(alone, users, way):
    """Tidegate, which hands registrations on."""
    def change(tree):
        registrar(users, upstream="carrier", return_by=way)(tree)
        tree["routes"][1:] = [{"from_realm": "access", "to": "carrier"}]
        del tree["users"]
    return alone(change)


@pytest.fixture
def talkers(lab):
    """The media ends of the phone and of the telephone behind Kamailio."""
    made = rtp.End(lab.phone, PHONE, 40000), rtp.End(lab.carrier, DESK, 30000)
    yield made
    for end in made:
        end.close()


def talk(out, into, talkers):
    """Both hear, and who called hangs up."""
    for end in talkers:
        end.forget()
    report = rtp.talk(*talkers, 0.5)
    assert report.whole, report
    out.hang_up_from(into)


def test_F11_F12_H18_registered_with_a_kamailio_and_called_by_it(forwarding, way, desk, phone,
                                                                 talkers, captures):
    here, there = talkers
    registration = Registration(phone)
    assert 0 < registration.register(algorithm="MD5") <= 120
    out, into, there.remote, here.remote = ua.connect(desk, phone, f"sip:alice@{DOMAIN}",
                                                      to=KAMAILIO)
    talk(out, into, talkers)
    out, into, here.remote, there.remote = ua.connect(phone, desk,
                                                      f"sip:+442079460123@{SBC_ACCESS}")
    talk(out, into, talkers)
    assert registration.ask(600).status == 200, "a refresh is ours to answer"
    assert registration.register(0, "MD5") == 0
    out = desk.invite(f"sip:alice@{DOMAIN}", to=KAMAILIO)
    out.ack_refusal(out.expect(404))
    assert forwarding.settled()["calls"] == 0
    captures["carrier"].stop()
    asked = set(captures["carrier"].payloads("sip.Method == REGISTER"))
    assert len(asked) == 4, asked
    for one in asked:
        assert (b"Path: " in one) == (PHONE.encode() in one) == (way == "path"), one
