# SPDX-License-Identifier: BSD-3-Clause
"""The relay beside rtpengine, on the same veth pair: first plain sockets, then AF_XDP."""
import functools

from . import rtpengine
from .blasting import Rtpblast, Sockets
from .dataplane import Dataplane, delay_us
from .nets import VethNet
from .search import climb, say
from .testpmd import Testpmd

FLOWS = 100
PORT = 10_000
LOST_MUCH = 0.01
DELAY_RATES = (5_000, 10_000)
DELAY_TRIES = 3  # the one that others on this machine disturbed least counts, of each relay


class Setup:
    """One relay between the far ends, and the generators there. connect() sets the calls up, also
    anew, and gives the relay's ports of each: towards side 0 and towards side 1."""

    def __init__(self, net, name, command, connect, stop, stats=None):
        self.net, self.name, self.command, self.stop, self.stats = net, name, command, stop, stats
        self.connect, self.sockets, self.xdp = connect, None, None
        self.renew()

    def renew(self):
        there = self.connect()
        (near, far) = self.net.REMOTE
        (local, beyond) = self.net.LOCAL
        self.sockets = Sockets(self.net.dir, self.net.far, near, far,
                               [(PORT + n, local, ports[0]) for n, ports in enumerate(there)],
                               [(PORT + n, beyond, ports[1]) for n, ports in enumerate(there)])
        flows = self.net.dir / "blast.flows"
        flows.write_text("".join(
            f"{near}:{PORT + n} {local}:{a} {beyond}:{b} {far}:{PORT + n} 0 1\n"
            f"{far}:{PORT + n} {beyond}:{b} {local}:{a} {near}:{PORT + n} 1 0\n"
            for n, (a, b) in enumerate(there)))
        self.xdp = Rtpblast(*self.net.rtpblast_ports(), "--flows", flows, ns=self.net.far)
        self.sockets.measure(1000)  # every flow is learned before anything counts

    def measure(self, kind, rate):
        """One run. What lost much may be disturbed for good, as rtpengine is: set up anew."""
        run = getattr(self, kind).measure(rate)
        if run.lost > LOST_MUCH:
            self.renew()
        return run


def tidegate(net):
    dp = Dataplane(net.sbc, net.dir, net.ports(), 1024)

    def connect():
        if not dp.holder:
            dp.install(net.LOCAL, net.REMOTE, FLOWS, net.dir / "flows")
        return [(PORT + n, PORT + n) for n in range(FLOWS)]

    return started(dp, lambda: Setup(net, "tidegate", dp.command(), connect, dp.stop, dp.stats))


def theirs(net):
    peer = rtpengine.Rtpengine(net.sbc, net.dir, *net.LOCAL)

    def connect():
        peer.restart()
        return [peer.call(n, (net.REMOTE[0], PORT + n), (net.REMOTE[1], PORT + n))
                for n in range(FLOWS)]

    return started(peer, lambda: Setup(net, "rtpengine", peer.command(), connect, peer.stop))


def started(process, make):
    """What make() gives; without it the process is ended."""
    try:
        return make()
    except BaseException:
        process.stop()
        raise


def delay(setup, kind, rate):
    """The run of several with the least p99."""
    return min((say(setup.measure(kind, rate)) for _ in range(DELAY_TRIES)),
               key=lambda run: (not run.good, run.p99))


def measured(setup):
    """Rates and delays of one relay."""
    out = {}
    print(f"    {setup.name}: plain sockets")
    for rate in DELAY_RATES:
        before = setup.stats() if setup.stats else None
        out[rate] = delay(setup, "sockets", rate)
        if setup.stats:
            out[f"own{rate}"] = [delay_us(before, setup.stats(), s) for s in (0.5, 0.99)]
    out["sockets"] = climb(functools.partial(setup.measure, "sockets"), 50_000)
    print(f"    {setup.name}: AF_XDP")
    for rate in DELAY_RATES:
        out[f"xdp{rate}"] = delay(setup, "xdp", rate)
    out["xdp"] = climb(functools.partial(setup.measure, "xdp"), 100_000)
    return out


