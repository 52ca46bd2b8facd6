# SPDX-License-Identifier: BSD-3-Clause
"""A SIP user agent that a test drives step by step: it does nothing by itself but drop repeats."""
import re
import select
import time

from sip import Message, media_of, new_branch, new_tag, param, response, sdp, split_list, uri_of

REASONS = {100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued",
           183: "Session Progress", 200: "OK", 404: "Not Found", 480: "Temporarily Unavailable",
           481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated",
           488: "Not Acceptable Here", 500: "Server Internal Error", 503: "Service Unavailable",
           603: "Decline"}


AGENT = "Handset 2000 (telephone of two lines; build 7.1 of 2026-10-30; locale en_GB.UTF-8)"


class Unexpected(AssertionError):
    """Something else came, or nothing."""


class Agent:
    """One UDP socket that speaks SIP.

    ns, address, port: where it listens. user: of its URIs. server: where requests outside of a
    dialog go. All it sends and receives is kept in .log as (time, "sent" or "received", bytes).
    """

    def __init__(self, ns, address, port, user, server=None, media_port=None):
        self.address, self.user, self.server = address, user, server
        self.host = f"[{address}]" if ":" in address else address
        self.sock = ns.udp(address, port)
        self.port = self.sock.getsockname()[1]
        self.media_port = media_port
        self.pings = None  # how many OPTIONS it has answered by itself, where it shall
        self.log = []
        self.waiting = []
        self.seen = set()

    def close(self):
        self.sock.close()

    @property
    def contact(self):
        return f"<sip:{self.user}@{self.host}:{self.port}>"

    def via(self, branch=None):
        return f"SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch or new_branch()}"

    def send(self, message, to=None):
        data = message if isinstance(message, bytes) else message.encode()
        self.log.append((time.time(), "sent", data))
        self.sock.sendto(data, to or self.server)
        return message

    def receive(self, deadline):
        """The next message that is no repeat, or None at the deadline (time.monotonic)."""
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            data, source = self.sock.recvfrom(65535)
            self.log.append((time.time(), "received", data))
            message = Message.parse(data, source[:2])
            repeat = (message.start, message.get("CSeq"), message.get("Via"),
                      message.get("Call-ID"), message.get("To"))
            # an ACK is never answered, so each counts
            if repeat in self.seen and message.method != "ACK":
                continue
            self.seen.add(repeat)
            if self.pings is not None and message.start.startswith("OPTIONS "):
                self.pings += 1
                self.send(response(message, 200, "OK", new_tag()), message.source)
                continue
            return message

    def expect(self, what, timeout=3.0, call_id=None, ignore=(100,)):
        """Waits for a request by its method or a response by its status, and returns it.

        Messages of other calls wait for their turn; statuses in ignore are skipped.
        Anything else of this call raises Unexpected; None takes it, whatever it is.
        """
        deadline = time.monotonic() + timeout
        kept, queue = [], self.waiting
        try:
            while True:
                message = queue.pop(0) if queue else self.receive(deadline)
                if message is None:
                    raise Unexpected(f"{self.user}: no {what} within {timeout} s\n{self.story()}")
                if call_id and message.get("Call-ID") != call_id:
                    kept.append(message)
                    continue
                if what == (message.status or message.method):
                    return message
                if message.status in ignore:
                    continue
                if what is None:
                    return message
                raise Unexpected(f"{self.user}: waited for {what}, got {message.start}\n"
                                 + self.story())
        finally:
            self.waiting = kept + self.waiting

    def refuse_all(self, quiet_s=0.7):
        """Refuses every call that others began, until nothing comes any more."""
        while True:
            message = self.waiting.pop(0) if self.waiting else \
                self.receive(time.monotonic() + quiet_s)
            if message is None:
                return
            if message.method == "INVITE" and not message.status:
                self.send(response(message, 603, "Decline", new_tag()), message.source)
            elif message.method in ("CANCEL", "BYE") and not message.status:
                self.send(response(message, 200, "OK", new_tag()), message.source)

    def silent(self, seconds, ignore=()):
        """Nothing comes for so long."""
        message = self.waiting.pop(0) if self.waiting else \
            self.receive(time.monotonic() + seconds)
        if message is not None and message.status not in ignore:
            raise Unexpected(f"{self.user}: silence expected, got {message.start}\n{self.story()}")

    def story(self):
        """What was said, a line a message."""
        return "\n".join(f"    {way:8} {data.split(bytes([13]))[0].decode(errors='replace')}"
                         for _, way, data in self.log[-20:])

    def offer(self, **kwargs):
        return sdp(self.address, self.media_port, **kwargs)

    def invite(self, uri, body=None, headers=(), to=None):
        """Starts a call. body: an SDP, None for this agent's own offer, b"" for none."""
        call = Call(self, new_tag())
        call.call_id = f"{new_tag()}{new_tag()}@{self.address}"
        call.local = f'"{self.user}" <sip:{self.user}@{self.host}>;tag={call.tag}'
        call.remote, call.target = f"<{uri}>", uri
        call.to = to or self.server
        call.invite_request = call.build("INVITE", self.offer() if body is None else body,
                                         [("Contact", self.contact), *headers])
        self.send(call.invite_request, call.to)
        return call

    def answer(self, timeout=3.0):
        """Waits for an INVITE and returns the call; nothing was replied yet."""
        request = self.expect("INVITE", timeout)
        call = Call(self, new_tag())
        call.call_id = request["Call-ID"]
        call.local = f"{request['To']};tag={call.tag}"
        call.remote = request["From"]
        call.target = uri_of(request["Contact"])
        call.routes = split_list(request.all("Record-Route"))
        call.to = request.source
        call.invite_request = request
        return call


