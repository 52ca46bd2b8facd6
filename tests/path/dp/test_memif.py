# SPDX-License-Identifier: BSD-3-Clause
"""The dataplane on a device that the kernel does not see: memif, whose far end is rtpblast. Needs
root.

usage: test_memif.py DATAPLANE DP_CLIENT SCENARIO RTPBLAST

    rtpblast, phones and carriers ── memif ── dataplane ── tap0 of the sbc's kernel
"""
import json
import subprocess
import sys
import time

import test_dp
from test_dp import CARRIER, PHONE, SBC_A, SBC_B, Process, completed, say, sh
from test_workers import Churn

QUEUES = 2
STREAMS = 39
RATE, SECONDS = 10000, 3
FAR_MAC = "02:00:00:00:00:09"
SIX = {SBC_A: "fd81:1::1", PHONE: "fd81:1::2", SBC_B: "fd81:2::1", CARRIER: "fd81:2::2"}


class Spaces(test_dp.Net):
    """Two namespaces, and nothing in them."""

    def __enter__(self):
        for ns in (self.sbc, self.phone):
            sh(f"ip netns add {ns} && ip -n {ns} link set lo up")
        return self

    def __exit__(self, *_):
        for ns in (self.sbc, self.phone):
            subprocess.run(["ip", "netns", "del", ns], check=False)


def boot(lab, *options):
    path = f"{lab.socket}.memif"
    device = f"net_memif0,role=server,id=0,rsize=12,socket={path},socket-abstract=no"
    dp = Process(lab.command("--port", f"iface=tap0,device={device}", *options), "stderr")
    lab.children.append(dp)
    dp.wait_line(" ready .* ports=tap0:device ", test_dp.BOOT_S)
    return dp, path


def add_addresses(net):
    for near, far in ((SBC_A, PHONE), (SBC_B, CARRIER)):
        sh(f"ip -n {net.sbc} addr add {near}/24 dev tap0 && "
           f"ip -n {net.sbc} addr add {SIX[near]}/64 dev tap0 nodad && "
           f"ip -n {net.sbc} neigh replace {far} lladdr {FAR_MAC} nud permanent dev tap0 && "
           f"ip -n {net.sbc} neigh replace {SIX[far]} lladdr {FAR_MAC} nud permanent dev tap0")
    out = subprocess.run(["ip", "-n", net.sbc, "link", "show", "tap0"], check=True,
                         capture_output=True, text=True).stdout
    return out.split("link/ether ")[1][:17]


def write(address, port, six):
    return f"[{SIX[address]}]:{port}" if six else f"{address}:{port}"


def addresses(i):
    """Of one stream: the legs are IPv4, IPv6, or one of each."""
    six_a, six_b = ((False, False), (True, True), (False, True))[i % 3]
    return (write(SBC_A, 20000 + 2 * i, six_a), write(PHONE, 4000 + 2 * i, six_a),
            write(SBC_B, 30000 + 2 * i, six_b), write(CARRIER, 5000 + 2 * i, six_b))


def flows(i):
    """Both directions; which of them comes by the first queue changes with the stream."""
    near_a, far_a, near_b, far_b = addresses(i)
    lines = [f"{far_a} {near_a} {near_b} {far_b}", f"{far_b} {near_b} {near_a} {far_a}"]
    return lines if i % 2 == 0 else lines[::-1]


