#!/usr/bin/python3
"""held: what fast requests wait for because answers are held until the batch is over.

  held.py BUILD [BUILD…]

Beside connections whose handler computes for 200 microseconds, a client asks for a trivial page
every millisecond. Printed are its p50 and p99, by the number of busy connections, for each build:
build/release, and one of a copy of the tree in which GU_NET_HELD is 1. They take turns, five each of
a second and a half; a figure is the median of its turns.
"""

import argparse
import os
import statistics
import time

from servers import ROOT, Load, Server, prepare
from slow import Quiet, go_first

BUSY, ROUNDS, SECONDS = [0, 1, 4, 16], 5, 1.5


def turn(server, busy):
    """(p50, p99) of the fast client, in microseconds."""
    load = None
    if busy > 0:
        load = Load(ROOT / "build" / "release", server, connections=busy, seconds=SECONDS + 0.5)
        os.sched_setscheduler(load.process.pid, os.SCHED_OTHER, os.sched_param(0))
        load.process.stdin.write("\n")
        load.process.stdin.flush()
    client, end = Quiet(server.port), time.monotonic() + SECONDS
    client.ask_until(lambda: time.monotonic() > end)
    if load is not None:
        load.process.stdout.readline()
        load.close()
    taken = sorted(us for _, us in client.taken)
    return [taken[int(share * (len(taken) - 1))] for share in (0.5, 0.99)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("builds", nargs="+")
    builds = parser.parse_args().builds
    prepare(1)
    servers = [Server("gust", build, path="/busy?us=200") for build in builds]
    for server in servers:
        go_first(server)
    try:
        for busy in BUSY:
            turns = [[turn(server, busy) for server in servers] for _ in range(ROUNDS)]
            for i, build in enumerate(builds):
                p50, p99 = (statistics.median(t[i][k] for t in turns) for k in (0, 1))
                print(f"{busy:2} busy: p50 {p50:5.0f} us, p99 {p99:5.0f} us  ({build})", flush=True)
    finally:
        for server in servers:
            server.stop()


if __name__ == "__main__":
    main()
