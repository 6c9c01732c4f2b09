#!/usr/bin/python3
"""fetch: what a fetch costs the client, by Gust and by libcurl, against nginx on the loopback.

  fetch.py [--n 100000] [--concurrent 64 1] [--rounds 5] [--build DIR]
  fetch.py flat [--n 1000000]     exit code 1 if a fetch fails, or if between a tenth of the way and
                                  the end memory grows by 1 MiB, or a descriptor is left

Both fetch the same short page, in turns, so many at a time; printed is the least CPU time of a fetch
(user and system) of each, how long one takes from its beginning to its end, and how many connections
it took. nginx has a core of its own where there are two.
"""

import argparse
import contextlib
import os
import pathlib
import re
import subprocess
import sys

from servers import ROOT, Server

STATE = re.compile(r"at \d+: (\d+) KiB, (\d+) descriptors")
LAST = re.compile(r"([\d.]+) us of CPU a fetch, which takes ([\d.]+) us, (\d+) connections")


class Stopping(Server):
    """One that contextlib.closing() stops."""

    close = Server.stop


def measure(program, url, n, concurrent):
    """(CPU microseconds of a fetch, microseconds that it takes, connections) of one run."""
    core = max(os.sched_getaffinity(0))
    done = subprocess.run(["taskset", "-c", str(core), str(program), url, str(n), str(concurrent)],
                          capture_output=True, text=True, check=False)
    found = LAST.search(done.stdout)
    assert done.returncode == 0 and found, done.stdout + done.stderr
    return float(found[1]), float(found[2]), int(found[3])


def measure_in_turns(programs, url, concurrent, args):
    """Of each program the least of each figure."""
    runs = [[measure(p, url, args.n, concurrent) for p in programs] for _ in range(args.rounds)]
    return [[min(figure) for figure in zip(*own)] for own in zip(*runs)]


def is_flat(url, args):
    """Whether neither memory nor descriptors grow; Gust alone."""
    program = [args.build / "bench" / "fetch", url, str(args.n or 1000000), str(args.concurrent[0])]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="")
    (early, n_early), (late, n_late) = STATE.findall(done.stdout)
    return done.returncode == 0 and int(late) < int(early) + 1024 and n_early == n_late


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[2])
    parser.add_argument("what", nargs="?", choices=["compare", "flat"], default="compare")
    parser.add_argument("--n", type=int)
    parser.add_argument("--concurrent", type=int, nargs="+", default=[64, 1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    args = parser.parse_args()
    programs = [p for name in ("fetch", "fetch_curl")
                if (p := args.build / "bench" / name).exists()]
    with contextlib.closing(Stopping("nginx", args.build)) as server:
        url = f"http://127.0.0.1:{server.port}/plaintext"
        if args.what == "flat":
            sys.exit(int(not is_flat(url, args)))
        args.n = args.n or 100000
        print(f"{'':12} {'at a time':>9} {'CPU, us':>8} {'takes, us':>9} {'connections':>11}")
        for concurrent in args.concurrent:
            best = measure_in_turns(programs, url, concurrent, args)
            for program, (cpu, takes, connections) in zip(programs, best):
                print(f"{program.name:12} {concurrent:9} {cpu:8.2f} {takes:9.1f} {connections:11}",
                      flush=True)


if __name__ == "__main__":
    main()
