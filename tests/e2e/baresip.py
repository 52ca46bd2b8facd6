# SPDX-License-Identifier: BSD-3-Clause
"""A baresip in a namespace: a telephone that talks and listens, told what to do by its control
connection."""
import json
import re
import socket
import time
import wave

from lab import Process
from netns import sh

NUMBER = "+442079460123"  # of the carrier's
TONES = 440, 880  # what two say, that they are told apart

CONFIG = """\
poll_method epoll
sip_listen {address}:5060
audio_path /usr/share/baresip
audio_player aubridge,heard
audio_source ausine,{tone_hz}
audio_alert aubridge,alert
ausrc_srate 48000
ausrc_channels 2
auplay_srate 48000
rtp_ports 20000-20100
rtcp_mux no
jitter_buffer_delay 1-5
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {address}:4444
snd_path {wav}
"""


class Baresip:
    """One process, until close().

    ns, address: where it listens, at port 5060. user: whom it takes calls for, which it answers at
    once. tone_hz: what it says. directory: its files, and what it heard once a call is over.
    account: its address and parameters, where it registers.
    """

    def __init__(self, ns, address, user, tone_hz, directory, account=None):
        self.ns, self.address, self.name = ns, address, f"baresip {user}"
        self.wav = directory / "wav"
        self.wav.mkdir(parents=True)
        (directory / "config").write_text(
            CONFIG.format(address=address, tone_hz=tone_hz, wav=self.wav))
        account = account or f"<sip:{user}@{address}>;regint=0"
        (directory / "accounts").write_text(f"{account};answermode=auto;audio_codecs=PCMA\n")
        (directory / "contacts").write_text("")
        self.sock, self.text, self.events = None, b"", []
        self.process = Process(ns, directory / "baresip.log", "baresip", "-f", directory, "-v")
        try:
            self.process.wait_for(r"baresip is ready", 60)
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self):
        with self.ns.entered():
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect((self.address, 4444))

    def close(self):
        if self.sock:
            self.sock.close()
        self.process.stop()

    def receive(self, seconds):
        """The next thing it says, or None."""
        deadline = time.monotonic() + seconds
        while True:
            size, colon, rest = self.text.partition(b":")
            if colon and len(rest) > int(size):
                self.text = rest[int(size) + 1:]
                return json.loads(rest[:int(size)])
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.sock.settimeout(left)
            try:
                piece = self.sock.recv(65536)
            except TimeoutError:
                return None
            if not piece:
                raise RuntimeError(f"{self.name} ended:\n{self.process.text()[-3000:]}")
            self.text += piece

    def tell(self, command, params=""):
        """Runs one of its commands; what it answers."""
        said = json.dumps({"command": command, "params": params}).encode()
        self.sock.sendall(b"%d:%s," % (len(said), said))
        while True:
            message = self.receive(30)
            assert message is not None, f"{self.name} does not answer {command}"
            if "response" in message:
                assert message["ok"], message
                return message["data"]
            self.events.append(message)

    def expect(self, event, seconds=30):
        """Waits for an event of that type; what came before it is dropped."""
        deadline = time.monotonic() + seconds
        while True:
            message = self.events.pop(0) if self.events else \
                self.receive(deadline - time.monotonic())
            assert message is not None, f"{self.name}: no {event}\n{self.process.text()[-3000:]}"
            if message["type"] == event:
                return message

    def heard_hz(self):
        """The tone it heard in the middle of each of its calls, by what it wrote down."""
        return [tone_of(path) for path in sorted(self.wav.glob("dump-*-dec.wav"))]


def tone_of(path):
    """The tone in the middle of a recording, by sox."""
    with wave.open(str(path)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    assert seconds >= 1, f"{path.name} is {seconds:.1f} s long"
    said = sh("sox", path, "-n", "trim", f"{seconds / 2 - 0.3:.2f}", "0.6", "stat").stderr
    return int(re.search(r"Rough +frequency: +(\d+)", said).group(1))


def call(caller, uri, callee):
    caller.tell("dial", uri)
    for one in (caller, callee):
        one.expect("CALL_ESTABLISHED")


def hang_up(one, other, tidegate):
    one.tell("hangup")
    other.expect("CALL_CLOSED")
    stats = tidegate.settled(20)
    assert stats["calls"] == 0 and stats["streams"] == 0, stats


def sides(tidegate):
    """The sides of the only stream."""
    streams = tidegate.ask("show", "streams", "0")["streams"]
    assert len(streams) == 1
    return streams[0]["side"]


def await_flow(tidegate, seconds=30):
    """Waits until both are heard for a while."""
    deadline, before = time.monotonic() + seconds, [s["packets"] for s in sides(tidegate)]
    while any(now["packets"] < then + 50 for now, then in zip(sides(tidegate), before)):
        assert time.monotonic() < deadline, sides(tidegate)
        time.sleep(0.1)


def await_directions(tidegate, wanted, seconds=30):
    """Waits until what is received of both sides is as wanted."""
    deadline = time.monotonic() + seconds
    while [s["receive"] for s in sides(tidegate)] != wanted:
        assert time.monotonic() < deadline, sides(tidegate)
        time.sleep(0.1)


def check_heard(baresips):
    """Each heard the other's tone. sox counts roughly."""
    for one, tone in zip(baresips, reversed(TONES)):
        heard = one.heard_hz()
        assert heard and all(abs(hz - tone) < tone / 10 for hz in heard), (heard, tone)
