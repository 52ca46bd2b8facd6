# SPDX-License-Identifier: BSD-3-Clause
"""The relay over memif: beside dpdk-testpmd, with more workers, and how fast streams come."""
import json

from netns import sh

from . import machine
from .blasting import Rtpblast, memif, shown
from .dataplane import INSTALL, LATENCY, Dataplane
from .nets import LOCAL, REMOTE, MemifNet
from .search import press
from .testpmd import Testpmd

FLOWS = {1: 0.9, 1000: None, 10_000: None, 100_000: 0.8}  # and the part of testpmd's rate aimed at
RTPENGINE_PPS = 250_000  # what rtpengine 10.5 was measured to relay without loss over veth
RING = 1024              # of a memif
LATENCY_ROUNDS = 3000
CORES_TO_SCALE = 4       # two workers, a sender, the rest


def limited_by_sender(run):
    """As fast as it goes, a relay that is the limit has its ring full of packets that wait."""
    return run.asked == 0 and run.rate * run.p50 / 1e6 < RING / 4


def note_of(run):
    return "the sender is the limit" if run and limited_by_sender(run) else ""


def figure(run):
    return f"{run.rate:,.0f} packets/s" if run else "none"


def generator(socket, flows, *more):
    return Rtpblast("--port", memif(socket, "client", ",zero-copy=yes"), *flows, *more)


def testpmd_rates(table, prefix):
    """The highest rate through testpmd for each number of flows."""
    best = {}
    with MemifNet(f"{prefix}t") as net:
        peer = Testpmd(net.dir, [memif(net.socket, "server")], net.name)
        try:
            for count in FLOWS:
                blaster = generator(net.socket, ("--echo", count))
                print(f"    testpmd, {count} flows")
                best[count] = run = press(blaster.measure)
                table.add(f"dpdk-testpmd 5tswap, {count:,} flows", figure(run),
                          f"{peer.command()}; {blaster.command()}", note=note_of(run))
        finally:
            peer.stop()
    return best


def relay_rate(net, count, workers=(machine.WORKER_CPU,), more=()):
    """With so many streams: (best run, rtpblast's command, dataplane's command, its counters)."""
    dp = Dataplane(net.sbc, net.dir, [net.port(memif(net.socket, "server"))], 1 << 17, workers)
    try:
        flows = net.dir / "flows"
        dp.install(LOCAL, REMOTE, count, flows, *more)
        blaster = generator(net.socket, ("--flows", flows), "--mac-to", net.mac,
                            "--queues", len(workers))
        run = press(blaster.measure)
        return run, blaster.command(), dp.command(), dp.stats()
    finally:
        dp.stop()


def relay(table, prefix):
    table.section("relay over memif, at most 0.01% lost, one core")
    peer, ours = testpmd_rates(table, prefix), {}
    for count, goal in FLOWS.items():
        print(f"    tidegate, {count} flows")
        with MemifNet(f"{prefix}m") as net:
            run, blaster, command, _ = relay_rate(net, count)
        ours[count] = run
        table.add(f"tidegate, {count:,} flows", figure(run), f"{command}; {blaster}",
                  note=note_of(run), values={"pps": run.rate if run else 0})
        if run and peer[count]:
            ratio = run.rate / peer[count].rate
            table.add(f"ratio to testpmd, {count:,} flows", f"{ratio:.2f}", f"{command}; {blaster}",
                      f"at least {goal}" if goal else None, ratio >= goal if goal else None,
                      note_of(peer[count]).replace("the sender", "testpmd's sender"),
                      {"ratio": ratio})
    if ours[1000]:
        table.add("ratio to rtpengine's 250,000 over veth, 1,000 flows",
                  f"{ours[1000].rate / RTPENGINE_PPS:.1f}", f"{command}; {blaster}",
                  note="another link: memif costs no system call")


