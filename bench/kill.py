#!/usr/bin/python3
"""kill: workers that are killed under load, and clients that vanish.

Sixty times one of three workers is killed (SIGKILL) while clients ask; printed is how long it took
until there were three again, and how many requests were lost: at most those of the connections that
the worker had. Then 20,000 clients leave in the middle of a head, by a reset; the server must stand,
and hold no descriptor of theirs. It fails if one replacement takes more than 100 ms.
"""

import os
import pathlib
import random
import signal
import socket
import statistics
import sys
import threading
import time

from servers import ROOT, Server, prepare

KILLS, WORKERS, CLIENTS, VANISHING = 60, 3, 8, 20000
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: x\r\n\r\n"


class Client(threading.Thread):
    """Asks on a kept connection, and on a new one when that is lost."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.answers, self.lost, self.is_over = port, 0, 0, False

    def run(self):
        while not self.is_over:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    while not self.is_over:
                        s.sendall(REQUEST)
                        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
                            raise OSError("closed")
                        self.answers += 1
            except OSError:
                self.lost += 1


def workers(server):
    return {pid for pid in server.pids() if pid != server.process.pid}


def kill_one(server):
    """Milliseconds until another stands in its place."""
    victim = random.choice(sorted(workers(server)))
    began = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    while time.monotonic() - began < 10:
        try:
            now = workers(server)
        except OSError:  # one of them was going just then
            continue
        if victim not in now and len(now) == WORKERS:
            break
        time.sleep(0.0005)
    return (time.monotonic() - began) * 1e3


def kill_many(server):
    clients = [Client(server.port) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    took = []
    for _ in range(KILLS):
        time.sleep(0.3)
        took.append(kill_one(server))
    for client in clients:
        client.is_over = True
        client.join(10)
    answers, lost = sum(c.answers for c in clients), sum(c.lost for c in clients)
    print(f"{KILLS} kills: replaced in {statistics.median(took):.1f} ms (median), {max(took):.1f} ms "
          f"(longest), at most 100; {lost} of {answers} requests lost", flush=True)
    return max(took) <= 100 and lost <= KILLS * CLIENTS and answers > 0


def descriptors(server):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in server.pids())


def vanish(server):
    before, resident = descriptors(server), server.resident()
    for i in range(VANISHING):
        with socket.create_connection(("127.0.0.1", server.port), 5) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.sendall(REQUEST[:i % len(REQUEST)] or b"G")
    time.sleep(1)
    server.ask()
    after, grown = descriptors(server), server.resident() - resident
    print(f"{VANISHING} clients vanished: descriptors {before} before, {after} after; resident "
          f"{grown / 1024:+.0f} KiB", flush=True)
    return after <= before + 1 and grown < 4 << 20


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build" / "release")
    prepare(None)
    command = f"gust={build}/bench/server --port {{port}} --no-access-log --workers {WORKERS}"
    server = Server(command, build, core=None)
    try:
        time.sleep(0.5)
        results = [kill_many(server), vanish(server)]
    finally:
        server.stop()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
