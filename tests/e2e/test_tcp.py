# SPDX-License-Identifier: BSD-3-Clause
"""SIP over TCP, by sockets of the kernel: whole calls by sipp, and connections made to harm."""
import socket
import threading
import time

import pytest

from lab import ACCESS, CARRIER, PHONE, STRANGER

CALLS, RATE, HOLD_MS = 300, 30, 1000
IDLE, SLOW = 400, 40


def calls(lab, uac, uas):
    """So many calls by sipp, each side with its own transport (u1 or t1)."""
    limit = str(CALLS // RATE + 30)
    callee = lab.sipp(lab.carrier, "uas.xml", CARRIER, "-p", "5060", "-m", str(CALLS),
                      "-t", uas, "-timeout", limit, wait_s=None)
    time.sleep(0.5)
    status, output = lab.sipp(
        lab.phone, "uac.xml", PHONE, "-p", "5060", "-m", str(CALLS), "-r", str(RATE),
        "-d", str(HOLD_MS), "-t", uac, "-timeout", limit, "-s", "+442079460123",
        remote=f"{ACCESS[0]}:{ACCESS[1]}", wait_s=int(limit) + 10)
    callee.wait(30)
    assert status == 0, output[-3000:]


def carrier_speaks_tcp(tree):
    tree["peers"][0]["transport"] = "tcp"


@pytest.mark.parametrize("uac,uas", [("t1", "t1"), ("t1", "u1"), ("u1", "t1")])
def test_C10_G4_G5_calls_by_sipp(alone, lab, uac, uas):
    tidegate = alone(carrier_speaks_tcp if uas == "t1" else None)
    calls(lab, uac, uas)
    # by UDP the last transactions live for 32 s
    stats = tidegate.settled(45, ("calls", "streams", "transactions"))
    for name in ("calls", "streams", "transactions"):
        assert stats[name] == 0, f"{name} is {stats[name]}: {stats}"
    metrics = tidegate.metrics()
    assert f'connections_opened_total{{made_by="peer"}} {int(uac == "t1")}\n' in metrics
    assert f'connections_opened_total{{made_by="us"}} {int(uas == "t1")}\n' in metrics


def impatient(tree):
    tree["connections"] = {"unfinished_s": "3", "per_source": str(IDLE + SLOW)}


def connect(lab):
    with lab.nat.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.bind((STRANGER, 0))
    sock.settimeout(5)
    sock.connect(ACCESS)
    return sock


def trickle(socks, done):
    """An octet every 100 ms on each; who is closed stays so."""
    text = b"OPTIONS sip:a@203.0.113.1 SIP/2.0\r\n" + b"X" * 1000
    for octet in text:
        for sock in socks:
            try:
                sock.send(bytes([octet]))
            except OSError:
                pass
        if done.wait(0.1):
            return


def test_A10_G13_idle_and_slow_connections_harm_no_call(alone, lab):
    tidegate = alone(impatient)
    idle = [connect(lab) for _ in range(IDLE)]
    slow = [connect(lab) for _ in range(SLOW)]
    done = threading.Event()
    thread = threading.Thread(target=trickle, args=(slow, done))
    thread.start()
    try:
        assert tidegate.ask("show", "connections", "0")["live"] == IDLE + SLOW
        calls(lab, "u1", "u1")
        for sock in idle + slow:
            try:
                assert sock.recv(1) == b""
            except ConnectionResetError:
                pass
        assert tidegate.ask("show", "connections", "0")["live"] == 0
        assert f'closed_total{{reason="unfinished"}} {IDLE + SLOW}\n' in tidegate.metrics()
        assert tidegate.cp.alive()
    finally:
        done.set()
        thread.join()
        for sock in idle + slow:
            sock.close()
