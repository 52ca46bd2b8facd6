# SPDX-License-Identifier: BSD-3-Clause
"""sipp's scenarios, whose messages share pieces: {NAME} or {NAME:WORD} in a file of sipp/.

    {caller}        headers of the caller's requests, {callee} of the callee's
    {answer}        headers of a response to the last request; its To has a tag already
    {late}          headers of a response to the first INVITE, whatever came after it
    {ack}           of the caller's ACK to a 2xx; {ack:2} to that of CSeq 2
    {sdp}           an audio description, {sdp:sendonly} of another direction
    {empty}         no body
    {start}         the callee takes the INVITE and keeps what {late} and {callee} want
    {known}         to be said once where {start} is: sipp wants each variable used
    {trying}        100 may come
"""
import pathlib
import re
import time

from lab import ACCESS, CARRIER, PHONE, SIPP, STRANGER

PIECES = {
    "caller": """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]
[routes]
Max-Forwards: 70
From: "Alice" <sip:alice@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
Contact: <sip:alice@[local_ip]:[local_port]>
User-Agent: sipp, which names itself at such a length that answers are no larger than requests""",
    "callee": """\
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From:[$local];tag=[pid]s[call_number]
To:[$remote]
Call-ID: [call_id]
Contact: <sip:callee@[local_ip]:[local_port]>""",
    "answer": """\
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:sipp@[local_ip]:[local_port]>""",
    "late": """\
Via:[$via]
From:[$remote]
To:[$local];tag=[pid]s[call_number]
Call-ID: [call_id]
CSeq:[$cseq]
Contact: <sip:callee@[local_ip]:[local_port]>""",
    "sdp": """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=WORD""",
    "empty": "Content-Length: 0\n",
    "ack": """\
  <send>
    <![CDATA[
ACK [next_url] SIP/2.0
{caller}
CSeq: WORD ACK
{empty}
]]>
  </send>""",
    "start": """\
  <recv request="INVITE" rrs="true">
    <action>
      <ereg regexp=".*" search_in="hdr" header="Via:" assign_to="via"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="remote"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="local"/>
      <ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="cseq"/>
      <ereg regexp="m=audio" search_in="body" WORD="true" assign_to="seen"/>
    </action>
  </recv>""",
    "known": '  <Reference variables="via,remote,local,cseq,seen"/>',
    "trying": '  <recv response="100" optional="true"/>',
}
WORDS = {"sdp": "sendrecv", "ack": "1", "start": "check_it"}


def expand(text):
    """The text with its pieces in place."""
    def piece(m):
        name, word = m.group(1), m.group(2) or WORDS.get(m.group(1), "")
        return expand(PIECES[name].replace("WORD", word))
    return re.sub(r"\{(\w+)(?::([\w-]+))?\}", piece, text)


def written(lab, name):
    """The whole scenario, as a file of the lab's."""
    path = lab.dir / name
    path.write_text(expand((SIPP / name).read_text()))
    return path


def said(lab, *names):
    """What sipp had to say of its scenarios, for a test that failed."""
    text = ""
    for name in names:
        for path in (lab.dir / f"{name}.err", lab.dir / f"{name}.msg"):
            if path.exists():
                text += f"--- {path.name}\n{path.read_text(errors='replace')[-9000:]}\n"
    return text


def await_listener(sipp, seconds=20):
    """Waits until it takes datagrams at port 5060."""
    deadline = time.monotonic() + seconds
    table = pathlib.Path(f"/proc/{sipp.pid}/net/udp")
    while sipp.poll() is None and ":13C4 " not in table.read_text():
        assert time.monotonic() < deadline, "sipp does not listen"
        time.sleep(0.05)


def play(lab, name, calls, limit_s=90, outside=False):
    """Calls of NAME-caller.xml and NAME-callee.xml by way of Tidegate; each must go as written.

    outside: the caller stands before the NAT box, which forgets who is silent for 30 s.
    """
    ns, address = (lab.nat, STRANGER) if outside else (lab.phone, PHONE)
    caller, callee = written(lab, f"{name}-caller.xml"), written(lab, f"{name}-callee.xml")
    common = ("-m", calls, "-p", "5060", "-timeout", limit_s, "-trace_msg")
    far = lab.sipp(lab.carrier, callee, CARRIER, *common, "-message_file", f"{callee}.msg",
                   wait_s=None)
    try:
        await_listener(far)
        status, output = lab.sipp(
            ns, caller, address, *common, "-r", "5", "-s", "+442079460123",
            "-message_file", f"{caller}.msg", remote=f"{ACCESS[0]}:{ACCESS[1]}",
            wait_s=limit_s + 20)
        assert status == 0, said(lab, caller.name, callee.name) or output[-3000:]
        assert far.wait(limit_s + 20) == 0, said(lab, caller.name, callee.name)
    finally:
        far.kill()
        far.wait()
