#!/usr/bin/python3
"""pair: CPU per request of several servers, measured in pairs.

Single runs on a shared machine scatter by a third; alternating runs against servers that are all
alive, compared round by round, by a few per cent. Each server is pinned to core 0, the load to
core 1. A round is one load of --seconds on each server in turn; every figure is the server
process's own accounting, bracketed by barriers around the load.

  pair.py --scenario plain --rounds 5 bare gust nginx
  pair.py --scenario all --max-ratio plain=1.05,pipelined=1.30 bare gust
  pair.py bare mine='./server --port {port}'

Scenarios: plain (64 keep-alive connections), pipelined (256 connections, 16 requests in flight
each, with the smallest heads: what a request costs beside the kernel), close (a connection per request), idle (plain, beside a twin of the same server that holds
--idle connections more: what idleness costs).

The ratio is to the first server (idle: to the twin without idle connections), by best rounds and by
the median over rounds. User time is counted by the kernel in ticks, so it is the share of user ticks
over all rounds, of the time on the core. --max-ratio judges the second server's best-round ratio
(idle: every server's): the exit code is 1 if it is above.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys

from servers import COMMANDS, ROOT, Load, Server, available

SCENARIOS = {
    "plain": {"connections": 64},
    "pipelined": {"connections": 256, "pipeline": 16, "header": 0},
    "close": {"connections": 64, "close": True},
    "idle": {"connections": 64},
}


class Tally:
    """What one server used, over the rounds."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.rounds = []  # CPU microseconds per request
        self.rates = []
        self.seconds = self.user = self.system = self.requests = 0

    def measure(self, build, load):
        before = self.server.cpu()
        result = load.run()
        after = self.server.cpu()
        load.close()
        used, n = after[0] - before[0], result["requests"]
        if n == 0:
            raise SystemExit(f"{self.name} answered nothing within a round")
        self.rounds.append(used * 1e6 / n)
        self.rates.append(result["rate"])
        self.seconds += used
        self.user += after[1] - before[1]
        self.system += after[2] - before[2]
        self.requests += n

    def figures(self, base):
        ticks = max(1, self.user + self.system)
        return {
            "server": self.name,
            "best_us": min(self.rounds),
            "median_us": statistics.median(self.rounds),
            "user_us": self.seconds * 1e6 / self.requests * self.user / ticks,
            "rate": statistics.median(self.rates),
            "ratio_best": min(self.rounds) / min(base.rounds),
            "ratio_paired": statistics.median(
                mine / theirs for mine, theirs in zip(self.rounds, base.rounds)),
        }


def start_all(names, scenario, args, stack):
    """The servers in the order of `names`; bare last, because it copies the answer's length."""
    tallies, length = [None] * len(names), 256
    for i in sorted(range(len(names)), key=lambda i: names[i] == "bare"):
        server = Server(names[i], args.build, scenario, args.path, length=length)
        stack.callback(server.stop)
        tallies[i] = Tally(server.name, server)
        if i == min(1, len(names) - 1):
            length = server.answer_length
    return tallies


def start_twins(names, args, stack):
    """For each name a server without idle connections, and one with."""
    tallies = []
    for name in names:
        plain, crowded = (start_all([name], "idle", args, stack)[0] for _ in range(2))
        crowd = Load(args.build, crowded.server, idle=args.idle, connections=0)
        stack.callback(crowd.close)
        crowded.name += f" + {args.idle} idle"
        tallies += [plain, crowded]
    return tallies


def run_scenario(scenario, args):
    options = dict({"header": args.header}, **SCENARIOS[scenario], seconds=args.seconds)
    with contextlib.ExitStack() as stack:
        tallies = (start_twins(args.servers, args, stack) if scenario == "idle"
                   else start_all(args.servers, scenario, args, stack))
        for i in range(args.rounds):
            for tally in tallies if i % 2 == 0 else reversed(tallies):
                tally.measure(args.build, Load(args.build, tally.server, **options))
        bases = ([tallies[i - i % 2] for i in range(len(tallies))] if scenario == "idle"
                 else [tallies[0]] * len(tallies))
        return [tally.figures(base) for tally, base in zip(tallies, bases)]


def print_table(scenario, rows):
    print(f"\n{scenario}\n{'server':24} {'best':>8} {'median':>8} {'user':>8} {'rate':>10} "
          f"{'best':>7} {'paired':>7}\n{'':24} {'µs':>8} {'µs':>8} {'µs':>8} {'1/s':>10} "
          f"{'ratio':>7} {'ratio':>7}")
    for row in rows:
        print("{server:24} {best_us:8.3f} {median_us:8.3f} {user_us:8.3f} {rate:10.0f} "
              "{ratio_best:7.3f} {ratio_paired:7.3f}".format(**row))
    sys.stdout.flush()


def parse_limits(text):
    """'1.05', or 'plain=1.05,close=1': what ratio each scenario may have."""
    if not text:
        return {}
    if "=" not in text:
        return dict.fromkeys(SCENARIOS, float(text))
    return {name: float(value) for name, value in (p.split("=") for p in text.split(","))}


def exceeds(scenario, rows, limits):
    judged = rows[1::2] if scenario == "idle" else rows[1:2]
    over = [row for row in judged if row["ratio_best"] > limits.get(scenario, float("inf"))]
    for row in over:
        print(f"{scenario}: {row['server']} is at {row['ratio_best']:.3f}, "
              f"the limit is {limits[scenario]}", file=sys.stderr)
    return bool(over)


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+", help=f"{', '.join(COMMANDS)} or NAME=COMMAND")
    parser.add_argument("--scenario", choices=[*SCENARIOS, "all"], default="plain")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--header", type=int, default=164, help="bytes of a request's head")
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--path", default="/plaintext")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--max-ratio", default="", help="NUMBER, or SCENARIO=NUMBER,…")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    for name in args.servers:
        if not available(name, args.build):
            parser.error(f"{name} is not here: build it, or install it with ./dev bench")
    return args


def main():
    args = parse_arguments()
    limits = parse_limits(args.max_ratio)
    if os.cpu_count() < 2:
        raise SystemExit("pair needs two cores")
    results, failed = {}, False
    for scenario in SCENARIOS if args.scenario == "all" else [args.scenario]:
        results[scenario] = run_scenario(scenario, args)
        if not args.json:
            print_table(scenario, results[scenario])
        failed = exceeds(scenario, results[scenario], limits) or failed
    if args.json:
        print(json.dumps(results, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
