#!/usr/bin/python3
"""blocking: what a slow service does to those who ask it, by how the handler waits for it.

  blocking.py [--delay 0.5] [--crowd 1000] [--crowd-delay 5] [--seconds 30] [--out docs/blocking.svg]

bench/blocking is a server whose handler fetches from a service that answers after a delay: in its
task, by a blocking client on threads, and by a blocking client on the loop. Each way gets
`ab -c 5 -n 50` first, with --delay; then a crowd of clients that ask once each, all at the same
moment, with --crowd-delay, and it is counted who has an answer after each of --seconds. Prints both
tables and draws the second.
"""

import argparse
import contextlib
import pathlib
import resource
import selectors
import socket
import subprocess
import time

import svg
from chart import parse_ab
from servers import ROOT, Server

WAYS = {"task": "a", "threads": "b", "blocking": "c"}


def start(args, stack, *options):
    command = f"{args.build}/bench/blocking --port {{port}} --no-access-log --log-level error "
    server = Server("blocking=" + command + " ".join(options), args.build, path="/up", core=None)
    stack.callback(server.stop)
    return server


@contextlib.contextmanager
def front(args, delay):
    """A server in front of a service that takes so long."""
    with contextlib.ExitStack() as stack:
        service = start(args, stack, f"--delay {delay}s")
        yield start(args, stack, f"--backend http://127.0.0.1:{service.port}/slow")


# --- a few clients ---


def few(args, way):
    """(seconds, milliseconds at the 50th and the 99th percentile) of ab -c 5 -n 50."""
    with front(args, args.delay) as server:
        began = time.monotonic()
        done = subprocess.run(["ab", "-q", "-s", "600", "-c", "5", "-n", "50",
                               f"http://127.0.0.1:{server.port}/{way}"],
                              text=True, capture_output=True, check=False)
        took = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"ab failed: {done.stderr}")
    return took, *parse_ab(done.stdout)[1:]


# --- a crowd ---


def ask(port, path, n):
    """n connections, each with a request on its way."""
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(n)]
    for s in sockets:
        s.sendall(request)
    return sockets


def count(sockets, seconds):
    """When each answer came, in seconds from now; those that did not come are left out."""
    began, times = time.monotonic(), []
    with selectors.DefaultSelector() as selector:
        for s in sockets:
            selector.register(s, selectors.EVENT_READ)
        while len(times) < len(sockets) and (left := began + seconds - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                answer = key.fileobj.recv(4096)
                if not answer.startswith(b"HTTP/1.1 200 "):
                    raise SystemExit(f"an answer that is none: {answer[:40]!r}")
                times.append(time.monotonic() - began)
                selector.unregister(key.fileobj)
    return times


def crowd(args, way):
    """When answers came, in seconds from when the last was asked for."""
    with front(args, args.crowd_delay) as server:
        sockets = ask(server.port, f"/{way}", args.crowd)
        try:
            return count(sockets, args.seconds)
        finally:
            for s in sockets:
                s.close()


def answered_by(times, seconds):
    """[(second, how many had come)]"""
    return [(t, sum(at <= t for at in times)) for t in range(seconds + 1)]


# --- the program ---


def parse_arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.5)
    parser.add_argument("--crowd", type=int, default=1000)
    parser.add_argument("--crowd-delay", type=float, default=5)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    parser.add_argument("--out", default=str(ROOT / "docs" / "blocking.svg"))
    return parser.parse_args(argv)


def main():
    args = parse_arguments()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(f"ab -c 5 -n 50, the service takes {args.delay:g} s")
    print(f"{'':10} {'all, s':>8} {'50 %, ms':>9} {'99 %, ms':>9}")
    for way in WAYS:
        took, half, most = few(args, way)
        print(f"{way:10} {took:8.2f} {half:9.0f} {most:9.0f}", flush=True)
    print(f"{args.crowd:,} clients at once, the service takes {args.crowd_delay:g} s")
    print(f"{'':10} {'answered in ' + str(args.seconds) + ' s':>18} {'the last after, s':>18}")
    series = []
    for way, kind in WAYS.items():
        times = crowd(args, way)
        last = f"{max(times):.2f}" if times else "–"
        print(f"{way:10} {len(times):18,} {last:>18}", flush=True)
        series.append((way, kind, answered_by(times, args.seconds)))
    pathlib.Path(args.out).write_text(svg.lines(
        f"{args.crowd:,} clients at once, each asks for what takes {args.crowd_delay:g} s",
        "answers that had come; one process, by how the handler waits for the service behind it",
        "seconds", series), encoding="utf-8")


if __name__ == "__main__":
    main()
