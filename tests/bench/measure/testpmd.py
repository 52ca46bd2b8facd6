# SPDX-License-Identifier: BSD-3-Clause
"""The peer that does next to nothing: dpdk-testpmd, which swaps addresses and sends back."""
import subprocess
import time

from . import machine
from .blasting import shown


# As our own dataplane has them.
RING = 2048
MBUFS = 5 * RING
MEMORY_MB = 128


class Testpmd:
    """One forwarding lcore on the worker's core, with these devices, in a namespace or here."""

    def __init__(self, directory, devices, name, ns=None):
        vdevs = [a for device in devices for a in ("--vdev", device)]
        self.args = ["dpdk-testpmd", "--lcores",
                     f"0@{machine.REST_CPU},1@{machine.WORKER_CPU}", "--main-lcore", 0,
                     "--in-memory", "--no-pci", "--no-telemetry", "--file-prefix", name,
                     "-m", MEMORY_MB, *vdevs, "--", "--forward-mode=5tswap",
                     "--port-topology=loop", "--auto-start", f"--rxd={RING}", f"--txd={RING}",
                     f"--total-num-mbufs={MBUFS * len(devices)}", "--interactive"]
        self.shown = [*self.args[:3], *vdevs, "--", "--forward-mode=5tswap",
                      "--port-topology=loop", "--auto-start"]
        self.log = open(directory / "testpmd.log", "wb")
        args = ns.command(*self.args) if ns else self.args
        self.child = subprocess.Popen([str(a) for a in args], stdin=subprocess.PIPE,
                                      stdout=self.log, stderr=self.log)
        machine.prefer(self.child.pid)
        time.sleep(2)
        if self.child.poll() is not None:
            text = (directory / "testpmd.log").read_text(errors="replace")
            raise RuntimeError(f"dpdk-testpmd ended: {text[-1000:]}")

    def command(self):
        return shown(self.shown)

    def stop(self):
        if self.child.poll() is None:
            try:
                self.child.communicate(b"quit\n", timeout=10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()
