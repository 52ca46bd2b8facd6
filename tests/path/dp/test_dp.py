# SPDX-License-Identifier: BSD-3-Clause
"""The dataplane process in a network of its own, driven by dp_client. Needs root.

usage: test_dp.py DATAPLANE DP_CLIENT SCENARIO

    phone  10.81.1.2 ── 10.81.1.1  sbc  10.81.2.1 ── 10.81.2.2  carrier
"""
import ctypes
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
SHM_H = pathlib.Path(__file__).parents[3] / "include/tidegate/shm.h"
ABI = int(re.search(r"define TG_ABI_VERSION (\d+)u", SHM_H.read_text("ascii"))[1])
BOOT_S = 20
PHONE, SBC_A, SBC_B, CARRIER = "10.81.1.2", "10.81.1.1", "10.81.2.1", "10.81.2.2"
CONFIG = ["begin", f"listener 0 {SBC_A}:5060", f"pool 0 {SBC_A} 20000 20100",
          f"pool 1 {SBC_B} 30000 30100", "end"]
OPTIONS = b"OPTIONS sip:x SIP/2.0\r\nCall-ID: a-call\r\n\r\n"


def sh(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Net:
    """Three namespaces with names of this process."""

    def __init__(self):
        tag = f"tgdp{os.getpid()}"
        self.phone, self.sbc, self.carrier = f"{tag}-p", f"{tag}-s", f"{tag}-c"

    def __enter__(self):
        for ns in (self.phone, self.sbc, self.carrier):
            sh(f"ip netns add {ns} && ip -n {ns} link set lo up")
        self.join("sa", SBC_A, self.phone, PHONE)
        self.join("sb", SBC_B, self.carrier, CARRIER)
        return self

    def join(self, iface, near, ns, far):
        sbc = self.sbc
        sh(f"ip -n {sbc} link add {iface} type veth peer name eth0 netns {ns}")
        for where, name, addr in ((sbc, iface, near), (ns, "eth0", far)):
            sh(f"ip -n {where} addr add {addr}/24 dev {name}")
            sh(f"ip -n {where} link set {name} up")
            sh(f"ip netns exec {where} ethtool -K {name} tx off rx off")
        sh(f"ip -n {ns} route add default via {near}")

    def __exit__(self, *_):
        for ns in (self.phone, self.sbc, self.carrier):
            subprocess.run(["ip", "netns", "del", ns], check=False)

    def socket(self, ns, kind=socket.SOCK_DGRAM, bind=None, timeout=2.0):
        """A socket that lives in ns."""
        with open("/proc/self/ns/net", "rb") as home, \
                open(f"/run/netns/{ns}", "rb") as there:
            assert LIBC.setns(there.fileno(), CLONE_NEWNET) == 0
            try:
                sock = socket.socket(socket.AF_INET, kind)
            finally:
                assert LIBC.setns(home.fileno(), CLONE_NEWNET) == 0
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(timeout)
        if bind is not None:
            sock.bind(bind)
        return sock


class Process:
    """A child whose output lines are kept; wait_line looks at those not yet looked at."""

    def __init__(self, command, stream):
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, text=True, bufsize=1,
                                      **{stream: subprocess.PIPE})
        self.lines, self.seen, self.changed = [], 0, threading.Condition()
        self.ended = False
        threading.Thread(target=self.read, args=(getattr(self.child, stream),),
                         daemon=True).start()

    def read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify()
        with self.changed:
            self.ended = True
            self.changed.notify()

    def wait_line(self, pattern, seconds=5.0):
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                while self.seen < len(self.lines):
                    self.seen += 1
                    match = re.search(pattern, self.lines[self.seen - 1])
                    if match:
                        return match
                left = end - time.monotonic()
                if left <= 0 or self.ended:
                    raise AssertionError(f"no line {pattern!r} in:\n" + "\n".join(self.lines))
                self.changed.wait(left)

    def stop(self, signum=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(signum)
        try:
            return self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise


class Lab:
    def __init__(self, dataplane, client, net, folder):
        self.binary, self.client_binary, self.net = dataplane, client, net
        self.socket = f"{folder}/dp.sock"
        self.children = []

    def command(self, *options):
        return ["ip", "netns", "exec", self.net.sbc, self.binary, "--huge", "off",
                "--attach-socket", self.socket, "--group", "root",
                "--file-prefix", self.net.sbc, *options]

    def boot(self, mode, *options):
        dp = Process(self.command("--port", f"iface=sa,xdp={mode}", "--port",
                                  f"iface=sb,xdp={mode}", *options), "stderr")
        self.children.append(dp)
        dp.wait_line(" ready ", BOOT_S)
        return dp

    def attach(self, *options):
        client = Process([self.client_binary, self.socket, *options], "stdout")
        self.children.append(client)
        return client

    def configure(self):
        client = self.attach()
        epoch = int(client.wait_line(r"attached epoch=(\d+)")[1])
        say(client, *CONFIG)
        for _ in CONFIG:
            completed(client)
        return client, epoch

    def end(self):
        for child in self.children:
            if child.child.poll() is None:
                child.child.kill()
            child.child.wait()


def say(client, *words):
    for word in words:
        client.child.stdin.write(word + "\n")
    client.child.stdin.write("wait 50\n")
    client.child.stdin.flush()


def listen(client, milliseconds):
    client.child.stdin.write(f"wait {milliseconds}\n")
    client.child.stdin.flush()


def completed(client, status=0):
    pattern = r"completion .* status=(-?\d+) index=(\d+) generation=(\d+)"
    try:
        match = client.wait_line(pattern, 0.5)
    except AssertionError:  # the machine is busy: the client has stopped listening too early
        listen(client, 4000)
        match = client.wait_line(pattern)
    assert int(match[1]) == status, f"{match[0]}: wanted status {status}"
    return int(match[2]), int(match[3])


def stream_words(cookie, idle_ms):
    return (f"{cookie} {idle_ms} {SBC_A}:20000 {PHONE}:4000 {SBC_B}:30000 {CARRIER}:5000")


def rtp(seq, ssrc):
    return struct.pack(">BBHII", 0x80, 0, seq & 0xffff, seq * 160, ssrc) + bytes(160)


class Call:
    """Both ends of one stream."""

    def __init__(self, net):
        self.phone = net.socket(net.phone, bind=(PHONE, 4000))
        self.carrier = net.socket(net.carrier, bind=(CARRIER, 5000))
        # Connected, so that an ICMP error about a packet of ours shows.
        self.phone.connect((SBC_A, 20000))
        self.carrier.connect((SBC_B, 30000))
        self.seq = 0

    def exchange(self, count):
        """Every packet must arrive, both ways, unchanged."""
        for _ in range(count):
            self.seq += 1
            for sender, receiver, ssrc in ((self.phone, self.carrier, 1111),
                                           (self.carrier, self.phone, 2222)):
                sender.send(rtp(self.seq, ssrc))
                assert receiver.recv(2048) == rtp(self.seq, ssrc)

    def close(self):
        self.phone.close()
        self.carrier.close()


def check_kernel(net):
    """Ping, TCP and UDP that is not ours stay the kernel's."""
    sh(f"ip netns exec {net.phone} ping -c 1 -W 2 {SBC_A}")
    server = net.socket(net.sbc, socket.SOCK_STREAM, (SBC_A, 22))
    server.listen()
    client = net.socket(net.phone, socket.SOCK_STREAM)
    client.connect((SBC_A, 22))
    accepted, _ = server.accept()
    client.sendall(b"ssh")
    assert accepted.recv(8) == b"ssh"
    other = net.socket(net.sbc, bind=(SBC_A, 5061))
    sender = net.socket(net.phone)
    sender.sendto(b"not ours", (SBC_A, 5061))
    assert other.recv(100) == b"not ours"
    for sock in (server, client, accepted, other, sender):
        sock.close()


def check_sip(net, client):
    phone = net.socket(net.phone, bind=(PHONE, 5070))
    phone.connect((SBC_A, 5060))
    phone.send(OPTIONS)
    listen(client, 100)
    match = client.wait_line(r"punt trust=0 listener=0 local=(\S+) remote=(\S+) bytes=(\d+)")
    assert match.groups() == (f"{SBC_A}:5060", f"{PHONE}:5070", str(len(OPTIONS))), match[0]
    say(client, f"send {SBC_A}:5060 {PHONE}:5070 SIP/2.0 200 OK",
        f"big {SBC_A}:5060 {PHONE}:5070 4000")
    # the first may be held until its next hop is known, while the second finds it known already
    assert {phone.recv(65536) for _ in range(2)} == {b"SIP/2.0 200 OK", b"x" * 4000}
    phone.send(b"\r\n\r\n")
    assert phone.recv(100) == b"\r\n"
    phone.close()


def admission(lab):
    """Who may send SIP changes while the dataplane runs: bans with their end, patterns, peers."""
    dp = lab.boot("on")
    client, _ = lab.configure()
    phone = lab.net.socket(lab.net.phone, bind=(PHONE, 5070))
    other = lab.net.socket(lab.net.phone, bind=(PHONE, 5071))

    counts = {"sip_punted": 0}

    def send(sock, text, want):
        """want: the trust it is punted with, or the drop that is counted."""
        sock.sendto(text, (SBC_A, 5060))
        time.sleep(0.1)
        word = "sip_punted" if isinstance(want, int) else f"drop_{want}"
        counts[word] = counts.get(word, 0) + 1
        if isinstance(want, int):
            listen(client, 50)
            client.wait_line(f"punt trust={want} .*remote={PHONE}:5070")
        say(client, "stats")
        stats = dict(w.split("=") for w in client.wait_line("stats (.*)")[1].split())
        assert {key: int(stats[key]) for key in counts} == counts, (counts, stats)

    def tell(words, status=0):
        say(client, words)
        completed(client, status)

    scan = OPTIONS.replace(b"\r\n", b"\r\nUser-Agent: Friendly-Scanner\r\n", 1)
    send(phone, scan, 0)
    tell("pattern 7 friendly-scanner")
    send(phone, scan, "sip_scanner")
    assert any(f"scanner pattern=7 dropped=1 addr={PHONE}:5070" in line
               for line in client.lines), client.lines
    send(phone, OPTIONS, 0)
    tell(f"ban {PHONE} 1500")
    send(phone, OPTIONS, "sip_banned")
    phone.sendto(b"\r\n\r\n", (SBC_A, 5060))
    phone.settimeout(0.3)
    try:
        assert not phone.recv(100), "a ban is silent"
    except TimeoutError:
        counts["drop_sip_banned"] += 1
    time.sleep(1.5)
    send(phone, OPTIONS, 0)
    tell(f"ban {PHONE} 0")
    tell(f"register {PHONE}:5070 0")
    send(phone, scan, 1)
    send(other, OPTIONS, "sip_banned")
    tell(f"unpeer {PHONE}:5070")
    send(phone, OPTIONS, "sip_banned")
    tell(f"unpeer {PHONE}")
    tell(f"unpeer {PHONE}", -2)
    send(phone, OPTIONS, 0)
    tell("pattern 64 abc", -22)
    phone.close()
    other.close()
    client.stop()
    assert dp.stop() == 0


def kernel_hears_sip(net, seconds):
    """Whether a socket of the kernel gets what is sent to the listener's address."""
    server = net.socket(net.sbc, bind=(SBC_A, 5060), timeout=0.2)
    phone = net.socket(net.phone)
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            phone.sendto(OPTIONS, (SBC_A, 5060))
            try:
                return server.recv(2048) == OPTIONS
            except TimeoutError:
                continue
        return False
    finally:
        server.close()
        phone.close()


def left_on(net):
    """What of ours is attached to the sbc's interfaces."""
    out = ""
    for iface in ("sa", "sb"):
        out += subprocess.run(["ip", "-n", net.sbc, "-d", "link", "show", iface], check=True,
                              capture_output=True, text=True).stdout
        out += subprocess.run(["tc", "-n", net.sbc, "filter", "show", "dev", iface, "ingress"],
                              check=False, capture_output=True, text=True).stdout
    return [name for name in ("tg_redirect", "tg_guard") if name in out]


def relay(lab, mode):
    dp = lab.boot(mode)
    client, epoch = lab.configure()
    assert left_on(lab.net) == (["tg_redirect"] if mode == "on" else ["tg_guard"])
    check_sip(lab.net, client)
    say(client, "stream " + stream_words(7, 0))
    ref = completed(client)
    time.sleep(0.2)  # ARP
    call = Call(lab.net)
    call.exchange(100)
    check_kernel(lab.net)

    second = lab.attach()
    second.wait_line(r"attach status=-16 ")
    lab.attach("99").wait_line(r"attach status=-71 ")

    client.stop(signal.SIGKILL)
    dp.wait_line(" detached ")
    call.exchange(100)
    client, again = lab.configure()
    assert again == epoch + 1
    say(client, f"update {ref[0]} {ref[1]} " + stream_words(8, 0))
    completed(client)
    call.exchange(100)
    say(client, "stats")
    stats = dict(w.split("=") for w in client.wait_line("stats (.*)")[1].split())
    assert int(stats["media_relayed"]) == 600, stats
    assert int(stats["beat_age_ms"]) < 1000, stats
    say(client, f"remove {ref[0]} {ref[1]}", f"remove {ref[0]} {ref[1]}")
    completed(client)
    completed(client, -116)
    assert not any("timeout-with-work" in line for line in client.lines), client.lines
    call.close()
    assert dp.stop() == 0, dp.lines
    assert left_on(lab.net) == []
    assert not pathlib.Path(lab.socket).exists()


def relay_xdp(lab):
    relay(lab, "on")


def relay_packet(lab):
    relay(lab, "off")


def killed(lab):
    """A killed dataplane leaves the kernel able to answer, and can be started again."""
    for mode in ("on", "off"):
        dp = lab.boot(mode)
        client, _ = lab.configure()
        assert not kernel_hears_sip(lab.net, 0.5), f"xdp={mode}: the kernel gets our SIP"
        dp.stop(signal.SIGKILL)
        client.stop()
        assert left_on(lab.net) != []
        assert kernel_hears_sip(lab.net, 5), f"xdp={mode}: SIP reaches nobody"
    dp = lab.boot("on")
    client, _ = lab.configure()
    check_sip(lab.net, client)
    client.stop()
    assert dp.stop() == 0
    assert left_on(lab.net) == []


def hostile(lab):
    """Nothing that a control plane writes brings the dataplane down."""
    dp = lab.boot("on", "--streams", "64")
    client, _ = lab.configure()
    say(client, "stream " + stream_words(1, 0))
    ref = completed(client)
    call = Call(lab.net)
    time.sleep(0.2)
    for kind in (2, 3, 4, 5, 6, 7, 9, 1 << 31):
        say(client, f"type {kind}")
        match = client.wait_line(r"completion seq=\d+ type=(\d+) status=(-?\d+)")
        assert int(match[1]) == kind and int(match[2]) < 0, match[0]
    for bad in (f"remove 4294967295 {ref[1]}", f"remove 64 {ref[1]}", "remove 0 0",
                f"update 1048577 1 {stream_words(1, 0)}"):
        say(client, bad)
        completed(client, -116)
    say(client, "stream " + stream_words(2, 0))
    completed(client, -98)
    say(client, f"big {SBC_A}:5060 {PHONE}:5070 16001", f"big {SBC_A}:5060 {PHONE}:5070 0",
        f"big {SBC_A}:9 {PHONE}:5070 10")
    say(client, "stats")
    assert "drop_tx_bad=3" in client.wait_line("stats .*")[0]
    say(client, "garble")
    client.wait_line("garbled")
    dp.wait_line("command-ring-broken")
    call.exchange(20)
    client.stop()
    dp.wait_line(" detached ")
    client, epoch = lab.configure()
    assert epoch == 2
    call.exchange(20)
    check_sip(lab.net, client)
    client.stop()
    assert dp.stop() == 0


def wake_ups(process):
    """How often the main lcore of a dataplane has slept."""
    pid = process.child.pid
    status = pathlib.Path(f"/proc/{pid}/task/{pid}/status").read_text("ascii")
    return int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.M)[1])