def bare(prefix):
    """What driver, kernel and sender allow: (best run, whether the sender is the limit, commands)
    with dpdk-testpmd in the relay's place."""
    with VethNet(f"{prefix}x") as net:
        peer = Testpmd(net.dir, net.devices(), net.name, net.sbc)
        try:
            print("    dpdk-testpmd: AF_XDP")
            blaster = Rtpblast(*net.rtpblast_ports(), "--echo", FLOWS, ns=net.far)
            say(blaster.measure(1000))
            return (*climb(blaster.measure, 100_000), f"{peer.command()}; {blaster.command()}")
        finally:
            peer.stop()


def bare_lines(table, ours, results, best):
    run, limited, commands = best
    rate = run.rate if run else 0
    table.add("dpdk-testpmd 5tswap, rtpblast over AF_XDP", f"{rate:,.0f} packets/s", commands,
              note="the sender is the limit" if limited else "", values={"pps": rate})
    run = results[ours.name]["xdp"][0]
    if rate and run:
        table.add("ratio to testpmd, rtpblast over AF_XDP", f"{run.rate / rate:.2f}",
                  f"{ours.command}; {command_of(ours, 'xdp')}",
                  note="testpmd is what driver, kernel and sender allow",
                  values={"ratio": run.rate / rate})


def rate_lines(table, ours, peer, results, key, how):
    rates = {}
    for setup in (peer, ours):
        run, limited = results[setup.name][key]
        rates[setup.name] = run.rate if run else 0
        table.add(f"{setup.name}, {how}", f"{rates[setup.name]:,.0f} packets/s",
                  f"{setup.command}; {command_of(setup, key)}",
                  note="the sender is the limit" if limited else "",
                  values={"pps": rates[setup.name]})
    if rates[peer.name]:
        run, limited = results[ours.name][key]
        ratio = rates[ours.name] / rates[peer.name]
        table.add(f"ratio to rtpengine, {how}", f"{ratio:.1f}",
                  f"{ours.command}; {command_of(ours, key)}",
                  "at least 5", ratio >= 5,
                  "the sender is the limit of ours" if limited else "", {"ratio": ratio})


def command_of(setup, key):
    return setup.xdp.command() if str(key).startswith("xdp") else setup.sockets.command()


def delay_lines(table, ours, peer, results, key, how):
    for setup in (peer, ours):
        run = results[setup.name][key]
        table.add(f"{setup.name}, delay, {how}", f"{run.p50:.0f} us, p99 {run.p99:.0f} us",
                  f"{setup.command}; {command_of(setup, key)}",
                  values={"p50": run.p50, "p99": run.p99})
    a, b = results[ours.name][key].p99, results[peer.name][key].p99
    table.add(f"p99 of ours to rtpengine's, {how}", f"{a / b:.2f}" if b else "?",
              f"{ours.command}; {command_of(ours, key)}", "at most 0.33", b > 0 and a / b <= 1 / 3)


def against_rtpengine(table, prefix):
    table.section(f"relay over veth beside rtpengine, {FLOWS} calls, at most 0.01% lost; sender,"
                  " sink and the kernel's part of both share a core; of each delay the best of"
                  f" {DELAY_TRIES} runs")
    if not rtpengine.install():
        return
    results, setups = {}, {}
    for name, make in (("rtpengine", theirs), ("tidegate", tidegate)):
        with VethNet(f"{prefix}v") as net:
            setup = setups[name] = make(net)
            try:
                results[name] = measured(setup)
            finally:
                setup.stop()
    ours, peer = setups["tidegate"], setups["rtpengine"]
    rate_lines(table, ours, peer, results, "sockets", "plain sockets")
    rate_lines(table, ours, peer, results, "xdp", "rtpblast over AF_XDP")
    bare_lines(table, ours, results, bare(prefix))
    for rate in DELAY_RATES:
        delay_lines(table, ours, peer, results, rate, f"{rate:,}/s, plain sockets")
        own = results["tidegate"][f"own{rate}"]
        table.add(f"tidegate's own share of it, {rate:,}/s", f"< {own[0]} us, p99 < {own[1]} us",
                  f"{ours.command}; {ours.sockets.command()}",
                  note="its workers' histogram, rx burst to tx flush")
        delay_lines(table, ours, peer, results, f"xdp{rate}", f"{rate:,}/s, AF_XDP")
