# SPDX-License-Identifier: BSD-3-Clause
"""The peer that does next to nothing: dpdk-testpmd, which swaps addresses and sends back."""
import subprocess
import time

from . import machine
from .blasting import shown


class Testpmd:
    """One forwarding lcore on the worker's core."""

    def __init__(self, directory, device, name):
        self.args = ["dpdk-testpmd", "--lcores",
                     f"0@{machine.REST_CPU},1@{machine.WORKER_CPU}", "--main-lcore", 0,
                     "--in-memory", "--no-pci", "--no-telemetry", "--file-prefix", name, "-m", 128,
                     "--vdev", device, "--", "--forward-mode=5tswap", "--auto-start",
                     "--total-num-mbufs=8192", "--interactive"]
        self.log = open(directory / "testpmd.log", "wb")
        self.child = subprocess.Popen([str(a) for a in self.args], stdin=subprocess.PIPE,
                                      stdout=self.log, stderr=self.log)
        time.sleep(1.5)
        if self.child.poll() is not None:
            text = (directory / "testpmd.log").read_text(errors="replace")
            raise RuntimeError(f"dpdk-testpmd ended: {text[-1000:]}")

    def command(self):
        device = self.args.index("--vdev")
        return shown([self.args[0], *self.args[1:3], "--vdev", self.args[device + 1], "--",
                      "--forward-mode=5tswap", "--auto-start"])

    def stop(self):
        if self.child.poll() is None:
            try:
                self.child.communicate(b"quit\n", timeout=10)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.log.close()
