#!/usr/bin/python3
"""bulk: a body of 10 GiB up, and an answer of 10 GiB down, through a server that stays small.

  bulk.py [--gib 10]

Uploads with Content-Length and in chunks, sent by a client that is not ours (curl), pulled by a
handler that answers how many bytes came; then a streamed download, whose bytes curl counts. A
tenth of a second apart the server's resident memory is read: it fails if that ever grows by more
than 8 MiB, or a length is not the one that was asked for.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time

from servers import ROOT, Server

MOST = 8 << 20  # bytes that the server may grow by: buffers of one connection
CHUNKED = ["--header", "Transfer-Encoding: chunked"]


class Watch(threading.Thread):
    """The most that the server grew by while this runs."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.before = server, server.resident()
        self.grown, self.is_over = 0, threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.1):
            self.grown = max(self.grown, self.server.resident() - self.before)

    def stop(self):
        self.is_over.set()
        self.join()
        return self.grown


def curl(server, path, *options):
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--max-time", "3600", *options,
         f"http://127.0.0.1:{server.port}{path}"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"curl failed: {done.stderr}")
    return int(done.stdout)


def upload(server, n, *fields):
    """The number of bytes that the handler says came. They are of a file without blocks."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(n)
        return curl(server, "/upload", "--request", "POST", "--upload-file", file.name,
                    "--header", "Expect:", *fields)


def download(server, n):
    return curl(server, f"/download?size={n}", "--output", "/dev/null", "--write-out",
                "%{size_download}")


def measure(name, server, n, transfer):
    watch, before, began = Watch(server), server.cpu()[0], time.monotonic()
    came = transfer()
    took, used = time.monotonic() - began, server.cpu()[0] - before
    grown = watch.stop()
    print(f"{name}: {came} of {n} bytes in {took:.1f} s ({n / took / 1e6:.0f} MB/s, "
          f"{n / used / 1e6:.0f} MB per CPU second of the server); "
          f"resident {grown / 1024:+.0f} KiB (at most {MOST >> 10})", flush=True)
    return came == n and grown <= MOST


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=10)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    args = parser.parse_args()
    n = int(args.gib * (1 << 30))
    server = Server("gust", args.build, core=None)
    try:
        upload(server, 1 << 20)  # what is allocated once is not counted
        results = [
            measure("upload", server, n, lambda: upload(server, n)),
            measure("upload in chunks", server, n, lambda: upload(server, n, *CHUNKED)),
            measure("download", server, n, lambda: download(server, n)),
        ]
    finally:
        server.stop()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
