# SPDX-License-Identifier: BSD-3-Clause
"""The lab: phone, NAT box, Tidegate and carrier in network namespaces of their own.

    phone 192.168.1.20 ── 192.168.1.1 nat 203.0.113.2 ── 203.0.113.1 sbc 198.51.100.1 ── .10 carrier
                                      └ 203.0.113.66, a stranger

The NAT box gives every flow a random source port. Nothing of the lab is visible outside of it, and
several labs can stand beside each other: names begin with a prefix of their own.
"""
import grp
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import yaml

import nat
from netns import Namespace, join, sh

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(ROOT, os.environ.get("TIDEGATE_BUILD", "build"))
DATAPLANE = BUILD / "dataplane/tidegate-dataplane"
CONTROLPLANE = BUILD / "controlplane/tidegate-controlplane"
TGCTL = BUILD / "tools/tgctl/tgctl"
SIPP = ROOT / "tests/e2e/sipp"

PHONE, NAT_IN, NAT_OUT, STRANGER = "192.168.1.20", "192.168.1.1", "203.0.113.2", "203.0.113.66"
SBC_ACCESS, SBC_CORE, CARRIER = "203.0.113.1", "198.51.100.1", "198.51.100.10"
ACCESS = (SBC_ACCESS, 5060)
CORE = (SBC_CORE, 5060)
METRICS = "127.0.0.1:9477"  # when the configuration does not say
READY = re.compile(r"^\S+ +[a-z]+ +ready( |$)", re.M)

UNLIMITED = {"per_s": "0", "burst": "0"}
# What strangers are allowed, by the realm's keys.
LIMITS = {
    "stranger_rate": UNLIMITED, "strangers_rate": UNLIMITED,
    "stranger_methods": {m: UNLIMITED for m in ("invite", "register", "options", "other")},
}

class Process:
    """One process of the lab; its stderr goes to a file. It is ended by its pid only."""

    def __init__(self, ns, log, *command):
        self.log = log
        self.offset = log.stat().st_size if log.exists() else 0
        self.name = pathlib.Path(str(command[0])).name
        with open(log, "ab") as out:
            self.child = ns.popen(*command, stdout=out, stderr=out, start_new_session=True)

    def text(self):
        """What it wrote since it started."""
        return self.log.read_bytes()[self.offset:].decode(errors="replace")

    def wait_for(self, pattern, seconds=20):
        """Waits for a line in its log and returns the match."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text())
            if found:
                return found
            if self.child.poll() is not None:
                raise RuntimeError(f"{self.name} ended with status {self.child.returncode}:\n"
                                   + self.text()[-3000:])
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.name}: no {pattern!r} within {seconds} s:\n"
                                   + self.text()[-3000:])
            time.sleep(0.02)

    def alive(self):
        return self.child.poll() is None

    def kill(self):
        if self.alive():
            self.child.kill()
        self.child.wait()

    def stop(self, seconds=15):
        """SIGTERM; its exit status, or None when it had to be killed."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return None


