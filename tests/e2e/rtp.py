# SPDX-License-Identifier: BSD-3-Clause
"""RTP ends: each packet's payload is a function of who sent it and its number, and is compared."""
import hashlib
import random
import select
import struct
import threading
import time

INTERVAL_S = 0.02
PAYLOAD_BYTES = 160


def payload_of(ssrc, seq):
    return (hashlib.sha256(struct.pack("!IH", ssrc, seq)).digest() * 5)[:PAYLOAD_BYTES]


class End:
    """One end of a stream: sends PCMA to .remote and keeps what it hears."""

    def __init__(self, ns, address, port, payload_type=8):
        self.sock = ns.udp(address, port)
        self.rtcp = ns.udp(address, port + 1)
        self.port = port
        self.remote = None  # (address, port), as SDP said
        self.payload_type = payload_type
        self.ssrc = random.getrandbits(32)
        self.seq = self.first = random.getrandbits(15)
        self.stamp = random.getrandbits(31)
        self.sent = {}    # seq -> payload
        self.heard = []   # (ssrc, seq, payload type, payload, source)
        self.noise = []   # what was heard and is no RTP

    def close(self):
        self.sock.close()
        self.rtcp.close()

    def forget(self):
        """What was sent and heard so far counts no more."""
        self.sent.clear()
        self.heard.clear()

    def packet(self):
        """The next packet to send; counted as sent."""
        payload = payload_of(self.ssrc, self.seq)
        header = struct.pack("!BBHII", 0x80, self.payload_type | (0x80 if not self.sent else 0),
                             self.seq, self.stamp, self.ssrc)
        self.sent[self.seq] = payload
        self.seq = (self.seq + 1) & 0xffff
        self.stamp = (self.stamp + PAYLOAD_BYTES) & 0xffffffff
        return header + payload

    def send(self):
        self.sock.sendto(self.packet(), self.remote[:2])

    def receive(self):
        """Takes what is there, without waiting."""
        while select.select([self.sock], [], [], 0)[0]:
            data, source = self.sock.recvfrom(2048)
            if len(data) < 12 or data[0] >> 6 != 2:
                self.noise.append(data)
                continue
            _, kind, seq, _, ssrc = struct.unpack("!BBHII", data[:12])
            self.heard.append((ssrc, seq, kind & 0x7f, data[12:], source))

    def heard_from(self, other):
        """(missing, altered, repeated, foreign) of what the other end sent."""
        ours = [(seq, data) for ssrc, seq, _, data, _ in self.heard if ssrc == other.ssrc]
        got = dict(ours)
        missing = [seq for seq in other.sent if seq not in got]
        altered = [seq for seq, data in got.items() if other.sent.get(seq) != data]
        return len(missing), len(altered), len(ours) - len(got), len(self.heard) - len(ours)


class Talk(threading.Thread):
    """Both ends send every 20 ms until .finish().

    eager starts; the other one waits until it hears a packet or 2 s are over, as an end does whose
    peer sits behind NAT: before the relay knows where the peer is, nothing can reach it.
    """

    def __init__(self, eager, other):
        super().__init__(daemon=True)
        self.eager, self.other = eager, other
        self.stopping = threading.Event()
        self.error = None
        self.start()

    def run(self):
        try:
            self.converse()
        except Exception as error:  # raised again by finish()
            self.error = error

    def converse(self):
        began = next_at = time.monotonic()
        while not self.stopping.is_set():
            self.eager.send()
            if self.other.heard or time.monotonic() - began > 2:
                self.other.send()
            next_at += INTERVAL_S
            while True:
                left = next_at - time.monotonic()
                if left <= 0:
                    break
                select.select([self.eager.sock, self.other.sock], [], [], left)
                self.eager.receive()
                self.other.receive()

    def finish(self, drain_s=0.3):
        """Stops, waits for stragglers, and says what each end missed: a Report."""
        self.stopping.set()
        self.join()
        if self.error:
            raise self.error
        time.sleep(drain_s)
        self.eager.receive()
        self.other.receive()
        return Report(self.eager, self.other)


class Report:
    """What became of every packet of two ends."""

    def __init__(self, a, b):
        self.sent = (len(a.sent), len(b.sent))
        self.a_heard = a.heard_from(b)
        self.b_heard = b.heard_from(a)

    @property
    def whole(self):
        """Each packet that was sent was heard once, unaltered, and nothing else."""
        return all(self.sent) and not any(self.a_heard) and not any(self.b_heard)

    def __str__(self):
        names = ("missing", "altered", "repeated", "foreign")
        a = ", ".join(f"{n} {w}" for n, w in zip(self.a_heard, names))
        b = ", ".join(f"{n} {w}" for n, w in zip(self.b_heard, names))
        return f"sent {self.sent[0]} and {self.sent[1]}; heard back: {a}; heard there: {b}"


def talk(eager, other, seconds):
    """A conversation of so long; its Report."""
    conversation = Talk(eager, other)
    time.sleep(seconds)
    return conversation.finish()
