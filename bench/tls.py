#!/usr/bin/python3
"""tls: what TLS costs, beside nginx with the same library, ciphers and certificate.

  tls.py [--seconds 2] [--rounds 5] [--min-ratio 0.97]     handshakes and bytes per CPU second
  tls.py idle [--connections 10000] [--max-bytes 15360]     resident bytes of an idle connection
  tls.py aborts [--connections 10000]    handshakes that are not finished, in four rounds; the loop
                                         is under 1 % of a core, and memory is flat from the second
                                         on

Servers take turns, a round each, on one core, the client on another; the ratio is the median of the
rounds' ratios. Exit code 1 if a limit is missed.
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from servers import BODY, PEERS, ROOT, free_port, prepare

TICK = os.sysconf("SC_CLK_TCK")
UNITS = {"full": "handshakes", "resumed": "resumed handshakes", "bulk": "MB"}


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem", "-subj", "/CN=localhost", "-days", "2"],
                   check=True, capture_output=True)


def gust(build, folder, port):
    return [f"{build}/bench/server", "--port", str(port), "--no-access-log", "--tls-cert",
            str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem")]


def nginx(build, folder, port):
    text = (PEERS / "nginx-tls.conf").read_text()
    for name, value in {"PORT": port, "DIR": folder, "BODY": BODY}.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(text)
    (folder / "big").write_bytes(b"x" * (1 << 20))
    return ["/usr/sbin/nginx", "-p", str(folder), "-e", "stderr", "-c",
            str(folder / "nginx.conf")]


class Server:
    def __init__(self, command, build, folder, core):
        self.build, self.port = build, free_port()
        self.process = subprocess.Popen(
            command(build, folder, self.port), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=lambda: prepare(core))
        for _ in range(500):
            if self.is_up():
                return
            time.sleep(0.02)
        raise SystemExit(f"{command.__name__} does not answer")

    def is_up(self):
        return subprocess.run([f"{self.build}/bench/tlsload", "--port", str(self.port), "full",
                               "0.001"], capture_output=True).returncode == 0

    def pids(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def cpu(self):
        total = 0
        for pid in self.pids():
            # utime and stime in nanoseconds' worth of precision, where the kernel has them
            total += int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        return total / 1e9

    def resident(self):
        return sum(int(line.split()[1]) * 1024 for pid in self.pids()
                   for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                   if line.startswith("VmRSS"))

    def run(self, mode, seconds, core):
        """What was done per second of the server's CPU."""
        before = self.cpu()
        done = subprocess.run([f"{self.build}/bench/tlsload", "--port", str(self.port), mode,
                               str(seconds)], check=True, capture_output=True, text=True,
                              preexec_fn=lambda: prepare(core))
        amount = int(done.stdout) / (1e6 if mode == "bulk" else 1)
        return amount / (self.cpu() - before)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def compare(args, folder, stack):
    pair = []
    for command in (gust, nginx):
        pair.append(Server(command, args.build, folder, 0))
        stack.callback(pair[-1].stop)
    worst = None
    for mode, unit in UNITS.items():
        rows = []
        for i in range(args.rounds):
            order = pair if i % 2 == 0 else pair[::-1]
            figures = {server: server.run(mode, args.seconds, 1) for server in order}
            rows.append((figures[pair[0]], figures[pair[1]]))
        ratio = statistics.median(ours / theirs for ours, theirs in rows)
        worst = ratio if worst is None else min(worst, ratio)
        print(f"{unit} per CPU second: gust {statistics.median(r[0] for r in rows):.0f}, nginx "
              f"{statistics.median(r[1] for r in rows):.0f}, ratio {ratio:.3f}", flush=True)
    return args.min_ratio is None or worst >= args.min_ratio


def idle(args, folder, stack):
    server = Server(gust, args.build, folder, None)
    stack.callback(server.stop)
    server.run("full", 1, None)  # what is allocated once is not counted
    before = server.resident()
    crowd = subprocess.Popen([f"{args.build}/bench/tlsload", "--port", str(server.port), "idle",
                              str(args.connections)], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
    stack.callback(crowd.communicate)
    crowd.stdout.readline()
    time.sleep(0.5)
    each = (server.resident() - before) / args.connections
    print(f"{each:.0f} bytes per idle connection over TLS ({args.connections} connections)")
    return args.max_bytes is None or each <= args.max_bytes


# --- handshakes that are not finished ---


def client_hello():
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing,
                                                server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def abort(port, how, hello):
    """One of five ways; the socket, if it stays."""
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall([b"", hello[:3], hello, hello[:-5], b"GET / HTTP/1.1\r\n\r\n"][how])
    if how in (1, 2):
        return s
    if how == 3:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    return None


def share(server, seconds):
    """How much of a core it uses while nobody does anything."""
    before = server.cpu()
    time.sleep(seconds)
    return (server.cpu() - before) / seconds


TRIM_PERIOD = 10  # seconds after which pools, and the heap, follow what is needed
LEFT = 8 << 20  # resident bytes that may stay: what the heap is told to keep


def work_off(server):
    """What was sent is more than it has seen so far."""
    deadline = time.monotonic() + 5
    while share(server, 0.1) >= 0.01 and time.monotonic() < deadline:
        pass


def n_descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def abort_all(server, n, hello):
    """Resident bytes when the last is gone and pools had the time to follow, and the loop's share
    of a core while they were there and after."""
    before = n_descriptors(server)
    held = [s for i in range(n) if (s := abort(server.port, i % 5, hello)) is not None]
    work_off(server)
    during = share(server, 3)
    deadline = time.monotonic() + 60
    while n_descriptors(server) > before and time.monotonic() < deadline:
        time.sleep(0.1)
    for s in held:
        s.close()
    if n_descriptors(server) > before:
        raise SystemExit(f"{n_descriptors(server) - before} connections were never closed")
    after = share(server, 2 * TRIM_PERIOD + 2)
    return server.resident(), during, after


def aborts(args, folder, stack):
    server = Server(gust, args.build, folder, None)
    stack.callback(server.stop)
    hello = client_hello()
    server.run("full", 1, None)  # what is allocated once is not counted
    had, rows = server.resident(), []
    for _ in range(4):
        rows.append(abort_all(server, args.connections, hello))
        print("{0} handshakes that were not finished: {2:.2%} of a core while they are there, "
              "{3:.2%} after, {1} bytes resident".format(args.connections, *rows[-1]), flush=True)
    worst = max(share for row in rows for share in row[1:])
    left = max(row[0] for row in rows) - had
    grown = max(row[0] for row in rows[1:]) - rows[1][0]
    print(f"{worst:.2%} of a core at the most; at the most {left} bytes more than before, and "
          f"{grown} more than after the second round")
    return worst < 0.01 and left < LEFT and grown < 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["compare", "idle", "aborts"], default="compare")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--min-ratio", type=float)
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--max-bytes", type=float)
    parser.add_argument("--build", default=str(ROOT / "build" / "release"))
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="gust-tls-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        make_certificate(folder)
        check = {"compare": compare, "idle": idle, "aborts": aborts}[args.what]
        return int(not check(args, folder, stack))


if __name__ == "__main__":
    sys.exit(main())