class Capture:
    """tcpdump on one interface, into a file."""

    def __init__(self, ns, interface, path):
        self.path = path
        self.child = ns.popen("tcpdump", "-i", interface, "-U", "--immediate-mode", "-n", "-s", "0",
                              "-B", "8192", "-Z", "root", "-w", path,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.child.stderr.readline()
        if b"listening" not in line:
            raise RuntimeError(f"tcpdump on {interface}: {line.decode()}")

    def stop(self):
        if self.child.poll() is None:
            time.sleep(0.1)
            self.child.send_signal(signal.SIGINT)
            self.child.wait(10)
            self.child.stderr.close()
        return self.path

    def fields(self, wanted, *names):
        """tshark's fields of the packets that pass a display filter: a list of lists."""
        args = [a for name in names for a in ("-e", name)]
        out = sh("tshark", "-n", "-r", self.path, "-Y", wanted, "-T", "fields",
                 "-E", "separator=/t", *args, check=False).stdout
        return [line.split("\t") for line in out.splitlines()]

    def payloads(self, wanted="udp"):
        """The UDP payload of every packet that passes, as bytes."""
        return [bytes.fromhex(f[0].replace(":", "")) for f in self.fields(wanted, "udp.payload")
                if f[0]]


def configuration(run_dir, change=None):
    """conf/demo.yaml with sockets of its own, as a tree; change(tree) may alter more."""
    # BaseLoader leaves words as they are: "off" must not become a truth value
    tree = yaml.load((ROOT / "conf/demo.yaml").read_text(), yaml.BaseLoader)
    tree.setdefault("dataplane", {}).update(
        attach_socket=str(run_dir / "dataplane.sock"), streams_max="16384")
    tree["limits"] = {"calls_max": "20000", "transactions_max": "200000"}
    tree["control"] = {"socket": str(run_dir / "control.sock")}
    for realm in tree["realms"]:
        # all that sipp sends comes from one address, and hostile tests share another
        realm.update(json.loads(json.dumps(LIMITS)))
    tree["guard"] = {"ban": {"after": "0"}}
    # the phones of most tests are strangers; registering.py is for those that are not
    del tree["domains"], tree["users"], tree["realms"][0]["domains"]
    tree["realms"][0]["strangers"] = "accept"
    tree["routes"] = [route for route in tree["routes"] if "from_peer" not in route]
    if change:
        change(tree)
    return tree


class Tidegate:
    """Both processes in one namespace, each to be started and ended by itself."""

    def __init__(self, ns, directory, run_dir, change=None):
        self.ns, self.dir, self.run_dir = ns, pathlib.Path(directory), pathlib.Path(run_dir)
        self.conf = self.dir / "tidegate.yaml"
        self.dp = self.cp = None
        self.run_dir.mkdir(exist_ok=True)
        os.chown(self.run_dir, 0, grp.getgrnam("tidegate").gr_gid)
        os.chmod(self.run_dir, 0o750)
        # the control plane reads it again at a reload, as user tidegate
        os.chmod(self.dir, 0o755)
        self.configure(change)

    def configure(self, change=None):
        self.conf.write_text(yaml.safe_dump(configuration(self.run_dir, change), sort_keys=False))
        os.chmod(self.conf, 0o644)

    def dataplane_args(self):
        path = self.dir / "dataplane.args"
        path.write_text(sh(CONTROLPLANE, "--dataplane-args", "-c", self.conf).stdout)
        return path

    def start_dataplane(self, wait=True):
        self.dp = Process(self.ns, self.dir / "dataplane.log", DATAPLANE, "--args",
                          self.dataplane_args())
        if wait:
            self.dp.wait_for(READY)
        return self.dp

    def start_control(self, wait=True):
        self.cp = Process(self.ns, self.dir / "controlplane.log", CONTROLPLANE, "-c", self.conf)
        if wait:
            self.cp.wait_for(READY)
        return self.cp

    def start(self):
        self.start_dataplane()
        self.start_control()
        return self

    def stop(self):
        """Ends both; their exit statuses (control plane, dataplane)."""
        return tuple(p.stop() if p else None for p in (self.cp, self.dp))

    def remove(self):
        for process in (self.cp, self.dp):
            if process:
                process.stop(5)
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def tgctl(self, *args, check=True, user=None):
        """Runs tgctl inside; a CompletedProcess."""
        command = [TGCTL, "-s", self.run_dir / "control.sock", *args]
        if user:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        return self.ns.run(*command, check=check)

    def ask(self, *args):
        """What tgctl --json answers, taken apart."""
        return json.loads(self.tgctl("--json", *args).stdout)

    def stats(self):
        return self.ask("show", "stats")

    def metrics(self):
        """The text of /metrics."""
        conf = yaml.load(self.conf.read_text(), yaml.BaseLoader)
        listen = conf.get("metrics", {}).get("listen", METRICS)
        host, _, port = listen.rpartition(":")
        with self.ns.entered():
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        with sock:
            sock.settimeout(5)
            sock.connect((host, int(port)))
            sock.sendall(f"GET /metrics HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            data = b""
            while True:
                piece = sock.recv(65536)
                if not piece:
                    break
                data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"/metrics: {head.decode()}")
        return body.decode()

    def metric(self, name, labels=""):
        """The sum of one metric's samples whose labels hold the given text."""
        total = 0.0
        for line in self.metrics().splitlines():
            m = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if m and m.group(1) == name and labels in (m.group(2) or ""):
                total += float(m.group(3))
        return total

    def settled(self, seconds=10, names=("calls", "streams")):
        """Waits until nothing is held any more; the last stats."""
        deadline = time.monotonic() + seconds
        while True:
            stats = self.stats()
            if all(stats.get(n, 0) == 0 for n in names) or time.monotonic() > deadline:
                return stats
            time.sleep(0.2)

    def logs(self):
        """Both logs' ends, for a test that failed."""
        text = ""
        for path in sorted(self.dir.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-60:]
            text += f"--- {path.name}\n" + "\n".join(lines) + "\n"
        return text


class Lab:
    """The four namespaces. Use .close() at the end, also after a failure while it was made."""

    def __init__(self, prefix):
        self.prefix = prefix
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
        self.run_dir = pathlib.Path("/run") / prefix
        self.namespaces, self.captures, self.tidegate = [], [], None
        try:
            self._build()
        except BaseException:
            self.close()
            raise

    def _build(self):
        names = ("phone", "nat", "sbc", "carrier")
        self.phone, self.nat, self.sbc, self.carrier = [self._namespace(n) for n in names]
        join(self.phone, "eth0", f"{PHONE}/24", self.nat, "in0", f"{NAT_IN}/24")
        join(self.nat, "out0", [f"{NAT_OUT}/24", f"{STRANGER}/24"],
             self.sbc, "acc0", f"{SBC_ACCESS}/24")
        join(self.sbc, "core0", f"{SBC_CORE}/24", self.carrier, "eth0", f"{CARRIER}/24")
        self.phone.ip("route", "add", "default", "via", NAT_IN)
        self.nat.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        self.nat.run("nft", "-f", "-", input=nat.SYMMETRIC)
        self.carrier.ip("route", "add", "default", "via", SBC_CORE)

    def _namespace(self, name):
        ns = Namespace(f"{self.prefix}-{name}")
        self.namespaces.append(ns)
        return ns

    def capture(self, ns, interface, name):
        capture = Capture(ns, interface, self.dir / f"{name}.pcap")
        self.captures.append(capture)
        return capture

    def start(self, change=None):
        """Tidegate, with conf/demo.yaml as change() alters it."""
        self.tidegate = Tidegate(self.sbc, self.dir, self.run_dir, change).start()
        return self.tidegate

    def sipp(self, ns, scenario, address, *args, remote=None, wait_s=120):
        """sipp inside a namespace; a Popen when wait_s is None, else (status, output)."""
        command = ["sipp", "-sf", SIPP / scenario, "-i", address, "-nostdin", "-timeout_error",
                   "-trace_err", "-error_file", self.dir / f"{scenario}.err", *args]
        if remote:
            command.append(remote)
        child = ns.popen(*command, cwd=self.dir, stdout=open(self.dir / f"{scenario}.out", "wb"),
                         stderr=subprocess.STDOUT)
        if wait_s is None:
            return child
        try:
            status = child.wait(wait_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            status = None
        return status, (self.dir / f"{scenario}.out").read_text(errors="replace")

    def as_attacker(self, address, *command):
        """Runs a program beside the NAT box, where that address is; what it says."""
        self.nat.ip("route", "replace", SBC_ACCESS, "dev", "out0", "src", address)
        try:
            done = self.nat.run("nice", "-n", "19", *command, check=False, timeout=60,
                                env={**os.environ, "HOME": str(self.dir)})
        finally:
            self.nat.ip("route", "del", SBC_ACCESS, "dev", "out0")
        return done.stdout + done.stderr

    def close(self):
        for capture in self.captures:
            capture.stop()
        if self.tidegate:
            self.tidegate.remove()
        for ns in self.namespaces:
            for pid in ns.pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            ns.delete()
        self.namespaces, self.captures, self.tidegate = [], [], None
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.run_dir, ignore_errors=True)
