#!/usr/bin/python3
"""fetch: what a fetch costs the client, by Gust and by libcurl, against nginx on the loopback.

  fetch.py [--n 100000] [--concurrent 64] [--rounds 5] [--build DIR]

Both fetch the same short page, in turns; printed is the least CPU time of a fetch (user and system)
of each, and how many connections it took. nginx has a core of its own where there are two.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess

from servers import ROOT, Server

LAST = re.compile(r"([\d.]+) us of CPU a fetch, (\d+) connections, (\d+) failed")


class Stopping(Server):
    """One that contextlib.closing() stops."""

    close = Server.stop


def measure(program, url, n, concurrent):
    """(CPU microseconds of a fetch, connections) of one run."""
    core = max(os.sched_getaffinity(0))
    done = subprocess.run(["taskset", "-c", str(core), str(program), url, str(n), str(concurrent)],
                          capture_output=True, text=True, check=False)
    found = LAST.search(done.stdout)
    assert done.returncode == 0 and found, done.stdout + done.stderr
    return float(found[1]), int(found[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[2])
    parser.add_argument("--n", type=int, default=100000)
    parser.add_argument("--concurrent", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    args = parser.parse_args()
    programs = [p for name in ("fetch", "fetch_curl")
                if (p := args.build / "bench" / name).exists()]
    with contextlib.closing(Stopping("nginx", args.build)) as server:
        url = f"http://127.0.0.1:{server.port}/plaintext"
        runs = [[measure(p, url, args.n, args.concurrent) for p in programs]
                for _ in range(args.rounds)]
    for i, program in enumerate(programs):
        cost, connections = min(run[i] for run in runs)
        print(f"{program.name}: {cost:.2f} us of CPU a fetch, {connections} connections")


if __name__ == "__main__":
    main()
