#!/usr/bin/python3
"""chart: Tornado's own comparison, with Gust in it: `ab -n 100000 -c 25`, four rows.

  chart.py [--requests 100000] [--rounds 3] [--out docs/chart.svg]

Gust alone, four Gust workers behind nginx, Tornado alone, four Tornado processes behind nginx. A
connection for each request, as `ab` does it; nothing is pinned, and client, proxy and servers share
the machine's cores. The rows take turns; the best round of each counts. Prints a table and writes
the chart.
"""

import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import svg
from servers import BODY, COMMANDS, PEERS, ROOT, Server


def proxy_to(name, ports):
    """A command for servers.COMMANDS: nginx in front of `ports`."""
    def command(build, directory, port, mode, length):
        text = (PEERS / "nginx_proxy.conf").read_text()
        servers = "\n        ".join(f"server 127.0.0.1:{p};" for p in ports)
        for key, value in {"NAME": name, "PORT": port, "DIR": directory, "SERVERS": servers}.items():
            text = text.replace(f"@{key}@", str(value))
        path = pathlib.Path(directory) / "nginx_proxy.conf"
        path.write_text(text)
        return ["/usr/sbin/nginx", "-p", directory, "-e", "stderr", "-c", str(path)]
    return command


def start(name, build, stack):
    server = Server(name, build, core=None)
    stack.callback(server.stop)
    return server


def start_all(build, stack):
    """(label, class, server) for each row."""
    def behind_nginx(label, ports):
        COMMANDS[label] = proxy_to(label, ports)
        return start(label, build, stack)

    gust = f"{build}/bench/server --port {{port}} --no-access-log"
    workers = start(f"gust4={gust} --workers 4", build, stack)
    processes = [start("tornado", build, stack) for _ in range(4)]
    return [
        ("nginx, 4 Gust workers", "a", behind_nginx("4 Gust workers", [workers.port])),
        ("Gust", "a", start("gust", build, stack)),
        ("nginx, 4 Tornado processes", "b",
         behind_nginx("4 Tornado processes", [p.port for p in processes])),
        ("Tornado", "b", start("tornado", build, stack)),
    ]


def parse_ab(output):
    """(requests a second, milliseconds at the 50th and the 99th percentile), or an error."""
    def number(pattern):
        found = re.search(pattern, output, re.MULTILINE)
        return float(found[1]) if found else None

    rate, half, most = (number(p) for p in (
        r"^Requests per second:\s+([\d.]+)", r"^\s+50%\s+(\d+)", r"^\s+99%\s+(\d+)"))
    if rate is None or number(r"^Failed requests:\s+(\d+)") != 0 or "Non-2xx" in output:
        raise SystemExit(f"ab did not succeed:\n{output}")
    return rate, half, most


def load(server, args):
    url = f"http://127.0.0.1:{server.port}{server.path}"
    done = subprocess.run(["ab", "-q", "-n", str(args.requests), "-c", "25", url], text=True,
                          capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"ab failed: {done.stderr}")
    return parse_ab(done.stdout)


def measure(args):
    """(label, class, best result) for each row."""
    with contextlib.ExitStack() as stack:
        rows = start_all(args.build, stack)
        results = [[] for _ in rows]
        for _ in range(args.rounds):
            for (_, _, server), had in zip(rows, results):
                had.append(load(server, args))
        return [(label, kind, max(had)) for (label, kind, _), had in zip(rows, results)]


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--out", default=str(ROOT / "docs" / "chart.svg"))
    args = parser.parse_args(argv)
    for program in ("ab", "/usr/sbin/nginx"):
        if not shutil.which(program):
            parser.error(f"{program} is not here: apt-get install apache2-utils nginx")
    return args


def main():
    args = parse_arguments()
    rows = measure(args)
    print(f"ab -n {args.requests} -c 25, best of {args.rounds}, {os.cpu_count()} cores, "
          f"{len(BODY)}-byte body")
    print(f"{'':28} {'requests/s':>12} {'50 %, ms':>9} {'99 %, ms':>9}")
    for label, _, (rate, half, most) in rows:
        print(f"{label:28} {rate:12,.0f} {half:9.0f} {most:9.0f}")
    pathlib.Path(args.out).write_text(svg.bars(
        "Requests per second",
        f"ab -n {args.requests} -c 25, a connection for each request; client, proxy and servers "
        f"share {os.cpu_count()} cores",
        [(label, result[0], kind) for label, kind, result in rows]))


if __name__ == "__main__":
    main()