def memory(table, net):
    """Bytes a stream: a table with and one without room for them, all of them in use."""
    count, sizes = 100_000, []
    for streams, installed in ((1, 1), (count, count)):
        dp = Dataplane(net.sbc, net.dir, [net.port(memif(net.socket, "server"))], streams)
        try:
            dp.install(LOCAL, REMOTE, installed, net.dir / "flows")
            sizes.append(machine.rss(dp.pid))
            command = f"{dp.command()} --streams {count}; bench_install ... {count}"
        finally:
            dp.stop()
    each = (sizes[1] - sizes[0]) / (count - 1)
    table.add("dataplane memory a stream", f"{each:,.0f} bytes", command, "at most 1,000",
              each <= 1000, "resident, with 100,000 installed against one", {"bytes": each})


def install(table, prefix):
    table.section("streams")
    with MemifNet(f"{prefix}i") as net:
        dp = Dataplane(net.sbc, net.dir, [net.port(memif(net.socket, "server"))], 1 << 17)
        try:
            ready = dp.install(LOCAL, REMOTE, 100_000, net.dir / "flows")
            dp.release()
            table.add("streams installed", f"{ready['per_s']:,.0f} a second",
                      f"{INSTALL.name} SOCKET {shown((*LOCAL, *REMOTE))} 100000 FLOWS",
                      note="100,000 of them, many commands at once")
            command = [LATENCY, dp.socket, *LOCAL, *REMOTE, LATENCY_ROUNDS,
                       memif(net.socket, "client"), net.mac, machine.SENDER_CPU]
            r = json.loads(sh(*command, timeout=60).stdout)
        finally:
            dp.stop()
        shared = "" if machine.SENDER_CPU != machine.REST_CPU else \
            "; who asks and the main lcore share a core, so two context switches are in it"
        how = shown([LATENCY.name, "SOCKET", *command[2:-3], command[-3], command[-2]])
        table.add("ordered to first packet relayed, p50", f"{r['relayed_p50_us']:.0f} us", how,
                  note=f"to completion {r['completed_p50_us']:.0f} us", values=r)
        table.add("ordered to first packet relayed, p99", f"{r['relayed_p99_us']:.0f} us", how,
                  "at most 100 us", r["relayed_p99_us"] <= 100 and not r["lost"],
                  f"to completion {r['completed_p99_us']:.0f} us{shared}")
        memory(table, net)


def worker_line(table, prefix, count, churn):
    """One line, and the rate. On few cores the workers share one, to be shown right at least."""
    few = count > 1 and len(machine.CORES) < CORES_TO_SCALE
    cpus = [machine.WORKER_CPU] * count if few else machine.worker_cpus(count)
    print(f"    {count} workers on cores {cpus}")
    with MemifNet(f"{prefix}w") as net:
        run, blaster, command, stats = relay_rate(net, 10_000, cpus, (f"churn={churn}",))
    relayed = [w["media_relayed"] for w in stats["workers"]]
    wrong = run.wrong if run else 0
    whole = f"{run.sent - run.received:,} lost, {wrong} doubled or wrong" if run else "none"
    table.add(f"{count} worker{'s' if count > 1 else ''}, {count} queue{'s' if count > 1 else ''}",
              figure(run), f"{command}; {blaster}",
              note=f"{whole}; relayed {' + '.join(f'{n:,}' for n in relayed)};"
                   f" {stats['churn_added']:,} others came and went"
                   + (f"; the workers share a core, {len(machine.CORES)} are too few to scale"
                      if few else ""),
              values={"workers": count, "pps": run.rate if run else 0})
    return run.rate if run else 0


def workers(table, prefix):
    churn = 200
    table.section(f"workers over memif, 10,000 streams, {churn} others a second come and go,"
                  f" {len(machine.CORES)} cores here")
    counts = [n for n in (1, 2, 4, 8, 16) if n <= max(2, len(machine.CORES) - 2)]
    rates = {count: worker_line(table, prefix, count, churn) for count in counts}
    for count in counts[1:]:
        if rates[1]:
            table.add(f"{count} workers against 1", f"{rates[count] / rates[1]:.2f}",
                      "the two lines' rates")
