#!/usr/bin/python3
"""slow: what clients that are slow on purpose do to one that is not.

  slow.py heads [--connections 10000] [--at-once]
  slow.py bodies [--at-once]
  slow.py readers [--connections 4000]

So many connections, opened over 5 seconds or as fast as they can be, send one byte a second of a
head or of a body, or read pipelined answers of 128 KiB a byte a second, from a process of their own
on the client's core, which gives way to the quiet client. That one asks every millisecond, without
a pause from the first to the last round.

A round is a quiet window and an attack, which has three phases: the connections are opened, they
stand, they are closed at their limit. The p99 of each phase is divided by that of the quiet windows
on both its sides, and the median of these ratios over all rounds is judged: at most 2 in each phase,
but for the opening of readers, which is an ordinary load of large answers. Every round's slow
clients must all be closed in time and, unless they are readers, by 408.
"""

import argparse
import os
import select
import socket
import statistics
import sys
import time

from servers import ROOT, Server, prepare

QUIET = 3  # seconds of a window without slow clients
OPENING = 5  # seconds
# What a second is cut into, each for its share of the slow: they know nothing of each other, so they
# do not send in bursts.
SLICES = 1000
MOST = 2.0  # times the quiet p99
PHASES = ["opening", "standing", "closing"]
REQUESTS = {
    "heads": b"GET /plaintext HTTP/1.1\r\nHost: x\r\nX: ",
    "bodies": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "readers": b"GET /download?size=131072 HTTP/1.1\r\nHost: x\r\n\r\n" * 8,
}
# How many there are; a reader costs some 200 KiB in the kernel and in the server.
COUNTS = {"heads": 10000, "bodies": 10000, "readers": 4000}
# Seconds from the first byte: header_timeout is 10; 240 bytes a second count after 5, and what
# the kernel holds for a reader counts as read.
LIMITS = {"heads": 13, "bodies": 13, "readers": 30}
# A reader with a small window and small segments, as there are many on the way through the world,
# has the server's kernel keep some 50 KiB; on loopback's terms it would be megabytes.
SEGMENT, WINDOW = 1400, 4096


# --- the slow ones ---


class Crowd:
    """The connections of one attack, in the process that drives them."""

    def __init__(self, kind, server, n, opening):
        self.kind, self.server, self.poller, self.sockets = kind, server, select.epoll(), {}
        self.refused = self.cut = 0
        self.asked, self.n_left, self.n_before = 0, n, n_descriptors(server)
        began = time.monotonic()
        for i in range(n):
            if opening > 0:
                time.sleep(max(0, began + i * opening / n - time.monotonic()))
            self.open_one()

    def open_one(self):
        s = socket.socket()
        if self.kind == "readers":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT)
        s.connect(("127.0.0.1", self.server.port))
        s.setblocking(False)
        self.sockets[s.fileno()] = s
        events = select.EPOLLRDHUP if self.kind == "readers" else select.EPOLLIN
        self.poller.register(s, events | select.EPOLLHUP)
        s.send(REQUESTS[self.kind])

    def end(self, fd):
        s = self.sockets.pop(fd)
        self.poller.unregister(fd)
        try:
            answer = s.recv(64) if self.kind != "readers" else b""
        except OSError:
            answer = b""
        self.refused += b" 408 " in answer
        self.cut += b" 408 " not in answer
        s.close()

    def trickle(self, sockets):
        for s in sockets:
            try:
                s.recv(1) if self.kind == "readers" else s.send(b"x")
            except OSError:
                pass  # it is over, and epoll says so

    def n_open(self):
        """A reader finds the end only behind all that it has not read, so the server is asked, and
        not too often: to list its descriptors may hold a core for milliseconds."""
        if self.kind != "readers":
            return len(self.sockets)
        if time.monotonic() - self.asked > 0.5:
            self.n_left = max(0, n_descriptors(self.server) - self.n_before)
            self.asked = time.monotonic()
        return self.n_left

    def live(self, seconds):
        """Until all are closed or it is too late; when the first was. What the machine did not let
        happen in its slice is not made up for."""
        began = now = time.monotonic()
        turn, n, first = 0, self.n_open(), None
        while (left := self.n_open()) and now - began < seconds:
            if first is None and left < n:
                first = now
            self.trickle(list(self.sockets.values())[turn % SLICES::SLICES])
            turn, until = turn + 1, now + 1 / SLICES
            now = time.monotonic()
            while self.sockets:
                for fd, _ in self.poller.poll(max(0, until - now), 64):
                    self.end(fd)
                now = time.monotonic()
                if now >= until:
                    break
        return first or now


