# SPDX-License-Identifier: BSD-3-Clause
"""The two generators: rtpblast over DPDK, blast over plain sockets."""
import json
import subprocess

from lab import BUILD
from netns import sh

from . import machine
from .search import Run

RTPBLAST = BUILD / "tools/rtpblast/rtpblast"
BLAST = BUILD / "tests/bench/blast"
SECONDS = 2
LITTLE = 20_000  # packets/s, each of which wakes the sink


def memif(socket, role, more=""):
    """A device string for one end of a memif pair."""
    return f"net_memif0,role={role},id=0,socket={socket},socket-abstract=no{more}"


def shown(command):
    """A command as one would type it."""
    return " ".join(str(c) for c in command)


class Rtpblast:
    """rtpblast with fixed arguments; .measure(rate) is one run."""

    def __init__(self, *args, ns=None, seconds=SECONDS):
        self.args = [RTPBLAST, *args, "--seconds", seconds, "--lcores", machine.SENDER_CPU,
                     "--json"]
        self.ns = ns

    def command(self, rate="RATE"):
        args = ["N" if before == "--echo" else arg
                for before, arg in zip(self.args, self.args[1:])]
        return shown([self.args[0].name, *args, "--rate", rate])

    def measure(self, rate):
        command = [*self.args, "--rate", rate]
        done = self.ns.run(*command, timeout=60) if self.ns else sh(*command, timeout=60)
        r = json.loads(done.stdout)
        return Run(rate, r["expected"], r["received"], r["sent_pps"], r["delay_p50_us"],
                   r["delay_p99_us"],
                   r["corrupted"] + r["misled"] + r["duplicated"] + r["reordered"])


class Sockets:
    """blast, both ends in one namespace: (local port, relay's address, relay's port) a flow.

    The sender never rests. Where it has little to do the sink that shares its core goes first: else
    what is measured as delay is the scheduler's slice.
    """

    def __init__(self, directory, ns, sender, sink, there, here):
        self.ns, self.sender, self.sink = ns, sender, sink
        self.there, self.here = directory / "sender.flows", directory / "sink.flows"
        for path, flows in ((self.there, there), (self.here, here)):
            path.write_text("".join(" ".join(map(str, flow)) + "\n" for flow in flows))

    @staticmethod
    def command():
        return f"blast send ADDRESS FLOWS RATE {SECONDS}; blast sink ADDRESS FLOWS 1"

    def measure(self, rate):
        on = ["taskset", "-c", machine.REST_CPU, BLAST]
        first = machine.at_once() if rate <= LITTLE else []
        sink = self.ns.popen(*first, *on, "sink", self.sink, self.here, 1,
                             stdout=subprocess.PIPE, text=True)
        try:
            sink.stdout.readline()
            send = self.ns.run(*on, "send", self.sender, self.there, rate, SECONDS).stdout.split()
            got = sink.stdout.readline().split()
            sink.wait(20)
        finally:
            sink.kill()
            sink.wait()
            sink.stdout.close()
        sent = int(send[1])
        return Run(rate, sent, int(got[1]), sent * 1000 / max(int(send[3]), 1), int(got[3]),
                   int(got[4]))
