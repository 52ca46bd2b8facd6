# SPDX-License-Identifier: BSD-3-Clause
"""Our dataplane alone: started with given ports, held by bench_install."""
import json
import pathlib
import subprocess

from lab import BUILD, DATAPLANE, READY, Process

from . import machine
from .blasting import shown

INSTALL = BUILD / "tests/bench/bench_install"
LATENCY = BUILD / "tests/bench/bench_latency"


class Dataplane:
    """In a namespace. workers: their cpus. Ended by .stop()."""

    def __init__(self, ns, directory, ports, streams, workers=(machine.WORKER_CPU,), huge=True):
        self.ns, self.dir = ns, pathlib.Path(directory)
        self.socket = self.dir / "dataplane.sock"
        self.holder = None
        lcores = ",".join(str(cpu) for cpu in (machine.REST_CPU, *workers))
        self.args = [*[a for port in ports for a in ("--port", port)], "--workers", len(workers),
                     "--lcores", lcores, "--poll", "busy", "--streams", streams,
                     "--attach-socket", self.socket, "--file-prefix", ns.name, "--group", "root",
                     "--xdp-prog", BUILD / "dataplane/xdp/redirect.bpf.o",
                     "--huge", "on" if huge else "off"]
        self.process = Process(ns, self.dir / "dataplane.log", DATAPLANE, *self.args)
        self.process.wait_for(READY)
        machine.prefer(self.pid)

    @property
    def pid(self):
        return self.process.child.pid

    def command(self):
        ports = [a for a in self.args[:self.args.index("--workers")]]
        return "tidegate-dataplane " + shown(ports) + " --poll busy --workers " + str(
            self.args[self.args.index("--workers") + 1])

    def install(self, local, remote, count, flows, *more):
        """Gives it streams; the words that bench_install says when they are there, as a dict."""
        self.holder = subprocess.Popen(
            [str(a) for a in (INSTALL, self.socket, *local, *remote, count, flows, *more)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.holder.stdout.readline().split()
        if not ready or ready[0] != "ready":
            raise RuntimeError(f"bench_install: {ready}")
        return {k: float(v) for k, v in (word.split("=") for word in ready[1:])}

    def stats(self):
        """What the workers have counted so far."""
        self.holder.stdin.write("stats\n")
        self.holder.stdin.flush()
        return json.loads(self.holder.stdout.readline())

    def release(self):
        """The streams stay, the control plane goes."""
        if self.holder:
            self.holder.stdin.close()
            self.holder.wait(10)
            self.holder.stdout.close()
        self.holder = None

    def stop(self):
        try:
            self.release()
        finally:
            self.process.stop()


def delay_us(before, after, share):
    """Of a histogram of the workers' own delay: the end of the bucket below which so many are."""
    buckets = [sum(w["delay"][n] for w in after["workers"])
               - sum(w["delay"][n] for w in before["workers"]) for n in range(16)]
    total, seen = sum(buckets), 0
    for n, count in enumerate(buckets):
        seen += count
        if total and seen >= share * total:
            return 2 ** n
    return 0
