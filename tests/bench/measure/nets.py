# SPDX-License-Identifier: BSD-3-Clause
"""The networks the relay is measured in."""
import pathlib
import shutil
import tempfile

from netns import Namespace, join

# Side 0 and side 1: the relay's addresses and the far ends'. The generators hold the far ends.
LOCAL, REMOTE = ("10.10.0.1", "10.10.1.1"), ("198.18.0.1", "198.19.0.1")
ADDRESSES = 2  # a side, of 50,000 streams each
HOP, HOP_MAC = "10.10.255.254", "02:00:00:00:00:99"


class Net:
    """Namespaces and a folder; gone after .close(), also when they could not all be made."""

    def __init__(self, name):
        self.name, self.namespaces = name, []
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-"))
        try:
            self.build()
        except BaseException:
            self.close()
            raise

    def namespace(self, suffix):
        ns = Namespace(f"{self.name}-{suffix}")
        self.namespaces.append(ns)
        return ns

    def close(self):
        for ns in self.namespaces:
            ns.delete()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def mac_of(ns, interface):
    return ns.run("cat", f"/sys/class/net/{interface}/address").stdout.strip()


class MemifNet(Net):
    """A relay whose only port is a memif; the kernel's side of it bears addresses and next hop."""

    def build(self):
        self.sbc = self.namespace("sbc")
        self.socket = self.dir / "memif.sock"
        self.sbc.ip("link", "add", "m0", "type", "veth", "peer", "name", "m1")
        for first in LOCAL:
            for n in range(ADDRESSES):
                head, last = first.rsplit(".", 1)
                self.sbc.ip("address", "add", f"{head}.{int(last) + n}/16", "dev", "m0")
        for link in ("m0", "m1"):
            self.sbc.ip("link", "set", link, "up")
        self.sbc.ip("neighbour", "add", HOP, "lladdr", HOP_MAC, "nud", "permanent", "dev", "m0")
        self.sbc.ip("route", "add", "198.18.0.0/15", "via", HOP)
        self.mac = mac_of(self.sbc, "m0")

    def port(self, device):
        return f"iface=m0,kernel=follow,device={device}"


class VethNet(Net):
    """far: a0, b0; sbc: a1, b1. Side 0 of each stream is a, side 1 is b."""
    LOCAL, REMOTE = ("198.18.0.254", "198.19.0.254"), REMOTE

    def build(self):
        self.far, self.sbc = self.namespace("far"), self.namespace("sbc")
        for link, remote, local in zip("ab", self.REMOTE, self.LOCAL):
            join(self.far, f"{link}0", f"{remote}/24", self.sbc, f"{link}1", f"{local}/24")
        # AF_XDP takes all there is on a link, ARP too
        for link, remote, local in zip("ab", self.REMOTE, self.LOCAL):
            for ns, end, other, address in ((self.far, 0, 1, local), (self.sbc, 1, 0, remote)):
                peer = self.sbc if ns is self.far else self.far
                ns.ip("neighbour", "replace", address, "lladdr", mac_of(peer, f"{link}{other}"),
                      "nud", "permanent", "dev", f"{link}{end}")

    def ports(self):
        return [f"iface={link}1" for link in "ab"]

    def devices(self):
        """The relay's ends for another DPDK program, as ours opens them."""
        return [f"net_af_xdp{n},iface={link}1,busy_budget=0" for n, link in enumerate("ab")]

    def rtpblast_ports(self):
        """The far ends over AF_XDP, as rtpblast's arguments."""
        out = []
        for n, link in enumerate("ab"):
            out += ["--port", f"net_af_xdp{n},iface={link}0,busy_budget=0",
                    "--mac-to", mac_of(self.sbc, f"{link}1")]
        return out
