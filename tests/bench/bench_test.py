"""The programs that measure, measured: what they count is right, and what they must refuse, they do.

No figure is looked at here, only that there is one: this is not where speed is judged.
"""

import json
import pathlib
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree

import pytest

BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "bench"
sys.path.insert(0, str(BENCH))
import chart  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402
import svg  # noqa: E402

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Scripted:
    """A server that counts requests and answers with answer(number)."""

    def __init__(self, answer):
        self.answer, self.requests, self.heads = answer, 0, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        have = b""
        while data := connection.recv(65536):
            have += data
            while b"\r\n\r\n" in have:
                head, _, have = have.partition(b"\r\n\r\n")
                self.heads.append(head + b"\r\n\r\n")
                self.requests += 1
                connection.sendall(self.answer(self.requests))
                if b"Connection: close" in head:
                    connection.close()
                    return


def load(build, port, *options):
    return subprocess.run([build / "bench" / "load", "--port", str(port), *options],
                          capture_output=True, text=True, timeout=60)


def counted(done):
    assert done.returncode == 0, done.stderr
    return {k: float(v) for k, v in (word.split("=") for word in done.stdout.split())}


def test_load_sends_as_many_requests_as_it_says(build):
    server = Scripted(lambda n: ANSWER)
    result = counted(load(build, server.port, "--requests", "20", "--connections=4"))
    assert result["requests"] == 20 and result["length"] == len(ANSWER)
    assert server.requests == 20 + 4  # each connection is warmed up by one


def test_load_pipelines_in_batches(build):
    server = Scripted(lambda n: ANSWER)
    done = load(build, server.port, "--requests=32", "--pipeline=16", "--connections=1")
    assert counted(done)["requests"] == 32 and server.requests == 33


def test_load_closes_a_connection_for_each_request(build):
    server = Scripted(lambda n: ANSWER)
    done = load(build, server.port, "--requests=10", "--close", "--connections=2")
    assert counted(done)["requests"] == 10
    assert all(b"Connection: close" in head for head in server.heads)


def test_load_has_idle_connections_serve_one_request(build):
    server = Scripted(lambda n: ANSWER)
    counted(load(build, server.port, "--connections=0", "--idle=30", "--seconds=0"))
    assert server.requests == 30


@pytest.mark.parametrize("size", [100, 164, 744])
def test_load_pads_the_head(build, size):
    server = Scripted(lambda n: ANSWER)
    counted(load(build, server.port, "--requests=1", "--connections=1", f"--header={size}"))
    assert {len(head) for head in server.heads} == {size}


