#!/usr/bin/python3
"""uploader PROGRAM…: large files in little memory, servers that refuse and that die, and time."""

import contextlib
import filecmp
import http.client
import http.server
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

DEADLINE = 100
MB = 1 << 20
# What sanitizers keep of freed memory would hide what the program keeps.
SMALL = {**os.environ,
         "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}


class Run:
    """The client, run to its end: exit code, what it said, and the most memory it had."""

    def __init__(self, program, *words):
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen([*program, *map(str, words)], stdout=out, stderr=err,
                                       env=SMALL)
            timer = threading.Timer(DEADLINE, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = self.code = os.waitstatus_to_exitcode(status)
            self.most = usage.ru_maxrss * 1024
            out.seek(0)
            err.seek(0)
            self.out, self.err = out.read(), err.read()

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}\n{self.err}"


@contextlib.contextmanager
def serving(program, folder, *options):
    """The example's own server: (its URL, its process)."""
    server = subprocess.Popen([*program, "serve", "--address=127.0.0.1", "--port=0",
                               f"--folder={folder}", *options],
                              stderr=subprocess.PIPE, text=True, env=SMALL)
    try:
        while not (found := re.search(r"listens on \S*:(\d+)", line := server.stderr.readline())):
            assert line, "the server ended"
        yield f"http://127.0.0.1:{found[1]}/", server
        server.send_signal(signal.SIGTERM)
        log = server.communicate(timeout=DEADLINE)[1]
        assert server.returncode == 0, log
    finally:
        server.kill()
        server.wait()


class Peer:
    """A server of ours that does with each connection what a function says."""

    def __init__(self, answer):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=20)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.n_connections = 0
        threading.Thread(target=self.accept, args=[answer], daemon=True).start()

    def accept(self, answer):
        while True:
            connection = self.listener.accept()[0]
            connection.settimeout(DEADLINE)
            self.n_connections += 1
            threading.Thread(target=self.serve, args=[connection, answer], daemon=True).start()

    @staticmethod
    def serve(connection, answer):
        with connection, contextlib.suppress(ConnectionError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return
                head += more
            answer(connection, head)


def wait_until(is_so):
    until = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.001)


