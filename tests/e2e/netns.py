# SPDX-License-Identifier: BSD-3-Clause
"""Network namespaces: made, joined by veth pairs, entered to open a socket, removed again."""
import contextlib
import ctypes
import os
import socket
import subprocess

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def sh(*command, check=True, **kwargs):
    """Runs a command; its output is text. Failure names the command and what it said."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout}")
    return done


def setns(fd):
    if LIBC.setns(fd, CLONE_NEWNET):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    """One namespace by its full name, with lo up."""

    def __init__(self, name):
        self.name = name
        sh("ip", "netns", "add", name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *args):
        return sh("ip", "-n", self.name, *args)

    def command(self, *command):
        """The same command, to be run inside."""
        return ["ip", "netns", "exec", self.name, *[str(c) for c in command]]

    def run(self, *command, **kwargs):
        return sh(*self.command(*command), **kwargs)

    def popen(self, *command, **kwargs):
        # ip execs the command, so its pid is the command's
        return subprocess.Popen(self.command(*command), stdin=subprocess.DEVNULL, **kwargs)

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside for the time of the block; sockets opened there stay there."""
        with open("/proc/thread-self/ns/net", "rb") as home, \
                open(f"/run/netns/{self.name}", "rb") as inside:
            setns(inside.fileno())
            try:
                yield
            finally:
                setns(home.fileno())

    def udp(self, address, port=0):
        """A bound UDP socket inside."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.entered():
            sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        sock.bind((address, port))
        return sock

    def pids(self):
        return [int(p) for p in sh("ip", "netns", "pids", self.name, check=False).stdout.split()]

    def delete(self):
        sh("ip", "netns", "del", self.name, check=False)


def join(left, left_if, left_address, right, right_if, right_address):
    """A veth pair between two namespaces. Addresses with their prefix length.

    Checksums are not left to a NIC that is not there: a packet that AF_XDP takes from a veth must
    bear a whole UDP checksum.
    """
    sh("ip", "link", "add", left_if, "netns", left.name, "type", "veth",
       "peer", "name", right_if, "netns", right.name)
    for ns, name, address in ((left, left_if, left_address), (right, right_if, right_address)):
        for one in address if isinstance(address, (list, tuple)) else [address]:
            ns.ip("address", "add", one, "dev", name, *(["nodad"] if ":" in one else []))
        ns.ip("link", "set", name, "up")
        ns.run("ethtool", "-K", name, "tx", "off", "rx", "off", "gro", "off", "tso", "off",
               check=False)
        ns.run("ethtool", "-K", name, "tx", "off", "rx", "off", check=False)