class Call:
    """One dialog of an agent, from its first INVITE."""

    def __init__(self, agent, tag):
        self.agent, self.tag = agent, tag
        self.call_id = self.local = self.remote = self.target = self.to = None
        self.routes, self.cseq = [], 1
        self.invite_request = self.last = None

    def build(self, method, body=b"", headers=(), branch=None, cseq=None):
        """A request of this dialog; the next CSeq unless one is given."""
        if cseq is None:
            cseq, self.cseq = self.cseq, self.cseq + 1
        fields = [("Via", self.agent.via(branch))]
        fields += [("Route", r) for r in self.routes]
        # as real ones have it: to a stranger no answer is larger than its request (I16)
        fields += [("Max-Forwards", "70"), ("User-Agent", AGENT), ("From", self.local),
                   ("To", self.remote),
                   ("Call-ID", self.call_id), ("CSeq", f"{cseq} {method}"), *headers]
        if body:
            fields.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {self.target} SIP/2.0", fields, body or b"")

    def next_hop(self):
        """Where the route set or the remote target says, if that is an address."""
        m = re.match(r"sips?:(?:[^@]*@)?(\d+\.\d+\.\d+\.\d+|\[[^\]]+\])(?::(\d+))?",
                     uri_of(self.routes[0]) if self.routes else self.target)
        return (m.group(1).strip("[]"), int(m.group(2) or 5060)) if m else self.to

    def request(self, method, body=b"", headers=()):
        message = self.build(method, body, headers)
        return self.agent.send(message, self.next_hop())

    def expect(self, what, timeout=3.0, ignore=(100,)):
        """Like Agent.expect, of this call; learns the dialog from a response to our INVITE."""
        message = self.agent.expect(what, timeout, self.call_id, ignore)
        self.last = message
        if message.status and message.method == "INVITE" and message.status > 100:
            if param(message["To"], "tag") is not None and message.status < 300:
                self.remote = message["To"]
                self.routes = split_list(message.all("Record-Route"))[::-1]
                if message.get("Contact"):
                    self.target = uri_of(message["Contact"])
        return message

    def ack(self, body=b""):
        """Of a 2xx: a transaction of its own, along the route set."""
        cseq = int(self.last["CSeq"].split()[0])
        return self.agent.send(self.build("ACK", body, cseq=cseq), self.next_hop())

    def ack_refusal(self, final):
        """Of anything else: part of the INVITE transaction."""
        ack = Message(f"ACK {self.invite_request.uri} SIP/2.0", [
            ("Via", self.invite_request["Via"]), ("Max-Forwards", "70"),
            ("From", self.invite_request["From"]), ("To", final["To"]),
            ("Call-ID", self.call_id), ("CSeq", final["CSeq"].split()[0] + " ACK")])
        return self.agent.send(ack, self.to)

    def cancel(self):
        request = self.invite_request
        cancel = Message(f"CANCEL {request.uri} SIP/2.0", [
            ("Via", request["Via"]), ("Max-Forwards", "70"), ("From", request["From"]),
            ("To", request["To"]), ("Call-ID", self.call_id),
            ("CSeq", request["CSeq"].split()[0] + " CANCEL")])
        return self.agent.send(cancel, self.to)

    def reply(self, status, body=b"", headers=(), request=None, tagged=True):
        """Answers the INVITE, or request."""
        to = request or self.invite_request
        extra = [*headers]
        if to.method in ("INVITE", "UPDATE") and status < 300:
            extra.append(("Contact", self.agent.contact))
        if body:
            extra.append(("Content-Type", "application/sdp"))
        message = response(to, status, REASONS.get(status, "Whatever"),
                           self.tag if tagged and status > 100 else None, extra, body or b"")
        return self.agent.send(message, to.source)

    def hang_up_from(self, other):
        """BYE, answered by the other end, and its 200."""
        self.request("BYE")
        other.hung_up()
        return self.expect(200)

    def hung_up(self, timeout=3.0):
        """The other side's BYE, answered."""
        bye = self.expect("BYE", timeout)
        self.reply(200, request=bye)
        return bye


def connect(caller, callee, uri, early=180, **invite):
    """A call that is answered: both calls, and each side's view of the other's media address."""
    out = caller.invite(uri, **invite)
    into = callee.answer()
    if early:
        into.reply(early)
        out.expect(early)
    into.reply(200, callee.offer())
    final = out.expect(200)
    out.ack()
    into.expect("ACK")
    return out, into, media_of(final.body), media_of(into.invite_request.body)
