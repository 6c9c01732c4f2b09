#!/usr/bin/python3
"""report: what `./dev bench` prints — every measure, and whether Gust keeps its promises.

  report.py [--quick]

Micro-benchmarks first (those that are built), then Gust beside the bare program and its peers in
pairs (pair.py) and per idle connection (memory.py). The promises are in the tables below; the exit
code is 1 if one does not hold. --quick measures in shorter rounds, to see that everything runs.
"""

import argparse
import pathlib
import re
import subprocess
import sys

import memory
import pair
from servers import ROOT, available

# program: [(what is promised, where its output tells it, the limit)]; the least figure counts
MICRO = {
    "head_bench": [
        ("nanoseconds for a head of 164 bytes", r"164 bytes +([\d.]+) ns", 60),
        ("nanoseconds for a head of 744 bytes", r"744 bytes +([\d.]+) ns", 150),
    ],
    "loop_bench": [],
    "switch_bench": [
        ("nanoseconds for a switch there and back", r"switch there and back +([\d.]+) ns", 6),
    ],
}
SERVERS = ["bare", "gust", "nginx", "h2o", "microhttpd", "tornado"]


def best(rows, name):
    return next((row for row in rows if row["server"] == name), None)


def cheapest(rows, *names):
    """The least best-round cost of the peers that are here."""
    return min((row["best_us"] for row in rows if row["server"] in names), default=float("inf"))


# scenario: [(what is promised, its value given Gust's row and all rows, the limit)]
PROMISES = {
    "plain": [
        ("total CPU over the bare program's", lambda g, rows: g["ratio_best"], 1.05),
        ("user microseconds", lambda g, rows: g["user_us"], 0.4),
        ("the bare program's user microseconds",
         lambda g, rows: best(rows, "bare")["user_us"], 0.12),
    ],
    "pipelined": [
        ("total CPU over the bare program's", lambda g, rows: g["ratio_best"], 1.30),
    ],
    "close": [
        ("CPU over the cheaper of nginx and h2o",
         lambda g, rows: g["best_us"] / cheapest(rows, "nginx", "h2o"), 1.0),
    ],
    "idle": [
        ("CPU with 10,000 idle connections over none", lambda g, rows: g["ratio_best"], 1.05),
    ],
    "memory": [
        ("bytes per idle connection", lambda g, rows: g["bytes"], 192),
    ],
}


def verdict(what, measured, limit):
    """Prints whether a promise holds; returns whether it does not."""
    print(f"  {'holds' if measured <= limit else 'DOES NOT HOLD'}: {what}: "
          f"{measured:.3f}, at most {limit}", flush=True)
    return measured > limit


def judge(scenario, rows):
    """Judges what was promised of this scenario; returns how many promises do not hold."""
    gust = next((row for row in reversed(rows) if row["server"].startswith("gust")), None)
    promises = PROMISES[scenario] if gust else []
    return sum(verdict(what, value(gust, rows), limit) for what, value, limit in promises)


def judge_micro(name, output):
    """The same of a micro-benchmark, by what it printed."""
    return sum(verdict(what, min(map(float, re.findall(pattern, output))), limit)
               for what, pattern, limit in MICRO[name])


def run_micro(build):
    """Runs those that are built; returns how many promises do not hold."""
    broken = 0
    for name in MICRO:
        program = pathlib.Path(build) / "bench" / name
        if program.exists():
            output = subprocess.run([str(program)], check=True, text=True,
                                    stdout=subprocess.PIPE).stdout
            print(f"\n{name}\n{output}", end="", flush=True)
            broken += judge_micro(name, output)
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    own = parser.parse_args()
    servers = [name for name in SERVERS if available(name, own.build)]
    shorter = ["--rounds", "2", "--seconds", "0.2"] if own.quick else []
    args = pair.parse_arguments([*servers, "--build", own.build, *shorter])
    broken = run_micro(own.build)
    for scenario in pair.SCENARIOS:
        rows = pair.run_scenario(scenario, args)
        pair.print_table(scenario, rows)
        broken += judge(scenario, rows)
    print("\nmemory")
    args = memory.parse_arguments([*servers, "--build", own.build])
    rows = [memory.measure(name, args) for name in servers]
    for row in rows:
        memory.print_row(row)
    broken += judge("memory", rows)
    if broken:
        print(f"\n{broken} promises do not hold", file=sys.stderr)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
