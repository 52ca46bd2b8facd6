# SPDX-License-Identifier: BSD-3-Clause
"""What the main lcore notices of streams while media flows: that a peer cannot be reached, that it
has moved to another link address, that it is not heard any more. Needs root.

usage: test_watch.py DATAPLANE DP_CLIENT SCENARIO
"""
import re
import sys
import threading
import time

import test_dp
from test_dp import CARRIER, SBC_B, Call, completed, listen, rtp, say, sh, stream_words

ONE_WAY, TWO_WAY, UNREACHABLE = 7, 8, 10
PACE_S = 0.02
GAP_MAX_S = 1.5  # the kernel is asked for one next hop once a second


class Talk(threading.Thread):
    """The phone speaks without a pause, whatever comes of it; notes when what was heard."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.stop = call, threading.Event()
        self.sent, self.heard = 0, []

    def run(self):
        due = time.monotonic()
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            self.sent += 1
            self.call.phone.send(rtp(self.sent, 1111))
            due += PACE_S

    def listen(self, seconds):
        end = time.monotonic() + seconds
        self.call.carrier.settimeout(0.1)
        while time.monotonic() < end:
            try:
                packet = self.call.carrier.recv(2048)
            except TimeoutError:
                continue
            self.heard.append((time.monotonic(), int.from_bytes(packet[2:4], "big")))

    def gap(self, since):
        """The longest time without a packet since then, which must be over."""
        times = [since] + [at for at, _ in self.heard if at > since]
        assert len(times) > 10, "media did not come back"
        return max(b - a for a, b in zip(times, times[1:]))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def begin(lab, mode, one_way_ms=0, keepalive_s=0):
    dp = lab.boot(mode)
    client, _ = lab.configure()
    say(client, "stream " + stream_words(7, 0) + f" {one_way_ms} {keepalive_s}")
    ref = completed(client)
    time.sleep(0.2)  # ARP
    call = Call(lab.net)
    call.exchange(20)
    return dp, client, ref, call


def end(dp, client, call):
    client.stop()
    call.close()
    assert dp.stop() == 0, dp.lines


def counts(client, ref):
    say(client, f"counts {ref[0]}")
    line = client.wait_line(r"counts index=\d+ (.*)")[1]
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}


def unreachable(lab):
    """J24: the carrier's socket is closed, then there again: told, counted, and media goes on."""
    dp, client, ref, call = begin(lab, "on")
    listen(client, 3000)
    with Talk(call) as talk:
        call.carrier.close()
        match = client.wait_line(rf"event type={UNREACHABLE} cookie=7 (.*)")
        assert match[1] == f"side=1 icmp=3/3 addr={CARRIER}:5000", match[0]
        time.sleep(1.0)
        call.carrier = lab.net.socket(lab.net.carrier, bind=(CARRIER, 5000))
        call.carrier.connect((SBC_B, 30000))
        opened = time.monotonic()
        talk.listen(1.0)
        assert talk.gap(opened) < 1.0, talk.gap(opened)
    client.wait_line("ok wait")
    told = [line for line in client.lines if f"type={UNREACHABLE}" in line]
    now = counts(client, ref)
    assert 1 <= len(told) <= 4, told
    assert now["unreachable1"] >= 1 and now["unreachable0"] == 0, now
    assert now["packets0"] == now["relayed0"], now
    end(dp, client, call)


def moved(lab, mode):
    """J24: the carrier has another link address, and says so by gratuitous ARP; then it is deleted
    from the kernel's table; then it moves silently, but speaks."""
    net = lab.net
    sh(f"ip netns exec {net.carrier} sysctl -qw net.ipv4.conf.eth0.arp_notify=1")
    dp, client, ref, call = begin(lab, mode)
    with Talk(call) as talk:
        talk.listen(0.5)
        at = time.monotonic()
        sh(f"ip -n {net.carrier} link set eth0 address 02:00:00:00:00:77")
        talk.listen(2.0)
        dp.wait_line(rf"neighbour-moved count=1 last={CARRIER} iface=sb mac=02:00:00:00:00:77")
        print(f"gratuitous ARP: gap {talk.gap(at):.3f} s")
        assert talk.gap(at) < GAP_MAX_S, talk.gap(at)

        at = time.monotonic()
        sh(f"ip -n {net.sbc} neigh del {CARRIER} dev sb")
        talk.listen(3.0)
        print(f"entry deleted: gap {talk.gap(at):.3f} s")
        assert talk.gap(at) < GAP_MAX_S, talk.gap(at)

        sh(f"ip netns exec {net.carrier} sysctl -qw net.ipv4.conf.eth0.arp_notify=0")
        at = time.monotonic()
        sh(f"ip -n {net.carrier} link set eth0 address 02:00:00:00:00:88")
        call.carrier.send(rtp(1, 2222))
        talk.listen(2.0)
        print(f"it speaks: gap {talk.gap(at):.3f} s")
        assert talk.gap(at) < GAP_MAX_S, talk.gap(at)
    say(client, "stats")
    stats = client.wait_line("stats .*")[0]
    assert "drop_no_neighbour=" in stats, stats
    now = counts(client, ref)
    lost = int(re.search(r"drop_no_neighbour=(\d+)", stats)[1])
    assert now["packets0"] == talk.sent + 20 and now["packets0"] - now["relayed0"] == lost, now
    print(f"sent {talk.sent}, heard {len(talk.heard)}, without a neighbour {lost}")
    end(dp, client, call)


def one_way(lab):
    """J16: within a second of its time, and which side."""
    dp, client, _, call = begin(lab, "on", 2000)
    listen(client, 6000)
    with Talk(call) as talk:
        began = time.monotonic()
        match = client.wait_line(rf"event type={ONE_WAY} cookie=7 (.*)")
        took = time.monotonic() - began
        assert match[1].startswith("side=1 heard=1 silent_ms="), match[0]
        # At most half a second late, and what a busy machine takes to run us.
        assert 1999 <= int(match[1].split("=")[-1]) < 3500, match[0]
        assert 1.8 < took < 4, took
        while not any(f"type={TWO_WAY}" in line for line in client.lines):
            assert time.monotonic() - began < 6
            call.carrier.send(rtp(1000 + talk.sent, 2222))
            time.sleep(PACE_S)
        client.wait_line(rf"event type={TWO_WAY} cookie=7 side=1")
    end(dp, client, call)


def keepalive(lab):
    """E26: a phone that is sent nothing gets an RTP header alone, in time and again."""
    dp, client, _, call = begin(lab, "on", 0, 4)
    call.phone.settimeout(6.0)
    at = time.monotonic()
    first = call.phone.recv(2048)
    took = time.monotonic() - at
    assert len(first) == 12 and first[:2] == bytes((0x80, 20)), first
    assert 2.8 < took < 5.0, took
    at = time.monotonic()
    second = call.phone.recv(2048)
    took = time.monotonic() - at
    assert 2.8 < took < 5.0, took
    assert second[8:] == first[8:] and second[2:4] != first[2:4], second
    call.exchange(20)
    say(client, "stats")
    stats = client.wait_line("stats .*")[0]
    assert " media_keepalives=2 " in stats, stats
    end(dp, client, call)


def moved_xdp(lab):
    moved(lab, "on")


def moved_packet(lab):
    moved(lab, "off")


if __name__ == "__main__":
    sys.exit(test_dp.main({"unreachable": unreachable, "moved-xdp": moved_xdp,
                           "moved-packet": moved_packet, "one-way": one_way,
                           "E26-keepalive": keepalive}))
