# SPDX-License-Identifier: BSD-3-Clause
"""Two workers. The network is made of TAPs of two queues each, so that the test says on which one,
and thus by which worker, a packet arrives. Needs root.

usage: test_workers.py DATAPLANE DP_CLIENT SCENARIO
"""
import fcntl
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

import test_dp
from test_dp import CARRIER, OPTIONS, PHONE, SBC_A, SBC_B, completed, listen, rtp, say, sh

TUNSETIFF = 0x400454ca
IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI = 0x0002, 0x0100, 0x1000
FAR_MAC = bytes([2, 0, 0, 0, 0, 9])
QUEUES = 2
STREAMS = 8
WINDOW = 64


class Taps:
    """The sbc's namespace; the far ends of its links are descriptors, one a queue."""

    def __init__(self):
        self.sbc = f"tgdpw{os.getpid()}-s"
        self.queues, self.mac = {}, {}

    def __enter__(self):
        sh(f"ip netns add {self.sbc} && ip -n {self.sbc} link set lo up")
        for iface, near in (("sa", SBC_A), ("sb", SBC_B)):
            self.queues[iface] = [self.open_queue(iface) for _ in range(QUEUES)]
            sh(f"ip netns exec {self.sbc} sysctl -qw net.ipv6.conf.{iface}.disable_ipv6=1")
            sh(f"ip -n {self.sbc} addr add {near}/24 dev {iface}")
            sh(f"ip -n {self.sbc} link set {iface} up")
            self.mac[iface] = self.mac_of(iface)
        return self

    def add_neighbours(self):
        """After boot: DPDK sets the MAC anew with a packet socket, and the kernel forgets them."""
        for iface, far in (("sa", PHONE), ("sb", CARRIER)):
            sh(f"ip -n {self.sbc} neigh replace {far} lladdr {FAR_MAC.hex(':')} nud permanent "
               f"dev {iface}")

    def __exit__(self, *_):
        for fds in self.queues.values():
            for fd in fds:
                os.close(fd)
        subprocess.run(["ip", "netns", "del", self.sbc], check=False)

    def open_queue(self, iface):
        with open("/proc/self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.sbc}", "rb") as there:
            assert test_dp.LIBC.setns(there.fileno(), test_dp.CLONE_NEWNET) == 0
            try:
                fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
                fcntl.ioctl(fd, TUNSETIFF, struct.pack(
                    "16sH22x", iface.encode(), IFF_TAP | IFF_MULTI_QUEUE | IFF_NO_PI))
            finally:
                assert test_dp.LIBC.setns(home.fileno(), test_dp.CLONE_NEWNET) == 0
        return fd

    def mac_of(self, iface):
        out = subprocess.run(["ip", "-n", self.sbc, "link", "show", iface], check=True,
                             capture_output=True, text=True).stdout
        return bytes.fromhex(out.split("link/ether ")[1][:17].replace(":", ""))

    def send(self, iface, queue, src, dst, payload):
        os.write(self.queues[iface][queue], self.mac[iface] + FAR_MAC + udp4(src, dst, payload))

    def read(self, iface, seconds=2.0):
        """The UDP datagrams that leave next: (source, destination, payload); [] after so long."""
        out, end = [], time.monotonic() + seconds
        while not out and time.monotonic() < end:
            ready, _, _ = select.select(self.queues[iface], [], [], end - time.monotonic())
            for fd in ready:
                out += read_frames(fd)
        return out


def read_frames(fd):
    out = []
    while True:
        try:
            frame = os.read(fd, 65536)
        except BlockingIOError:
            return out
        if frame[12:14] == b"\x08\x00" and frame[23] == socket.IPPROTO_UDP:
            out.append(read_udp4(frame[14:]))


def fold(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def udp4(src, dst, payload):
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0x4000, 64, 17, 0,
                     socket.inet_aton(src[0]), socket.inet_aton(dst[0]))
    ip = ip[:10] + struct.pack(">H", 0xffff - fold(ip)) + ip[12:]
    return b"\x08\x00" + ip + struct.pack(">HHHH", src[1], dst[1], 8 + len(payload), 0) + payload


def read_udp4(packet):
    assert fold(packet[:20]) == 0xffff, packet
    src, dst = (socket.inet_ntoa(packet[at:at + 4]) for at in (12, 16))
    sport, dport, length = struct.unpack(">HHH", packet[20:26])
    return (src, sport), (dst, dport), packet[28:20 + length]


class Side:
    """Where one side's peer sends from and to, and where what it sends leaves."""

    def __init__(self, i, is_phone):
        self.iface, self.far_iface = ("sa", "sb") if is_phone else ("sb", "sa")
        phone, carrier = (PHONE, 4000 + 2 * i), (CARRIER, 5000 + 2 * i)
        self.src = phone if is_phone else carrier
        self.far = carrier if is_phone else phone
        self.dst = (SBC_A, 20000 + 2 * i) if is_phone else (SBC_B, 30000 + 2 * i)
        self.far_src = (SBC_B, 30000 + 2 * i) if is_phone else (SBC_A, 20000 + 2 * i)
        self.ssrc = 1000 + 2 * i + is_phone
        self.seq = 0


