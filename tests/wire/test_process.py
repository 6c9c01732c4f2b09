"""A server's processes, from outside: start, crash, replacement, draining, exit codes.

Loads run in threads of this process; nothing sleeps for a fixed time but those loads: what is waited
for is polled, with a deadline. Every server is ended by its fixture, whatever happens.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

DEADLINE = 20  # seconds, for what takes milliseconds
LISTENS = re.compile(r"listens on \S*?127\.0\.0\.1:(\d+)")


def wait_for(condition, what, seconds=DEADLINE):
    """The condition's first value that is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.002)
    raise AssertionError(f"waited {seconds} s for {what}")


class Server:
    """One run of process_server, its log in a file."""

    def __init__(self, program, log, *options, **env):
        self.log_path = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(program), "--port=0", "--address=127.0.0.1", "--no-access-log", *options],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **env}, start_new_session=True)

    def log(self):
        return self.log_path.read_text()

    @property
    def port(self):
        return int(wait_for(lambda: LISTENS.search(self.log()), "the port")[1])

    def workers(self):
        pid = self.process.pid
        with contextlib.suppress(FileNotFoundError):
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
            return {int(child) for child in children.split()}
        return set()

    def started(self, n):
        wait_for(lambda: self.log().count("on_start in worker") >= n, f"{n} workers\n" + self.log())
        return self

    def stop(self, signo=signal.SIGTERM):
        self.process.send_signal(signo)
        return self

    def code(self):
        return self.process.wait(DEADLINE)

    def kill_all(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def request(self, path):
        """A socket on which `path` was asked for."""
        s = socket.create_connection(("127.0.0.1", self.port), DEADLINE)
        s.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        return s


@pytest.fixture
def serve(build, tmp_path):
    servers = []

    def start(*options, **env):
        log = tmp_path / f"log{len(servers)}"
        servers.append(Server(build / "tests" / "process_server", log, *options, **env))
        return servers[-1]

    yield start
    for server in servers:
        server.kill_all()


def answer(s):
    """A whole response with a Content-Length as (head, body); None when the connection ended with
    nothing said; raises what the socket raises, and EOFError in the middle."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        if end:
            length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
            if len(body) >= length:
                return head, body[:length]
        piece = s.recv(65536)
        if not piece:
            if data:
                raise EOFError(data)
            return None
        data += piece


# --- loads ---


class Load:
    """Clients that ask for /pid until they are told to stop, each request noted."""

    def __init__(self, port, n_kept, n_fresh):
        self.port = port
        self.answers = 0  # whole responses
        self.served = 0  # connections with one at the least
        self.resets = 0  # connections that ended before the first
        self.between = 0  # kept connections that ended between two requests
        self.broken = []  # answers that stopped in the middle
        self.pids_lost = []  # whose kept connection it was, when one ended
        self.lock = threading.Lock()
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i < n_kept,))
                        for i in range(n_kept + n_fresh)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: self.answers > 1000, "load")
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()

    def run(self, is_kept):
        while not self.ending.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as s:
                    self.converse(s, is_kept)
            except ConnectionRefusedError:  # nobody listens any more
                time.sleep(0.001)
            except ConnectionError:
                with self.lock:
                    self.resets += 1

    def converse(self, s, is_kept):
        n, pid = 0, None
        close = b"" if is_kept else b"Connection: close\r\n"
        while not self.ending.is_set():
            try:
                s.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n" + close + b"\r\n")
                got = answer(s)
            except (ConnectionError, EOFError) as error:
                got = None
                if isinstance(error, EOFError):
                    self.broken.append(error)
            if got is None:
                break
            n += 1
            pid = int(got[1])
            with self.lock:
                self.answers += 1
                self.served += n == 1
            if b"Connection: close" in got[0]:
                return
        else:
            return
        with self.lock:
            self.resets += n == 0
            self.between += n > 0
            self.pids_lost += [pid] if n > 0 else []


# --- cases ---


def test_the_first_line_says_what_runs_where(serve):
    server = serve("--workers=2", "--poller=poll").started(2)
    assert re.search(r"Gust \S+ listens on 127\.0\.0\.1:\d+; workers: 2; threads: 1; poller: poll; "
                     r"descriptors: \d+", server.log())


def test_a_killed_worker_is_replaced_and_only_its_connections_are_lost(serve):
    server = serve("--workers=4").started(4)
    before = server.workers()
    assert len(before) == 4
    with Load(server.port, n_kept=6, n_fresh=2) as load:
        victim = min(before)
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: server.workers() - before, "a replacement")
        forked = time.monotonic() - killed
        server.started(5)
        started = time.monotonic() - killed
        wait_for(lambda: load.answers > 2000, "the load to go on")
    print(f"replacement forked after {forked * 1e3:.1f} ms, serving after {started * 1e3:.1f} ms; "
          f"{load.answers} answers, {len(load.pids_lost)} kept and {load.resets} new connections "
          "of the dead worker lost")
    assert started < 5  # 0.1 s on a quiet machine
    assert set(load.pids_lost) <= {victim}
    assert not load.broken
    assert len(server.workers()) == 4
    assert server.stop().code() == 0


@pytest.mark.parametrize("options, n", [(["--workers=4"], 4), (["--workers=1"], 1),
                                        (["--threads=2"], 2)])
def test_draining_under_load_loses_nothing_that_was_accepted(serve, options, n):
    server = serve(*options).started(n)
    with Load(server.port, n_kept=4, n_fresh=4) as load:
        server.stop()
        assert server.code() == 0, server.log()
    counts = re.findall(r"on_stop: accepted (\d+), requests (\d+)", server.log())
    if "--threads=2" in options:  # threads count together; the last to stop has seen all
        counts = [max(counts, key=lambda c: int(c[1]))]
    accepted = sum(int(a) for a, _ in counts)
    requests = sum(int(r) for _, r in counts)
    print(f"{accepted} accepted, {requests} requests, {load.answers} answered; "
          f"{load.resets} resets before accept, {load.between} between requests")
    assert len(counts) == (1 if "--threads=2" in options else n)
    assert load.answers == requests
    assert load.served == accepted
    assert not load.broken


def test_requests_in_hand_are_finished_and_say_close(serve):
    server = serve().started(1)
    with server.request("/slow") as s, server.request("/pid") as idle:
        answer(idle)
        wait_for(lambda: answer_of_stop(server), "the stop to begin")
        assert idle.recv(1) == b""  # idle connections are closed at once
        head, body = answer(s)
        assert (body, b"Connection: close" in head) == (b"slow", True)
        assert s.recv(1) == b""
    assert server.code() == 0
    assert "on_stop: accepted 2, requests 2" in server.log()
    assert "background ended: draining 1, reason 4" in server.log()
    assert server.log().index("on_stop:") < server.log().index("background ended")


def answer_of_stop(server):
    if "stopping" not in server.log():
        server.stop()
    return "stopping" in server.log()


def test_what_was_received_behind_a_request_is_answered_too(serve):
    server = serve().started(1)
    with server.request("/slow") as s:
        s.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        with server.request("/pid") as later:
            answer(later)
        server.stop()
        data = b"".join(iter(lambda: s.recv(65536), b""))
    heads = [part.partition(b"\r\n\r\n")[0] for part in data.split(b"HTTP/1.1 ")[1:]]
    assert [b"Connection: close" in head for head in heads] == [False, False, True]
    assert server.code() == 0


def test_a_connection_that_says_nothing_does_not_hold_the_end_up(serve):
    server = serve().started(1)
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as silent:
        with server.request("/pid") as later:
            answer(later)
        began = time.monotonic()
        server.stop()
        assert silent.recv(1) == b""
        assert server.code() == 0
    assert time.monotonic() - began < 9  # linger_timeout is 2 s, header_timeout 10


def test_a_long_poll_is_cancelled_and_answered_503(serve):
    server = serve().started(1)
    with server.request("/poll") as s:
        with server.request("/pid") as later:  # its answer shows that the poll is in hand, too
            answer(later)
            server.stop()
            assert b" 503 " in answer(s)[0].split(b"\r\n")[0]
    assert server.code() == 0


def test_a_new_request_is_refused_once_the_listener_is_gone(serve):
    server = serve().started(1)
    port = server.port
    with server.request("/slow") as s:
        server.stop()
        wait_for(lambda: is_refused(port), "the listener to close")
        assert answer(s)[1] == b"slow"
    assert server.code() == 0


def is_refused(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("options", [["--workers=1"], ["--workers=2"], ["--threads=2"]])
def test_the_drain_timeout_cuts_what_is_left_and_exits_1(serve, options):
    server = serve("--drain-timeout=0.2", *options).started(2 if options != ["--workers=1"] else 1)
    with server.request("/stubborn") as s:
        with server.request("/pid") as later:
            answer(later)
        server.stop()
        assert answer(s) is None
    assert server.code() == 1
    assert "1 requests were cut before their end (drain_timeout)" in server.log()


@pytest.mark.parametrize("options", [["--workers=1"], ["--workers=2"]])
def test_a_second_signal_cuts_at_once(serve, options):
    server = serve("--drain-timeout=3600", *options).started(int(options[0][-1]))
    with server.request("/stubborn") as s:
        with server.request("/pid") as later:
            answer(later)
        server.stop()
        wait_for(lambda: "stopping" in server.log(), "the first")
        time.sleep(0.2)  # closer together they would be one
        server.stop(signal.SIGINT)
        assert answer(s) is None
    assert server.code() == 1


def test_signals_to_the_whole_group_count_once(serve):
    server = serve("--workers=2").started(2)
    with server.request("/slow") as s:
        with server.request("/pid") as later:
            answer(later)
        os.killpg(server.process.pid, signal.SIGTERM)
        os.killpg(server.process.pid, signal.SIGINT)
        assert answer(s)[1] == b"slow"
    assert server.code() == 0


def test_no_worker_starts_and_the_program_gives_up(serve):
    server = serve("--workers=3", GUST_TEST_START="fail")
    assert server.code() == 1
    assert "no worker could start, giving up" in server.log()
    assert "on_start failed: " in server.log()


def test_one_process_that_cannot_start_exits_1(serve):
    server = serve(GUST_TEST_START="fail")
    assert server.code() == 1
    assert "listens on" not in server.log()


def test_a_thread_that_cannot_start_takes_the_others_along(serve, tmp_path):
    server = serve("--threads=2", GUST_TEST_START="fail-once", GUST_TEST_ONCE=str(tmp_path / "x"))
    assert server.code() == 1


def test_a_worker_that_failed_once_is_started_again(serve, tmp_path):
    server = serve("--workers=2", GUST_TEST_START="fail-once", GUST_TEST_ONCE=str(tmp_path / "x"))
    server.started(2)
    assert "exited with status 1, restarting" in server.log()
    assert server.stop().code() == 0


def replacement_times(server, signo, n):
    """One of two workers ends by `signo`, then its replacement, and so on; the seconds until each
    next one served."""
    times = []
    for _ in range(n):
        before = server.workers()
        victim = max(before)
        os.kill(victim, signo)
        killed = time.monotonic()
        wait_for(lambda: served_by(server) not in before, "a replacement that serves")
        times.append(time.monotonic() - killed)
    print("replaced after " + ", ".join(f"{t * 1e3:.0f} ms" for t in times))
    return times


def served_by(server):
    """The process that answers a new connection; None if the connection was a dead worker's."""
    with contextlib.suppress(OSError, EOFError), server.request("/pid") as s:
        got = answer(s)
        return got and int(got[1])
    return None


def test_workers_that_crash_again_and_again_come_back_more_slowly(serve):
    server = serve("--workers=2").started(2)
    times = replacement_times(server, signal.SIGABRT, 3)
    assert times[2] > 0.15  # the third waits 0.2 s
    assert server.stop().code() == 0


def test_workers_that_are_killed_again_and_again_come_back_at_once(serve):
    server = serve("--workers=2").started(2)
    wait_for(lambda: served_by(server) == max(server.workers()), "both to serve")
    times = replacement_times(server, signal.SIGKILL, 6)
    assert times[5] < 1.5  # had they failed by themselves, the sixth would wait 1.6 s
    assert server.stop().code() == 0


def test_stopping_while_on_start_waits_ends_cleanly(serve):
    server = serve("--workers=2", GUST_TEST_START="slow")
    wait_for(lambda: len(server.workers()) == 2, "workers")
    server.stop()
    assert server.code() == 0
    assert "on_stop" not in server.log()


def test_workers_end_when_their_supervisor_is_killed(serve):
    server = serve("--workers=2").started(2)
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    wait_for(lambda: all(is_gone(pid) for pid in workers), "the workers to end")


def is_gone(pid):
    """Ended; a zombie that a container's first process does not wait for counts."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_second_server_on_the_port_cannot_start(serve):
    first = serve("--workers=2").started(2)
    second = serve(f"--port={first.port}")
    assert second.code() == 1
    assert "cannot listen on 127.0.0.1" in second.log()


def test_workers_share_a_unix_socket(serve, tmp_path):
    path = tmp_path / "s"
    server = serve("--workers=2", f"--address=unix:{path}").started(2)
    for _ in range(4):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE)
            s.connect(str(path))
            s.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n")
            assert int(answer(s)[1]) in server.workers()
    assert server.stop().code() == 0


BAD = {
    "an option that is none": (["--nope"], "Unrecognized command line option: '--nope'"),
    "a port that is none": (["--port=65536"], "from 0 to 65535"),
    "an argument": (["now"], "Unexpected argument: 'now'"),
    "a level that is none": (["--log-level=loud"], "or none, not 'loud'"),
    "a format that is none": (["--log-format=xml"], "must be text or json, not 'xml'"),
    "a poller that is not there": (["--poller=io"], "there is no poller 'io' here"),
    "more workers than the program allows": (["--workers=5"], "max_workers"),
    "more loops than the program allows": (["--workers=2", "--threads=3"], "at most 4"),
    "a level of a logger that is none": (["--log-levels=app=loud"], "must be LOGGER=LEVEL"),
    "a logger without a level": (["--log-levels=app"], "must be LOGGER=LEVEL, not 'app'"),
    "a time to rotate that is none": (["--log-file=log", "--log-rotate-when=noon"], "not 'noon'"),
    "a log that cannot be opened": (["--log-file=/nowhere/log"], "/nowhere/log"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_usage_exits_2_and_says_why(build, name):
    options, message = BAD[name]
    done = subprocess.run([build / "tests" / "process_server", *options], capture_output=True,
                          text=True, timeout=DEADLINE)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_a_poller_of_the_environment_that_is_not_there_is_named(build):
    done = subprocess.run([build / "tests" / "process_server"], capture_output=True, text=True,
                          env={**os.environ, "GUST_POLLER": "io"}, timeout=DEADLINE)
    assert (done.returncode, "GUST_POLLER: there is no poller 'io' here" in done.stderr) == (2, True)


def test_help_lists_the_options(build):
    done = subprocess.run([build / "tests" / "process_server", "--help"], capture_output=True,
                          text=True, timeout=DEADLINE)
    assert done.returncode == 0
    for option in ("port", "address", "workers", "threads", "drain-timeout", "log-level"):
        assert f"--{option}" in done.stdout


def test_the_log_is_json_lines_in_a_file(serve, tmp_path):
    path = tmp_path / "log.json"
    server = serve("--log-format=json", f"--log-file={path}", "--workers=2")
    wait_for(lambda: path.exists() and path.read_text().count("on_start in worker") == 2, "lines")
    assert server.stop().code() == 0
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert "listens on" in lines[0]["message"]
    assert server.log() == ""


def ask(server, n):
    """Asks n times, each on a connection of its own."""
    for _ in range(n):
        with server.request("/pid") as s:
            assert answer(s)[1].isdigit()


def test_workers_share_a_log_file_and_its_rotation(serve, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    server = serve("--log-format=json", f"--log-file={folder / 'log'}", "--log-to-stderr",
                   "--log-file-max-size=2000", "--log-file-num-backups=1000", "--workers=2",
                   "--access-log")
    ask(server, 100)
    assert server.stop().code() == 0
    lines = [json.loads(line) for path in folder.iterdir()
             for line in path.read_text().splitlines()]
    assert sum("GET /pid" in line["message"] for line in lines) == 100
    assert len(list(folder.iterdir())) > 5


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_opens_the_log_file_again_and_stops_nothing(serve, tmp_path, workers):
    path, moved = tmp_path / "log", tmp_path / "moved"
    server = serve(f"--log-file={path}", "--log-to-stderr", f"--workers={workers}")
    server.started(workers)
    ask(server, 1)
    path.rename(moved)
    server.stop(signal.SIGHUP)
    wait_for(path.exists, "the file")
    ask(server, 1)
    assert server.stop().code() == 0
    assert "stopping" in path.read_text()


def test_a_full_log_disk_holds_nobody(serve):
    server = serve("--log-file=/dev/full", "--log-to-stderr", "--access-log")
    ask(server, 20)
    assert server.stop().code() == 0
    assert "log lines were lost" in server.log()