def idle(lab):
    dp = lab.boot("on")
    client, _ = lab.configure()
    before = wake_ups(dp)
    time.sleep(1)
    assert wake_ups(dp) - before < 40, "the main lcore does not rest"
    say(client, "stream " + stream_words(7, 300))
    completed(client)
    listen(client, 1000)
    client.wait_line(r"event type=3 cookie=7")
    client.wait_line(r"event type=3 cookie=7")
    call = Call(lab.net)
    client.wait_line("ok wait")
    client.seen = len(client.lines)
    for _ in range(10):
        call.exchange(1)
        time.sleep(0.1)
    listen(client, 10)
    client.wait_line("ok wait")
    reports = [line for line in client.lines[client.seen:] if "type=3" in line]
    assert reports == [], reports
    client.stop(signal.SIGKILL)
    client, _ = lab.configure()
    listen(client, 1500)
    client.wait_line(r"event type=6 cookie=7")
    dp.wait_line("stream-expired ")
    call.close()
    assert dp.stop() == 0


def attach_and_leave(lab):
    """The handshake of include/tidegate/attach.h; returns the epoch."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        sock.settimeout(5)
        sock.connect(lab.socket)
        sock.send(struct.pack("IIII", 0x74676174, ABI, os.getpid(), 1))
        reply, fds, _, _ = socket.recv_fds(sock, 64, 3)
        for fd in fds:
            os.close(fd)
    _, _, status, epoch, _ = struct.unpack("IIiIQ", reply)
    assert status == 0 and len(fds) == 3, (status, fds)
    return epoch


def holds(process):
    """Open descriptors and resident kB of a process."""
    proc = pathlib.Path(f"/proc/{process.child.pid}")
    rss = re.search(r"^VmRSS:\s*(\d+)", (proc / "status").read_text("ascii"), re.M)[1]
    return len(list((proc / "fd").iterdir())), int(rss)


def reattach(lab):
    """A thousand control planes come and go; nothing is kept of them, and media flows on."""
    dp = lab.boot("on")
    client, _ = lab.configure()
    say(client, "stream " + stream_words(7, 0))
    completed(client)
    time.sleep(0.2)
    client.stop()
    dp.wait_line(" detached ")
    call = Call(lab.net)
    for _ in range(20):
        attach_and_leave(lab)
    time.sleep(0.5)  # the last one is to be seen off
    fds, rss = holds(dp)
    for round_ in range(1000):
        epoch = attach_and_leave(lab)
        if round_ % 100 == 0:
            call.exchange(5)
    assert epoch == 1021, epoch
    time.sleep(0.2)
    fds_then, rss_then = holds(dp)
    assert fds_then == fds and rss_then < rss + 1024, (fds, fds_then, rss, rss_then)
    client, epoch = lab.configure()
    assert epoch == 1022, epoch
    check_sip(lab.net, client)
    client.stop()
    call.close()
    assert dp.stop() == 0


def gone(lab):
    """An interface that disappears takes its own traffic along, nothing else."""
    dp = lab.boot("on")
    client, _ = lab.configure()
    say(client, "stream " + stream_words(7, 0))
    completed(client)
    time.sleep(0.2)
    call = Call(lab.net)
    call.exchange(5)
    sh(f"ip -n {lab.net.sbc} link del sb")
    dp.wait_line(r" error link-gone iface=sb advice=")
    for _ in range(50):
        call.phone.send(rtp(1000, 1111))
        time.sleep(0.01)
    check_sip(lab.net, client)
    say(client, "stats")
    assert "drop_no_route" in client.wait_line("stats .*")[0]
    client.stop()
    call.close()
    assert dp.stop() == 0


def refused(lab, words, *options):
    done = subprocess.run(lab.command(*options), capture_output=True, text=True, timeout=30,
                          check=False)
    lines = done.stderr.strip().splitlines()
    assert done.returncode not in (0, None) and done.returncode > 0, done
    assert len(lines) == 1 and lines[0].startswith("tidegate-dataplane: "), lines
    assert all(word in lines[0] for word in words), lines


def boot_errors(lab):
    ours = ("--port", "iface=sa")
    refused(lab, ["no interface", "--port"])
    refused(lab, ["--bogus", "--help"], "--bogus")
    refused(lab, ["nosuch", "does not exist", "ip link"], "--port", "iface=nosuch")
    refused(lab, ["xdp=maybe", "expected"], "--port", "iface=sa,xdp=maybe")
    refused(lab, ["--streams", "1048576"], *ours, "--streams", "1048577")
    refused(lab, ["--lcores", "give 2"], *ours, "--lcores", "0")
    refused(lab, ["--memory", "at least"], *ours, "--memory", "33")
    refused(lab, ["nothere.o", "--xdp-prog"], *ours, "--xdp-prog", "/nothere.o")
    refused(lab, ["DPDK does not start"], *ours, "--lcores", "0,1022")
    refused(lab, ["huge pages", "vm.nr_hugepages", "--huge off"], *ours, "--huge", "on",
            "--memory", "1000000")
    sh(f"ip -n {lab.net.sbc} link add sq numrxqueues 2 type veth peer name sp")
    sh(f"ip netns exec {lab.net.sbc} ethtool -L sq rx 2")
    refused(lab, ["sq has more receive queues", "ethtool -L sq rx 1"], "--port", "iface=sq")
    args = pathlib.Path(lab.socket).with_name("args")
    args.write_text("# made by a test\n--port\niface=nosuch\n\n--workers=1\n")
    refused(lab, ["nosuch"], "--args", str(args))
    refused(lab, ["nofile", "No such file"], "--args", "/nofile")
    dp = lab.boot("on")
    refused(lab, ["in use", f"pid {dp.child.pid}"], *ours)
    refused(lab, ["interface sa is in use"], *ours, "--attach-socket", lab.socket + "2")
    assert dp.stop() == 0


SCENARIOS = {"relay-xdp": relay_xdp, "relay-packet": relay_packet, "killed": killed,
             "hostile": hostile, "idle": idle, "reattach": reattach, "gone": gone,
             "boot-errors": boot_errors, "I3-I4-I5-admission": admission}


def main(scenarios, make_net=Net):
    dataplane, client, name = sys.argv[1:4]
    if os.geteuid() != 0:
        print("needs root")
        return 77
    with make_net() as net, tempfile.TemporaryDirectory() as folder:
        lab = Lab(dataplane, client, net, folder)
        try:
            scenarios[name](lab)
        except BaseException:
            for child in lab.children:
                print("\n".join(["----", *child.lines]))
            raise
        finally:
            lab.end()
    return 0


if __name__ == "__main__":
    sys.exit(main(SCENARIOS))