def n_descriptors(server):
    """Counted by the kernel, where it does (Linux 6.2)."""
    path = f"/proc/{server.process.pid}/fd"
    return os.stat(path).st_size or len(os.listdir(path))


def drive(args, server, to):
    """The process of the slow ones: what became of them, and when each phase ended."""
    # Not nice(): one that is nice keeps the core for its slice when the quiet client wakes, and that
    # would be measured.
    os.sched_setscheduler(0, os.SCHED_OTHER if args.is_first else os.SCHED_IDLE,
                          os.sched_param(0))
    began = time.monotonic()
    crowd = Crowd(args.kind, server, args.connections, 0 if args.at_once else OPENING)
    stands = time.monotonic()
    first = crowd.live(LIMITS[args.kind] + 5)
    os.write(to, f"{crowd.refused} {crowd.cut} {crowd.n_open()} {began} {stands} {first} "
                 f"{time.monotonic()}\n".encode())


# --- the quiet one ---


def go_first(server):
    """Puts server and quiet client before what else the machine does, which is not to be measured;
    whether it could, which takes root."""
    try:
        for pid in (server.process.pid, 0):
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return False
    return True


class Quiet:
    """Asks every millisecond, and keeps when and how long."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken = []  # (when, microseconds)

    def ask_until(self, is_over):
        while not is_over():
            began = time.monotonic()
            self.socket.sendall(b"GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n")
            if not self.socket.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("the quiet client was not answered")
            self.taken.append((began, (time.monotonic() - began) * 1e6))
            time.sleep(0.001)

    def p99(self, since, until):
        """Of what was asked in this time."""
        within = sorted(us for when, us in self.taken if since <= when < until)
        return within[int(0.99 * (len(within) - 1))]


def rest(client):
    """A quiet window; its p99."""
    began = time.monotonic()
    client.ask_until(lambda: time.monotonic() - began > QUIET)
    return client.p99(began, time.monotonic())


def attack(args, client, server):
    """(p99 by phase, whether all were closed as promised)"""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        drive(args, server, theirs)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        client.ask_until(lambda: select.select([said], [], [], 0)[0])
        words = said.readline().split()
    os.waitpid(pid, 0)
    if not words:
        raise SystemExit("the slow clients failed")
    refused, cut, n_open = map(int, words[:3])
    edges = list(map(float, words[3:]))
    took = edges[3] - edges[1]
    print(f"  {refused} answered 408, {cut} cut, {n_open} left open; the last closed after "
          f"{took:.1f} s", end="; ")
    is_closed = n_open == 0 and took <= LIMITS[args.kind] and (
        args.kind == "readers" or refused == args.connections)
    # What is over in a moment is judged by the second that it falls into.
    return [client.p99(a, max(b, a + 1)) for a, b in zip(edges, edges[1:])], is_closed


def measure(args, client, server):
    """[ratios of each phase], and whether all were closed as promised."""
    ratios, all_closed, before = [[] for _ in PHASES], True, rest(client)
    for _ in range(args.rounds):
        phases, is_closed = attack(args, client, server)
        after = rest(client)
        print(f"p99 {before:.0f} us before, " + ", ".join(
            f"{p99:.0f} {name}" for name, p99 in zip(PHASES, phases))
            + f", {after:.0f} after", flush=True)
        for taken, p99 in zip(ratios, phases):
            taken.append(2 * p99 / (before + after))
        all_closed, before = all_closed and is_closed, after
    return ratios, all_closed


def judge(args, ratios, all_closed):
    medians = [statistics.median(taken) for taken in ratios]
    print(f"slow {args.kind} x {args.connections}{' at once' if args.at_once else ''}: p99 over the "
          f"quiet one, median of {args.rounds} rounds: " + ", ".join(
              f"{name} {median:.2f}" for name, median in zip(PHASES, medians))
          + f" (at most {MOST:.0f})", flush=True)
    if not all_closed:
        print("a slow client was not closed at its limit, or not by 408")
    judged = medians[1:] if args.kind == "readers" else medians
    return int(not all_closed or max(judged) > MOST)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=REQUESTS)
    parser.add_argument("--connections", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    args = parser.parse_args()
    args.connections = args.connections or COUNTS[args.kind]
    prepare(1 if os.cpu_count() > 1 else 0)
    server = Server("gust", args.build)
    args.is_first = go_first(server)
    try:
        return judge(args, *measure(args, Quiet(server.port), server))
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