def most_of(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def make(path, size):
    """A file that is not the same everywhere, and takes no time to make."""
    with open(path, "wb") as file:
        for at in range(0, size, 10 * MB):
            file.seek(at)
            file.write(f"{at} is here".encode())
        file.truncate(size)
    return path


def whole(program, here, there):
    """Files of many sizes and names, two of them at a time."""
    files = [make(here / name, size) for name, size in (
        ("empty", 0), ("one", 12), ("two words", 300000), ("größe", MB), ("100%", 256 * 1024))]
    with serving(program, there) as (url, _):
        done = Run(program, "--at-once=2", url, *files)
    assert done.code == 0 and done.out.endswith("\n5 of 5 files are there\n"), done
    assert filecmp.cmpfiles(here, there, [f.name for f in files], shallow=False)[0] == [
        f.name for f in files]
    assert len(os.listdir(there)) == 5


def large(program, here, there):
    """200 MiB and the same again, in a fraction of that memory on either side."""
    files = [make(here / name, 200 * MB) for name in ("a", "b")]
    with serving(program, there) as (url, server):
        done = Run(program, "--progress=20ms", url, *files)
        assert most_of(server) < 64 * MB, most_of(server)
    assert done.code == 0 and done.most < 64 * MB, (done, done.most)
    for file in files:
        assert filecmp.cmp(file, there / file.name, shallow=False)
    sent = [float(n) for n in re.findall(r"^\d of 2 files, ([\d.]+) MB, [\d.]+ MB/s$", done.err,
                                         re.MULTILINE)]
    assert sent == sorted(sent) and 0 < sent[-1] <= 2 * 200 * MB / 1e6, done


def too_large(program, here, there):
    """It is not sent: the server says so before."""
    fits, not_ = make(here / "fits", MB), make(here / "not", MB + 1)
    with serving(program, there, f"--max-size={MB}") as (url, _):
        done = Run(program, "--at-once=1", url, not_, fits)
    assert done.code == 1 and f"{not_}: 413 Content Too Large\n" in done.out, done
    assert f"{fits}: 201 Created\n" in done.out and os.listdir(there) == ["fits"], done


def refused_early(program, here, _):
    """A server that knows no 100, answers in the middle of the body, and reads no more of it."""
    def refuse(connection, head):
        assert b"\r\nExpect: 100-continue\r\n" in head, head
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 413 Too Much For Me\r\nContent-Length: 0\r\n"
                           b"Connection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    peer = Peer(refuse)
    file = make(here / "file", 200 * MB)
    done = Run(program, peer.url, file)
    assert done.code == 1 and f"{file}: 413 Too Much For Me\n" in done.out, done
    assert peer.n_connections == 1


def dead(program, here, _):
    """A server that dies under one file is not bothered with it again; the next one goes there."""
    def die_once(connection, head):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if b"PUT /first " in head:
            connection.recv(65536)
            return
        left = int(re.search(rb"Content-Length: (\d+)", head)[1])
        while left > 0:
            left -= len(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    peer = Peer(die_once)
    files = [make(here / name, 20 * MB) for name in ("first", "second")]
    done = Run(program, "--at-once=1", peer.url, *files)
    assert done.code == 1 and "\n1 of 2 files are there\n" in done.out, done
    assert re.search(f"{files[0]}: .*(closed|reset|pipe)", done.out, re.IGNORECASE), done
    assert f"{files[1]}: 201 Created\n" in done.out and peer.n_connections == 2, done
    peer.listener.close()


def hanging(program, here, _):
    """The deadline is one for all, those that have not begun included."""
    def hang(connection, _):
        while connection.recv(65536):
            pass

    files = [make(here / str(n), 1000) for n in range(5)]
    done = Run(program, "--at-once=2", "--deadline=300ms", Peer(hang).url, *files)
    assert done.code == 1 and done.out.endswith("\n0 of 5 files are there\n"), done
    assert len(re.findall(r"timed out", done.out, re.IGNORECASE)) == 5, done


def at_once(program, here, _):
    """As many at a time as it was told, no fewer and no more."""
    three = threading.Barrier(3, timeout=DEADLINE)
    lock, now, most = threading.Lock(), 0, 0

    def count(connection, _):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        three.wait()
        with lock:
            now -= 1
        three.wait()
        connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n"
                           b"Connection: close\r\n\r\n")

    files = [make(here / str(n), 0) for n in range(9)]
    done = Run(program, "--at-once=3", Peer(count).url, *files)
    assert done.code == 0 and most == 3, done


def half(program, _, there):
    """A client that leaves in the middle leaves nothing; a name that leads out is refused."""
    with serving(program, there) as (url, _):
        port = int(url.split(":")[2].strip("/"))
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.sendall(b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
            wait_until(lambda: os.listdir(there))
        wait_until(lambda: not os.listdir(there))
        for name in ("%2e%2e%2fx", ".hidden", "x" * 201):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
            connection.request("PUT", f"/{name}", b"text")
            assert connection.getresponse().status == 400, name
            connection.close()
    assert not os.listdir(there) and not (there.parent / "x").exists()


def misused(program, here, _):
    nowhere = here / "nowhere"
    done = Run(program, "http://127.0.0.1:1/", nowhere, make(here / "file", 10))
    assert done.code == 1 and f"{nowhere}: No such file" in done.out, done
    assert "Connection refused" in done.out, done
    for words in ((), ("http://127.0.0.1:1/",), ("http://127.0.0.1:1", "file"),
                  ("--at-once=65", "http://127.0.0.1:1/", "file")):
        done = Run(program, *words)
        assert done.code == 2 and done.err, done


def main():
    for case in (whole, large, too_large, refused_early, dead, hanging, at_once, half, misused):
        print(case.__name__, flush=True)
        with tempfile.TemporaryDirectory() as directory:
            here, there = (pathlib.Path(directory) / name for name in ("here", "there"))
            here.mkdir()
            there.mkdir()
            case(sys.argv[1:], here, there)


if __name__ == "__main__":
    main()
