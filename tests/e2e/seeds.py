# SPDX-License-Identifier: BSD-3-Clause
"""Messages captured in the field (tests/data/seeds), sent as they stand; only the body's length is
computed anew, and what a reply must repeat of its request is put in."""
import re

from lab import ROOT
from sip import Message, media_of, new_tag, param, uri_of
from ua import Call

SEEDS = ROOT / "tests/data/seeds"
# one INVITE each: a call from start to end
INVITES = ("verimor-invite", "guide-invite", "atlanta-invite")


def load(name):
    """A message with the line ends of the wire."""
    text = (SEEDS / f"{name}.sip").read_text()
    return Message.parse(text.replace("\n", "\r\n").encode())


def send_invite(agent, name, again=""):
    """Sends a seed INVITE from the agent; its Call. again: makes it another call than the first."""
    invite = load(name)
    invite.headers = [(n, v.replace("z9hG4bK", f"z9hG4bK{again}") if n == "Via"
                       else again + v if n == "Call-ID" else v) for n, v in invite.headers]
    call = Call(agent, param(invite["From"], "tag"))
    call.call_id, call.local, call.remote = invite["Call-ID"], invite["From"], invite["To"]
    call.target, call.to = uri_of(invite["To"]), agent.server
    call.cseq = int(invite["CSeq"].split()[0]) + 1
    call.invite_request = agent.send(invite)
    return call


def send_reply(call, name, via_extra="", tag=None):
    """Sends a seed response to the INVITE: Via, From, To, Call-ID and CSeq are the call's."""
    reply, request = load(name), call.invite_request
    if tag is None:
        tag = param(reply["To"], "tag")
    mine = {"From": request["From"], "Call-ID": request["Call-ID"], "CSeq": request["CSeq"],
            "To": request["To"] + (f";tag={tag}" if tag else "")}
    first, *others = request.all("Via")
    headers = [("Via", first + via_extra), *(("Via", v) for v in others)]
    headers += [(n, mine.get(n, v)) for n, v in reply.headers if n != "Via"]
    if tag:
        call.tag = tag
        call.local = mine["To"]
    return call.agent.send(Message(reply.start, headers, reply.body), request.source)


def replay_invite(phone, carrier, name, again=""):
    """A call that begins with a seed INVITE, is answered by our agent and ended by the caller.
    Returns the INVITE that the carrier saw."""
    out = send_invite(phone, name, again)
    into = carrier.answer()
    into.reply(180)
    out.expect(180)
    offered = into.invite_request
    payload = re.search(rb"m=audio \d+ \S+ (\d+)", offered.body).group(1).decode()
    into.reply(200, carrier.offer(payloads=payload))
    final = out.expect(200)
    assert media_of(final.body)[0] == phone.server[0], "the answer must name the relay"
    out.ack()
    into.expect("ACK")
    out.request("BYE")
    into.hung_up()
    out.expect(200)
    return offered


def replay_wildix(phone, carrier):
    """The whole trace: 407, ACK, INVITE again, two 100, 183 without To-tag, 200, ACK, BYE.

    The gateway's Contact says 10.135.0.1, which is private: what is sent to it travels where its
    answers came from. Returns the responses that the phone saw.
    """
    out = send_invite(phone, "wildix-1-invite")
    into = carrier.answer()
    send_reply(into, "wildix-2-407", ";rport=5060")
    carrier.expect("ACK")
    refused = out.expect(407)
    ack = load("wildix-3-ack")
    ack.headers = [(n, refused["To"] if n == "To" else v) for n, v in ack.headers]
    phone.send(ack)

    out = send_invite(phone, "wildix-4-invite-auth")
    into = carrier.answer()
    send_reply(into, "wildix-5-100", ";rport=5060")
    send_reply(into, "wildix-6-100-ringing", ";rport=5060")
    send_reply(into, "wildix-7-183", ";rport= 5060", tag="")
    progress = out.expect(183)
    send_reply(into, "wildix-8-200", ";rport=5060", tag="as" + new_tag())
    final = out.expect(200)
    out.ack()
    ack = into.expect("ACK")
    assert ack.uri == "sip:001234567890@10.135.0.1;transport=UDP", ack.start
    out.request("BYE")
    assert into.hung_up().uri == ack.uri
    out.expect(200)
    return refused, progress, final
