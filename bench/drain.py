#!/usr/bin/python3
"""drain: SIGTERM under load, and what becomes of those who were just connecting.

  drain.py [--stops 20] [--workers 2]

Clients ask, with a connection for each request, as fast as they can, until the server refuses them.
Meanwhile it gets SIGTERM. Counted over all stops are requests that were answered, those whose
connection was made and reset before a byte came (the kernel had it in the queue of a socket that was
closed), and answers that were cut. It fails if an answer is cut, a worker does not exit with 0
within 5 seconds, or more than one connection a listening socket is reset: one can always slip in
between the last accept and the close.
"""

import argparse
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time

from servers import ROOT, Server, prepare

CLIENTS, UNDER_LOAD = 8, 0.4  # processes; seconds before the signal
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
OUTCOMES = ["answered", "reset", "cut", "refused"]


def ask(port):
    """The outcome of one request on a connection of its own."""
    try:
        s = socket.create_connection(("127.0.0.1", port), 5)
    except OSError:
        return "refused"
    have = b""
    with s:
        try:
            s.sendall(REQUEST)
            while data := s.recv(4096):
                have += data
        except OSError:
            pass
    if have.startswith(b"HTTP/1.1 200 ") and have.endswith(b"\r\n\r\nHello, World!"):
        return "answered"
    return "cut" if have else "reset"


def client(port, to):
    counts = dict.fromkeys(OUTCOMES, 0)
    while counts["refused"] == 0:
        counts[ask(port)] += 1
    to.put(counts)


def stop_once(args, totals):
    """Whether it went as promised, but for resets; adds to the totals."""
    command = (f"gust={args.build}/bench/server --port {{port}} --no-access-log "
               f"--workers {args.workers}")
    server = Server(command, args.build, core=None)
    said = multiprocessing.SimpleQueue()
    clients = [multiprocessing.Process(target=client, args=(server.port, said))
               for _ in range(CLIENTS)]
    try:
        for process in clients:
            process.start()
        time.sleep(UNDER_LOAD)
        os.kill(server.process.pid, signal.SIGTERM)
        code = server.process.wait(5)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        server.stop()
    for process in clients:
        for name, n in said.get().items():
            totals[name] += n
        process.join()
    if code != 0:
        print(f"the server exited with {code}" if code is not None else "the server did not exit")
    return code == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    args = parser.parse_args()
    prepare(None)
    totals = dict.fromkeys(OUTCOMES, 0)
    exits = [stop_once(args, totals) for _ in range(args.stops)]
    most = args.stops * args.workers
    print(f"{args.stops} stops of {args.workers} workers under load: {totals['answered']} requests "
          f"answered, {totals['reset']} connections reset before they were accepted (at most "
          f"{most}), {totals['cut']} answers cut, {exits.count(True)} exits with 0", flush=True)
    return int(not all(exits) or totals["reset"] > most or totals["cut"] > 0)


if __name__ == "__main__":
    sys.exit(main())
