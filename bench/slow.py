#!/usr/bin/python3
"""slow: what clients that are slow on purpose do to one that is not.

  slow.py heads --connections 10000
  slow.py bodies
  slow.py readers --connections 300

So many connections, opened over 5 seconds, send one byte a second of a head or of a body, or read
eight pipelined answers of 1 MiB so slowly, from a process of their own on the client's core, which
gives way to it. Meanwhile the quiet
client asks every millisecond. Printed are its p50 and p99 alone, while they are opened, and from
then on until the last is closed, and how the slow ones ended. It fails if p99 more than doubles in
each of three tries once they stand, or a slow one is not closed at its limit. (A reader costs megabytes in the kernel, which is why they are fewer.)
"""

import argparse
import os
import select
import socket
import sys
import time

from servers import ROOT, Server, prepare

QUIET_SECONDS = 4
OPENING = 5  # seconds
ROUNDS = 50  # a second is cut into; each serves a share of the connections
TRIES = 3
REQUESTS = {
    "heads": b"GET /plaintext HTTP/1.1\r\nHost: x\r\nX: ",
    "bodies": b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n",
    "readers": b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n" * 8,
}
# Seconds from the first byte: header_timeout is 10; 240 bytes a second count after 5, and what
# the kernel holds for a reader counts as read.
LIMITS = {"heads": 13, "bodies": 13, "readers": 30}


# --- the slow ones ---


class Crowd:
    """The connections, in the process that drives them."""

    def __init__(self, kind, port, n, pid, n_before):
        self.pid = pid
        self.n_before = n_before + 1  # and the quiet client
        self.kind, self.poller, self.sockets = kind, select.epoll(), {}
        self.refused = self.cut = 0
        began = time.monotonic()
        for i in range(n):
            time.sleep(max(0, began + i * OPENING / n - time.monotonic()))
            s = socket.socket()
            if kind == "readers":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", port))
            s.setblocking(False)
            self.sockets[s.fileno()] = s
            events = select.EPOLLRDHUP if kind == "readers" else select.EPOLLIN
            self.poller.register(s, events | select.EPOLLHUP)
            s.send(REQUESTS[kind])

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
        """A reader finds the end only behind all that it has not read, so the server is asked."""
        if self.kind != "readers":
            return len(self.sockets)
        return max(0, len(os.listdir(f"/proc/{self.pid}/fd")) - self.n_before)

    def live(self, seconds):
        """Until all are closed; how long that took."""
        began, turn = time.monotonic(), 0
        while self.n_open() and time.monotonic() - began < seconds:
            self.trickle(list(self.sockets.values())[turn % ROUNDS::ROUNDS])
            turn += 1
            until = began + turn / ROUNDS
            while (left := until - time.monotonic()) > 0 and self.sockets:
                for fd, _ in self.poller.poll(left, 256):
                    self.end(fd)
        return time.monotonic() - began


def drive(kind, server, n, seconds, n_before, to):
    """The process of the slow ones: says when they stand, and what became of them."""
    # Not nice(): one that is nice keeps the core for its slice when the quiet client wakes, and that
    # would be measured.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    crowd = Crowd(kind, server.port, n, server.process.pid, n_before)
    os.write(to, b"ready\n")
    took = crowd.live(seconds)
    os.write(to, f"refused={crowd.refused} cut={crowd.cut} open={crowd.n_open()} "
                 f"seconds={took:.1f}\n".encode())


# --- the quiet one ---


def ask_until(port, is_over):
    """Latencies in microseconds, sorted."""
    request, taken = b"GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n", []
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not is_over():
            began = time.perf_counter()
            s.sendall(request)
            if not s.recv(4096).startswith(b"HTTP/1.1 200"):
                raise SystemExit("the quiet client was not answered")
            taken.append((time.perf_counter() - began) * 1e6)
            time.sleep(0.001)
    return sorted(taken)


def at(share, taken):
    return taken[int(share * (len(taken) - 1))]


def attack(server, kind, n):
    """(latencies while they are opened, those from then on, the slow ones' own account)"""
    ours, theirs = os.pipe()
    n_before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    pid = os.fork()
    if pid == 0:
        drive(kind, server, n, LIMITS[kind] + 5, n_before, theirs)
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        def has_said():
            return select.select([said], [], [], 0)[0]

        opening = ask_until(server.port, has_said)
        if said.readline() != "ready\n":
            raise SystemExit("the slow clients failed")
        steady = ask_until(server.port, has_said)
        account = said.readline().strip()
    os.waitpid(pid, 0)
    return opening, steady, account


def measure(kind, n, build):
    """Whether the limits were kept: (of time, of latency)."""
    server = Server("gust", build)
    try:
        end = time.monotonic() + QUIET_SECONDS
        quiet = ask_until(server.port, lambda: time.monotonic() > end)
        opening, beside, account = attack(server, kind, n)
    finally:
        server.stop()
    ratio = at(0.99, beside) / at(0.99, quiet)
    print(f"slow {kind} x {n}: quiet p50 {at(.5, quiet):.0f} p99 {at(.99, quiet):.0f} us, opening "
          f"p50 {at(.5, opening):.0f} p99 {at(.99, opening):.0f} us, beside "
          f"p50 {at(.5, beside):.0f} p99 {at(.99, beside):.0f} us, ratio {ratio:.2f} (at most 2); "
          f"{account}", flush=True)
    said = {k: float(v) for k, v in (word.split("=") for word in account.split())}
    is_closed = said["open"] == 0 and said["seconds"] <= LIMITS[kind]
    return is_closed and (kind == "readers" or said["refused"] == n), ratio <= 2


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=REQUESTS)
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    args = parser.parse_args()
    prepare(1 if os.cpu_count() > 1 else 0)
    for _ in range(TRIES):
        is_closed, is_quiet = measure(args.kind, args.connections, args.build)
        if not is_closed:
            print("a slow client was not closed at its limit, or not by 408")
            return 1
        if is_quiet:
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
