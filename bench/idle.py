#!/usr/bin/python3
"""idle: what a request costs while up to 10,000 others say nothing, by poller.

  idle.py [--rounds 3] [--seconds 0.5] [--out docs/idle.svg]

Each point is a benchmark server of its own, pinned to core 0, with so many idle keep-alive
connections; 64 busy ones ask from core 1. The figure is the server's own CPU time per request, the
best of the rounds, in which the points of a poller take turns. select stops where FD_SETSIZE does. Prints a
table and writes the chart.
"""

import argparse
import contextlib
import pathlib

import svg
from pair import Tally
from servers import ROOT, Load, Server

COUNTS = [0, 1000, 2500, 5000, 10000]
POLLERS = {"epoll": ("a", COUNTS), "poll": ("b", COUNTS), "select": ("c", [0, 450, 900])}


def start_point(poller, n_idle, args, stack):
    command = f"{args.build}/bench/server --port {{port}} --no-access-log --poller {poller}"
    server = Server(f"{poller}={command}", args.build)
    stack.callback(server.stop)
    if n_idle > 0:
        crowd = Load(args.build, server, idle=n_idle, connections=0)
        stack.callback(crowd.close)
    return Tally(f"{poller} + {n_idle}", server)


def measure_poller(poller, counts, args):
    """[(idle connections, CPU microseconds a request)]. One poller at a time: idle connections are
    closed after idle_timeout."""
    with contextlib.ExitStack() as stack:
        tallies = [start_point(poller, n, args, stack) for n in counts]
        for _ in range(args.rounds):
            for tally in tallies:
                tally.measure(args.build, Load(args.build, tally.server, connections=64,
                                               header=164, seconds=args.seconds))
        return [(n, min(tally.rounds)) for n, tally in zip(counts, tallies)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--out", default=str(ROOT / "docs" / "idle.svg"))
    args = parser.parse_args()
    results = {poller: measure_poller(poller, counts, args)
               for poller, (_, counts) in POLLERS.items()}
    print(f"{'idle':>8} " + " ".join(f"{p:>9}" for p in POLLERS) + "   CPU µs a request")
    for n in sorted({n for points in results.values() for n, _ in points}):
        cells = (dict(points).get(n) for points in results.values())
        print(f"{n:8,} " + " ".join("        –" if c is None else f"{c:9.2f}" for c in cells))
    pathlib.Path(args.out).write_text(svg.lines(
        "CPU microseconds per request, by poller",
        "64 busy connections beside the idle ones; the server pinned to a core, its own accounting",
        "idle connections", [(p, POLLERS[p][0], points) for p, points in results.items()]))


if __name__ == "__main__":
    main()