REFUSED = {
    "an error from the start": (lambda n: b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "200"),
    "an error later": (
        lambda n: ANSWER if n < 3 else b"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nhello", "200"),
    "an answer that grows": (
        lambda n: ANSWER if n < 3 else ANSWER.replace(b"5", b"6") + b"!", "than"),
    "no length": (lambda n: b"HTTP/1.1 200 OK\r\n\r\n", "Content-Length"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_load_refuses(build, name):
    answer, message = REFUSED[name]
    done = load(build, Scripted(answer).port, "--requests=50", "--connections=1")
    assert done.returncode == 1 and message in done.stderr and done.stdout == ""


@pytest.mark.parametrize("mode, request_count", [("plain", 1), ("pipelined", 3)])
def test_bare_answers_with_the_length_it_was_given(build, mode, request_count):
    server = servers.Server("bare", str(build), mode, core=None, length=300)
    try:
        assert server.answer_length == 300
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n" * request_count)
            have = b""
            while len(have) < 300 * request_count:
                have += s.recv(65536)
            assert have.count(b"HTTP/1.1 200 OK\r\n") == request_count
    finally:
        server.stop()


def script(name, build, *arguments):
    return subprocess.run(["/usr/bin/python3", "-B", BENCH / name, "--build", build, *arguments],
                          capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("scenario, rows", [("plain", 2), ("pipelined", 2), ("close", 2),
                                            ("idle", 4)])
def test_pair_prints_figures_for_each_server(build, scenario, rows):
    done = script("pair.py", build, "--scenario", scenario, "--rounds=2", "--seconds=0.1",
                  "--idle=100", "--json", "bare", "bare")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)[scenario]
    assert len(figures) == rows and figures[0]["ratio_best"] == 1
    assert all(row["best_us"] > 0 and row["rate"] > 0 for row in figures)


@pytest.mark.parametrize("limit, code", [("0.000001", 1), ("plain=0.000001", 1),
                                         ("plain=1000000", 0), ("close=0.000001", 0)])
def test_pair_exits_by_the_ratio(build, limit, code):
    done = script("pair.py", build, "--rounds=1", "--seconds=0.1", "--max-ratio", limit,
                  "bare", "bare")
    assert done.returncode == code, done.stderr


def test_pair_refuses_a_server_that_is_not_there(build):
    assert script("pair.py", build, "apache").returncode == 2


def test_memory_counts_by_connection(build):
    done = script("memory.py", build, "--connections=300", "--json", "bare")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)[0]
    assert row["bytes"] == (row["after"] - row["before"]) / 300


def test_servers_leave_nothing_behind(build):
    server = servers.Server("bare", str(build), core=None)
    directory, pid = pathlib.Path(server.directory), server.process.pid
    server.stop()
    assert not directory.exists() and not pathlib.Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("short, long, n_broken", [(60.0, 150.0, 0), (60.1, 150.0, 1),
                                                   (99.0, 151.0, 2)])
def test_report_judges_the_fastest_parser_by_what_head_bench_prints(short, long, n_broken):
    output = (f"avx2    164 bytes {short:6.1f} ns   744 bytes {long:6.1f} ns\n"
              "plain   164 bytes  107.1 ns   744 bytes  424.2 ns\n")
    assert report.judge_micro("head_bench", output) == n_broken


def test_report_finds_what_it_judges_in_the_output(build):
    for name, promises in report.MICRO.items():
        output = subprocess.run([build / "bench" / name], stdout=subprocess.PIPE, text=True,
                                check=True).stdout if promises else ""
        assert report.judge_micro(name, output) <= len(promises)


AB = """
Complete requests:      2000
Failed requests:        {failed}
{more}Requests per second:    13801.29 [#/sec] (mean)
  50%      2
  99%      4
"""


def test_chart_reads_what_ab_prints():
    assert chart.parse_ab(AB.format(failed=0, more="")) == (13801.29, 2, 4)


@pytest.mark.parametrize("failed, more", [(3, ""), (0, "Non-2xx responses:      2000\n")])
def test_chart_refuses_a_run_that_failed(failed, more):
    with pytest.raises(SystemExit):
        chart.parse_ab(AB.format(failed=failed, more=more))


@pytest.mark.parametrize("drawn", [
    svg.bars("a & b", "note", [("one", 10.0, "a"), ("two <", 5.0, "b")]),
    svg.lines("a & b", "note", "x", [("one", "a", [(0, 1.0), (900, 2.5)]), ("two", "b", [(0, 1.0)])]),
])
def test_charts_are_xml_and_inside_their_page(drawn):
    page = xml.etree.ElementTree.fromstring(drawn)
    width, height = float(page.get("width")), float(page.get("height"))
    for element in page.iter():
        assert 0 <= float(element.get("x", 0)) <= width
        assert 0 <= float(element.get("y", 0)) <= height


@pytest.mark.parametrize("most, expected", [
    (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]), (7, [0, 1, 2, 3, 4, 5, 6, 7]),
    (10000, [0, 2000, 4000, 6000, 8000, 10000]),
])
def test_ticks_are_round(most, expected):
    assert svg.ticks(most) == pytest.approx(expected)


def test_labels_stand_apart():
    assert svg.apart([100, 100, 30]) == [100, 86, 30]
    assert svg.apart([88, 100, 90]) == [72, 100, 86]
    assert svg.apart([]) == []


def test_blocking_counts_who_was_answered(build, tmp_path):
    """With times so short that only the counts mean anything."""
    out = tmp_path / "chart.svg"
    done = subprocess.run(
        ["/usr/bin/python3", str(BENCH / "blocking.py"), "--build", str(build), "--delay", "0.002",
         "--crowd", "40", "--crowd-delay", "0.002", "--seconds", "20", "--out", str(out)],
        capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows[-3:]] == [[way, "40"] for way in ("task", "threads", "blocking")]
    assert [row[0] for row in rows[2:5]] == ["task", "threads", "blocking"]
    xml.etree.ElementTree.fromstring(out.read_text())


def test_a_page_is_the_same_by_both_templates(build):
    done = subprocess.run(["/usr/bin/python3", "-B", BENCH / "template.py", "--rounds", "1", "--build",
                           build], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1) and "times faster (182571 bytes)" in done.stdout, done.stderr
