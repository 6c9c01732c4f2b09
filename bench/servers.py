"""servers: the programs that are measured, by name, and what the kernel says they used.

A server is started pinned to a core, on a free port, in a directory of its own, and is up when it
answers. CPU and memory are those of the process and all its descendants, threads included.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
TICK = os.sysconf("SC_CLK_TCK")
BODY = "Hello, World!"


def free_port():
    """One that is free now. It is not one that the system gives to connections (from 32768 on, as a
    rule): on a busy machine such a one is soon another's."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", random.randrange(20000, 32768)))
            return s.getsockname()[1]


def fill(template, directory, port):
    """Writes bench/peers/TEMPLATE with its @NAMES@ filled in."""
    text = (PEERS / template).read_text()
    for name, value in {"PORT": port, "DIR": directory, "BODY": BODY}.items():
        text = text.replace(f"@{name}@", str(value))
    path = pathlib.Path(directory) / template
    path.write_text(text)
    return str(path)


def bare(build, directory, port, mode, length):
    extra = {"pipelined": ["--pipeline"], "close": ["--close"]}.get(mode, [])
    return [f"{build}/bench/bare", "--port", str(port), "--length", str(length), *extra]


def gust(build, directory, port, mode, length):
    return [f"{build}/bench/server", "--port", str(port), "--no-access-log"]


def nginx(build, directory, port, mode, length):
    return ["/usr/sbin/nginx", "-p", directory, "-e", "stderr", "-c",
            fill("nginx.conf", directory, port)]


def h2o(build, directory, port, mode, length):
    root = pathlib.Path(directory) / "root"
    root.mkdir()
    (root / "plaintext").write_text(BODY)
    return ["/usr/bin/h2o", "-c", fill("h2o.conf", directory, port)]


def microhttpd(build, directory, port, mode, length):
    return [f"{build}/bench/microhttpd", str(port), BODY]


def tornado(build, directory, port, mode, length):
    return ["/usr/bin/python3", str(PEERS / "tornado_server.py"), str(port), BODY]


COMMANDS = {f.__name__: f for f in (bare, gust, nginx, h2o, microhttpd, tornado)}


def available(name, build):
    """Whether the named server's program is there (bench/server is not, before it is written)."""
    if name not in COMMANDS:
        return "=" in name
    directory = tempfile.mkdtemp()
    try:
        command = COMMANDS[name](build, directory, 1, "plain", 256)
        return os.access(command[0], os.X_OK)
    finally:
        shutil.rmtree(directory)


class Server:
    """One running server. `name` is one of COMMANDS, or NAME=COMMAND with {port} in it."""

    def __init__(self, name, build, mode="plain", path="/plaintext", core=0, length=256):
        self.name, _, command = name.partition("=")
        self.port = free_port()
        self.path = path
        self.directory = tempfile.mkdtemp(prefix="gust-bench-")
        os.chmod(self.directory, 0o755)
        argv = (command.format(port=self.port).split() if command
                else COMMANDS[name](build, self.directory, self.port, mode, length))
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            preexec_fn=lambda: prepare(core))
        self.answer_length = self.wait_until_up()

    def wait_until_up(self):
        """Asks until the server answers; returns the length of its answer."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} exited with {self.process.returncode}")
            try:
                return self.ask()
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.name} does not answer on port {self.port}")

    def ask(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as s:
            s.sendall(f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            have = b""
            while b"\r\n\r\n" not in have:
                data = s.recv(65536)
                if not data:
                    raise OSError("closed early")
                have += data
            head, _, _ = have.partition(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            return len(head) + 4 + int(fields[b"content-length"])

    def pids(self):
        """The server's process and its descendants."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                todo += [int(p) for p in (thread / "children").read_text().split()]
        return found

    def cpu(self):
        """(seconds on a core to the nanosecond, user ticks, system ticks)."""
        total = user = system = 0
        for pid in self.pids():
            for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((thread / "schedstat").read_text().split()[0])
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            user += int(fields[11])
            system += int(fields[12])
        return total / 1e9, user, system

    def resident(self):
        """Resident bytes over the process tree, from smaps_rollup (VmRSS lags behind)."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Rss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def prepare(core):
    """In the child: its core, and as many descriptors as it may have."""
    import resource
    if core is not None:
        os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Load:
    """bench/load behind a barrier: connected when made, runs on run(), closes on close()."""

    def __init__(self, build, server, core=1, **options):
        argv = [f"{build}/bench/load", "--port", str(server.port), "--path", server.path,
                "--barrier"]
        for name, value in options.items():
            argv += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, preexec_fn=lambda: prepare(core))
        if self.process.stdout.readline() != "ready\n":
            self.close()
            raise SystemExit(f"the load on {server.name} failed")

    def run(self):
        """The result as a dict of floats; the connections stay open."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("the load failed in its run")
        return {k: float(v) for k, v in (word.split("=") for word in line.split())}

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