def run_blast(lab, path, mac, queues, options):
    command = ["ip", "netns", "exec", lab.net.sbc, sys.argv[4], "--port",
               f"net_memif0,role=client,id=0,rsize=12,socket={path},socket-abstract=no",
               "--mac-to", mac, "--mac-from", FAR_MAC, "--queues", str(queues), "--huge", "off",
               "--file-prefix", lab.net.sbc + "-blast", "--warm-up", "0", "--drain", "500",
               "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stats_of(client):
    say(client, "stats")
    return {k: int(v) for k, v in
            (w.split("=") for w in client.wait_line("stats (.*)")[1].split())}


def check_delay(stats, total):
    """Each relayed packet is in the histogram. How long they took is no matter of a test, whose
    workers have no cores of their own: tools/bench prints it."""
    delays = [stats[f"delay{n}"] for n in range(16)]
    assert sum(delays) == total, delays


def check_counters(client, refs, total):
    stats = stats_of(client)
    assert stats["media_relayed"] == total, (total, stats)
    assert stats["rx_packets"] == stats["rx_worker0"] + stats["rx_worker1"], stats
    assert stats["rx_packets"] == total + stats["to_kernel"], stats
    assert stats["tx_packets"] >= total, stats
    assert min(stats["rx_worker0"], stats["rx_worker1"]) > 0.45 * total, stats
    # No media: all of it was seen at the far end. What the kernel sends after that one has left.
    stats.pop("drop_tx_full", None)
    assert not any(name.startswith("drop_") for name in stats), stats
    check_delay(stats, total)
    each = []
    for index, _ in refs:
        say(client, f"counts {index}")
        words = client.wait_line(r"counts index=\d+ (.*)")[1].split()
        count = {k: int(v) for k, v in (w.split("=") for w in words)}
        for side in (0, 1):
            assert count[f"packets{side}"] == count[f"relayed{side}"], words
            each.append(count[f"packets{side}"])
    assert sum(each) == total and max(each) - min(each) <= 1, (total, each)


def test_J1_two_workers_lose_nothing(lab):
    """Two queues, two workers; each packet arrives once and is counted once while streams come
    and go beside them."""
    dp, path = boot(lab, "--workers", str(QUEUES))
    mac = add_addresses(lab.net)
    client, _ = lab.configure()
    for number, near in ((2, SBC_A), (3, SBC_B)):
        say(client, f"pool {number} {SIX[near]} {number * 10000} {number * 10000 + 100}")
        completed(client)
    refs = []
    list_path = f"{lab.socket}.flows"
    with open(list_path, "w", encoding="ascii") as out:
        for i in range(STREAMS):
            say(client, f"stream {i + 1} 0 " + " ".join(addresses(i)))
            refs.append(completed(client))
            out.write("".join(line + "\n" for line in flows(i)))
    time.sleep(0.2)
    with Churn(client) as churn:
        seen = run_blast(lab, path, mac, QUEUES, ["--flows", list_path, "--rate", str(RATE),
                                                  "--seconds", str(SECONDS), "--payload-type", "0"])
    assert churn.rounds > 0
    assert seen["sent"] > RATE * SECONDS / 2, seen
    assert seen["received"] == seen["expected"] == seen["sent"], seen
    for bad in ("lost", "duplicated", "reordered", "corrupted", "misled", "refused"):
        assert seen[bad] == 0, seen
    # One packet of each flow went ahead.
    check_counters(client, refs, seen["sent"] + 2 * STREAMS)
    client.stop()
    assert dp.stop() == 0, dp.lines


def has_carrier(net):
    out = subprocess.run(["ip", "-n", net.sbc, "link", "show", "tap0"], check=True,
                         capture_output=True, text=True).stdout
    return "NO-CARRIER" not in out


def await_carrier(net, wanted):
    end = time.monotonic() + 5
    while has_carrier(net) != wanted:
        assert time.monotonic() < end, f"carrier is not {wanted}"
        time.sleep(0.05)


def kernel_by_tap(lab):
    """ARP, ping, TCP and UDP that is not ours work over the device. Its far end is a dataplane of
    its own, whose TAP is the phone."""
    dp, path = boot(lab)
    net = lab.net
    assert not has_carrier(net)
    client, _ = lab.configure()
    far = Process(["ip", "netns", "exec", net.phone, lab.binary, "--huge", "off",
                   "--attach-socket", lab.socket + "-far", "--group", "root", "--file-prefix",
                   net.phone, "--port", "iface=tap0,device=net_memif0,role=client,id=0,rsize=12,"
                   f"socket={path},socket-abstract=no"], "stderr")
    lab.children.append(far)
    far.wait_line(" ready ", test_dp.BOOT_S)
    sh(f"ip -n {net.sbc} addr add {SBC_A}/24 dev tap0")
    sh(f"ip -n {net.phone} addr add {PHONE}/24 dev tap0")
    await_carrier(net, True)
    test_dp.check_kernel(net)
    phone = net.socket(net.phone, bind=(PHONE, 5070))
    phone.sendto(test_dp.OPTIONS, (SBC_A, 5060))
    test_dp.listen(client, 100)
    client.wait_line(rf"punt .* remote={PHONE}:5070 ")
    say(client, f"send {SBC_A}:5060 {PHONE}:5070 SIP/2.0 200 OK")
    assert phone.recv(100) == b"SIP/2.0 200 OK"
    # What we send in fragments a kernel behind such a port puts together.
    say(client, f"big {SBC_A}:5060 {PHONE}:5070 4000")
    assert phone.recv(65536) == b"x" * 4000
    phone.close()
    assert far.stop() == 0, far.lines
    await_carrier(net, False)
    assert stats_of(client)["to_kernel"] > 5
    client.stop()
    assert dp.stop() == 0, dp.lines


def followed(lab):
    """kernel=follow takes an interface that is there, and nothing but its addresses."""
    device = f"net_memif0,role=server,id=0,socket={lab.socket}.memif,socket-abstract=no"
    port = ("--port", f"iface=tap0,device={device}")
    sh(f"ip -n {lab.net.sbc} link add tap0 type veth peer name peer0")
    test_dp.refused(lab, ["tap0", "is no TAP", "kernel=follow"], *port)
    test_dp.refused(lab, ["nosuch", "does not exist"], "--port",
                    f"iface=nosuch,kernel=follow,device={device}")
    test_dp.refused(lab, ["net_nosuch", "DPDK does not start"], "--port",
                    "iface=t,device=net_nosuch0")
    test_dp.refused(lab, ["net_memif0", "device once"], *port, "--port",
                    f"iface=t,device={device}")
    dp = Process(lab.command("--port", f"iface=tap0,kernel=follow,device={device}"), "stderr")
    lab.children.append(dp)
    dp.wait_line(" ready ", test_dp.BOOT_S)
    test_dp.refused(lab, ["tap0 is in use"], *port, "--attach-socket", lab.socket + "2")
    assert dp.stop() == 0, dp.lines


SCENARIOS = {"test_J1_two_workers_lose_nothing": test_J1_two_workers_lose_nothing,
             "kernel-by-tap": kernel_by_tap, "followed": followed}

if __name__ == "__main__":
    sys.exit(test_dp.main(SCENARIOS, Spaces))
