#!/usr/bin/python3
"""memory: resident bytes of an idle keep-alive connection that has served a request.

  memory.py --connections 10000 gust nginx

The connections are opened by bench/load in processes of their own (at most 15,000 each), each
serves one request, and nothing is sent after. Before the first reading the server is warmed up by
a short load, so that what it allocates once is not counted.
"""

import argparse
import contextlib
import json
import sys
import time

from servers import ROOT, Load, Server

PER_PROCESS = 15000


def settle(server):
    """The resident size once it has stood still for half a second."""
    last, since = server.resident(), time.monotonic()
    while time.monotonic() - since < 0.5:
        time.sleep(0.1)
        current = server.resident()
        if current != last:
            last, since = current, time.monotonic()
    return last


def measure(name, args):
    with contextlib.ExitStack() as stack:
        server = Server(name, args.build, path=args.path, core=None)
        stack.callback(server.stop)
        warm = Load(args.build, server, core=None, connections=64, seconds=0.3)
        warm.run()
        warm.close()
        before = settle(server)
        left = args.connections
        while left > 0:
            crowd = Load(args.build, server, core=None, connections=0,
                         idle=min(left, PER_PROCESS))
            stack.callback(crowd.close)
            left -= PER_PROCESS
        after = settle(server)
        return {"server": server.name, "connections": args.connections, "before": before,
                "after": after, "bytes": (after - before) / args.connections}


def print_row(row):
    print("{server:20} {bytes:8.0f} bytes per idle connection "
          "({connections} connections, {before} to {after})".format(**row), flush=True)


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="+")
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--path", default="/plaintext")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--max-bytes", type=float, help="exit 1 if the first server needs more")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(argv)


def main():
    args = parse_arguments()
    rows = [measure(name, args) for name in args.servers]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print_row(row)
    return int(args.max_bytes is not None and rows[0]["bytes"] > args.max_bytes)


if __name__ == "__main__":
    sys.exit(main())