def words_of(i, cookie):
    return (f"{cookie} 0 {SBC_A}:{20000 + 2 * i} {PHONE}:{4000 + 2 * i} "
            f"{SBC_B}:{30000 + 2 * i} {CARRIER}:{5000 + 2 * i}")


def check_sip(net, client):
    """SIP is punted by the worker it arrives on, and leaves by the one it is given to."""
    seen = set()
    for port in range(5070, 5086):
        net.send("sa", port % QUEUES, (PHONE, port), (SBC_A, 5060), OPTIONS)
        listen(client, 30)
        match = client.wait_line(r"punt .* remote=(\S+) bytes=\d+ worker=(\d)")
        assert match[1] == f"{PHONE}:{port}", match[0]
        seen.add(int(match[2]))
    assert seen == {0, 1}, seen
    for worker in (0, 1):
        text = f"SIP/2.0 {200 + worker} OK"
        say(client, f"sender {worker}", f"send {SBC_A}:5060 {PHONE}:5070 {text}")
        assert ((SBC_A, 5060), (PHONE, 5070), text.encode()) in net.read("sa")


def exchange(net, sides, queue_of, rounds):
    """Each side sends; every packet must leave, once, unchanged. Returns how many were sent."""
    total = 0
    for _ in range(rounds):
        wanted = {"sa": [], "sb": []}
        for _ in range(WINDOW // len(sides)):
            for side in sides:
                side.seq += 1
                packet = rtp(side.seq, side.ssrc)
                net.send(side.iface, queue_of(side), side.src, side.dst, packet)
                wanted[side.far_iface].append((side.far_src, side.far, packet))
                total += 1
        for iface, packets in wanted.items():
            got = []
            while len(got) < len(packets):
                more = net.read(iface)
                assert more, f"{len(packets) - len(got)} of {len(packets)} lost at {iface}"
                got += more
            assert sorted(got) == sorted(packets), "not what was sent"
    return total


class Churn(threading.Thread):
    """Adds and removes other streams until it is told to stop."""

    def __init__(self, client):
        super().__init__()
        self.client, self.rounds, self.enough = client, 0, threading.Event()

    def run(self):
        while not self.enough.is_set():
            say(self.client, "stream " + words_of(40 + self.rounds % 8, 1000 + self.rounds))
            index, generation = completed(self.client)
            say(self.client, f"remove {index} {generation}")
            completed(self.client)
            self.rounds += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.enough.set()
        self.join()


def check_stats(client, mode, total):
    say(client, "stats")
    stats = {k: int(v) for k, v in
             (w.split("=") for w in client.wait_line("stats (.*)")[1].split())}
    assert stats["media_relayed"] == total, stats
    assert stats["sip_punted"] == 16 and stats["sip_sent"] == 2, stats
    assert stats["tx_packets"] == total + 2, stats
    assert stats["rx_packets"] == stats["rx_worker0"] + stats["rx_worker1"], stats
    # A packet socket sees what is the kernel's, too.
    assert stats["rx_packets"] - stats["to_kernel"] == total + 16, stats
    assert mode == "off" or stats["to_kernel"] == 0, stats
    assert min(stats["rx_worker0"], stats["rx_worker1"]) > total / 10, stats
    assert not any(name.startswith("drop_") for name in stats), stats


def two_workers(lab, mode):
    net = lab.net
    dp = lab.boot(mode, "--workers", "2")
    net.add_neighbours()
    client, _ = lab.configure()
    check_sip(net, client)
    refs = []
    for i in range(STREAMS):
        say(client, "stream " + words_of(i, i + 1))
        refs.append(completed(client))
    sides = [Side(i, is_phone) for i in range(STREAMS) for is_phone in (True, False)]
    with Churn(client) as churn:
        # As a NIC does, a sender is kept on one queue; the two of a stream come by both.
        total = exchange(net, sides, lambda side: side.ssrc % QUEUES, 60)
        time.sleep(0.2)
    assert churn.rounds > 0
    each = total // len(sides)
    for index, _ in refs:
        say(client, f"counts {index}")
        line = client.wait_line(r"counts index=\d+ (.*)")[1]
        assert line == (f"packets0={each} relayed0={each}"
                        f" packets1={each} relayed1={each}"
                        f" unreachable0=0 unreachable1=0"), (each, line)
    check_stats(client, mode, total)
    client.stop()
    assert dp.stop() == 0, dp.lines


def workers_xdp(lab):
    two_workers(lab, "on")


def workers_packet(lab):
    two_workers(lab, "off")


if __name__ == "__main__":
    sys.exit(test_dp.main({"xdp": workers_xdp, "packet": workers_packet}, Taps))
