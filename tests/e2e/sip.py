# SPDX-License-Identifier: BSD-3-Clause
"""SIP messages as text: enough to write them, take them apart and follow a dialog."""
import re
import secrets

COMPACT = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact",
           "l": "Content-Length", "c": "Content-Type", "k": "Supported"}


class Message:
    """A request or a response. Header names keep their case; look-up ignores it."""

    def __init__(self, start, headers=(), body=b""):
        self.start = start
        self.headers = list(headers)
        self.body = body.encode() if isinstance(body, str) else body
        self.source = None  # (address, port) it came from

    @classmethod
    def parse(cls, data, source=None):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode(errors="surrogateescape")).split("\r\n")
        headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.strip()
            headers.append((COMPACT.get(name.lower(), name), value.strip()))
        message = cls(lines[0], headers, body)
        message.source = source
        return message

    def encode(self):
        headers = [h for h in self.headers if h[0].lower() != "content-length"]
        headers.append(("Content-Length", str(len(self.body))))
        text = "\r\n".join([self.start, *(f"{n}: {v}" for n, v in headers)]) + "\r\n\r\n"
        return text.encode(errors="surrogateescape") + self.body

    def all(self, name):
        return [v for n, v in self.headers if n.lower() == name.lower()]

    def __getitem__(self, name):
        values = self.all(name)
        if not values:
            raise KeyError(f"no {name} in {self.start}")
        return values[0]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    def add(self, name, value):
        self.headers.append((name, value))
        return self

    @property
    def status(self):
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else None

    @property
    def method(self):
        """Of a request, or of the request that a response answers."""
        return self["CSeq"].split()[1] if self.status else self.start.split()[0]

    @property
    def uri(self):
        return self.start.split()[1]

    @property
    def branch(self):
        return param(self["Via"], "branch")

    def __str__(self):
        return self.encode().decode(errors="replace")


def param(value, name):
    """A parameter of a header value; None when absent, "" when it has no value."""
    m = re.search(rf";\s*{re.escape(name)}\s*(?:=\s*([^;,\s>]+))?(?=[;,\s>]|$)", value, re.I)
    return (m.group(1) or "") if m else None


def uri_of(value):
    """The URI of a name-addr or addr-spec."""
    m = re.search(r"<([^>]+)>", value)
    return m.group(1) if m else value.split(";")[0].strip()


def split_list(values):
    """The entries of a list header that may be several lines or joined by commas."""
    entries = []
    for value in values:
        entries += re.findall(r'(?:[^,"<]|"(?:\\.|[^"\\])*"|<[^>]*>)+', value)
    return [e.strip() for e in entries if e.strip()]


def new_branch():
    return "z9hG4bK" + secrets.token_hex(8)


def new_tag():
    return secrets.token_hex(5)


def response(request, status, reason, tag=None, headers=(), body=b""):
    """The answer to a request: its Via, From, Call-ID and CSeq, a tag on To."""
    to = request["To"]
    if tag and param(to, "tag") is None:
        to += f";tag={tag}"
    copied = [("Via", v) for v in request.all("Via")]
    copied += [("Record-Route", v) for v in request.all("Record-Route")]
    copied += [("From", request["From"]), ("To", to), ("Call-ID", request["Call-ID"]),
               ("CSeq", request["CSeq"])]
    return Message(f"SIP/2.0 {status} {reason}", copied + list(headers), body)


def sdp(address, port, extra=(), payloads="8 0 101", session=1, version=1, rtcp=None):
    """An audio description. extra: more attribute lines."""
    lines = ["v=0", f"o=- {session} {version} IN {family(address)} {address}", "s=-",
             f"c=IN {family(address)} {address}", "t=0 0", f"m=audio {port} RTP/AVP {payloads}"]
    known = {"0": "PCMU/8000", "8": "PCMA/8000", "101": "telephone-event/8000"}
    lines += [f"a=rtpmap:{pt} {known[pt]}" for pt in payloads.split() if pt in known]
    if rtcp:
        lines.append(f"a=rtcp:{rtcp}")
    lines += [*extra, "a=sendrecv"]
    return "\r\n".join(lines) + "\r\n"


def family(address):
    return "IP6" if ":" in address else "IP4"


def media_of(body):
    """(address, port, RTCP port) of the first m= line."""
    text = body.decode(errors="replace")
    media = text[text.index("m="):]
    where = re.search(r"^c=IN IP[46] (\S+)", media, re.M) or re.search(r"^c=IN IP[46] (\S+)",
                                                                      text, re.M)
    port = int(re.search(r"^m=\w+ (\d+)", media, re.M).group(1))
    rtcp = re.search(r"^a=rtcp:(\d+)", media, re.M)
    return where.group(1), port, int(rtcp.group(1)) if rtcp else port + 1
