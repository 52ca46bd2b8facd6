# SPDX-License-Identifier: BSD-3-Clause
"""The peer in user space: Debian's rtpengine, its calls set up through its ng protocol."""
import re
import socket
import time

from lab import Process

from . import machine
from .packages import have

PACKAGE = "rtpengine-daemon"
NG_PORT = 22222
SDP = ("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
       "m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n")


def bencode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(k) + bencode(value[k]) for k in sorted(value)) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    data = value.encode()
    return b"%d:%s" % (len(data), data)


def install():
    """Whether it is there; installs it where it is not."""
    return have("rtpengine", PACKAGE)


class Rtpengine:
    """In a namespace, between two addresses; pinned: on the worker's core. .restart() starts it,
    .stop() ends it."""

    def __init__(self, ns, directory, near, far, pinned=True):
        self.args = ["rtpengine", "--config-file=none", "--foreground", "--log-stderr",
                     "--log-level=3", "--table=-1", "--num-threads=1",
                     f"--interface=near/{near}", f"--interface=far/{far}",
                     f"--listen-ng=127.0.0.1:{NG_PORT}", "--port-min=30000", "--port-max=50000"]
        self.ns, self.log = ns, directory / "rtpengine.log"
        self.pin = ["taskset", "-c", machine.WORKER_CPU] if pinned else []
        self.process, self.cookie = None, 0
        with ns.entered():
            self.ng = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ng.settimeout(0.5)

    def restart(self):
        """Starts it, or again without its calls."""
        if self.process:
            self.process.stop(5)
        self.process = Process(self.ns, self.log, *self.pin, *self.args)
        machine.prefer(self.process.child.pid)
        for _ in range(40):
            try:
                if b"pong" in self.ask({"command": "ping"}):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("rtpengine does not answer: " + self.process.text()[-500:])

    def command(self):
        return " ".join(self.args)

    def ask(self, what):
        self.cookie += 1
        cookie = b"%d " % self.cookie
        self.ng.sendto(cookie + bencode(what), ("127.0.0.1", NG_PORT))
        while True:
            answer = self.ng.recv(65536)
            if answer.startswith(cookie):
                return answer

    def _sdp(self, what):
        answer = self.ask(what)
        found = re.search(rb"m=audio (\d+) ", answer)
        if b"6:result2:ok" not in answer or not found:
            raise RuntimeError(f"rtpengine: {answer[:300]}")
        return int(found.group(1))

    def call(self, n, caller, callee):
        """Sets one up between (address, port) pairs; its ports towards caller and callee."""
        common = {"call-id": f"call{n}", "from-tag": f"from{n}", "ICE": "remove"}
        to_callee = self._sdp({**common, "command": "offer", "direction": ["near", "far"],
                               "sdp": SDP.format(ip=caller[0], port=caller[1])})
        to_caller = self._sdp({**common, "command": "answer", "to-tag": f"to{n}",
                               "sdp": SDP.format(ip=callee[0], port=callee[1])})
        return to_caller, to_callee

    def stop(self):
        self.ng.close()
        if self.process:
            self.process.stop(5)
