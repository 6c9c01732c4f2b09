"""Clients that we did not write: curl, ab, wrk, http.client, Tornado's."""

import http.client
import re
import subprocess

import pytest


def run(*argv, stdin=b""):
    done = subprocess.run([str(a) for a in argv], input=stdin, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def curl(*argv, stdin=b""):
    return run("curl", "-sS", "--max-time", "20", *argv, stdin=stdin)


CURLS = {
    "1.1": (["http://H/hello"], b"hello"),
    "1.0": (["--http1.0", "http://H/hello"], b"hello"),
    "POST": (["-d", "a=b", "http://H/echo"], b"a=b"),
    "POST in 1.0": (["--http1.0", "-d", "a=b", "http://H/echo"], b"a=b"),
    "two on one connection":
        (["-w", "%{num_connects}", "http://H/hello", "http://H/hello"], b"hello1hello0"),
    "kept in 1.0": (["--http1.0", "-H", "Connection: keep-alive", "http://H/hello",
                     "http://H/hello"], b"hellohello"),
    "absolute-form, by a proxy": (["-x", "http://H", "http://elsewhere/hello"], b"hello"),
    "OPTIONS *": (["-X", "OPTIONS", "--request-target", "*", "-o", "/dev/null", "-w",
                   "%{http_code}", "http://H/"], b"204"),
    "HEAD": (["-I", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "http://H/big"],
             b"200 0"),
    "not found": (["-o", "/dev/null", "-w", "%{http_code}", "http://H/nothing"], b"404"),
    "big": (["-o", "/dev/null", "-w", "%{size_download}", "http://H/big"], b"1048576"),
}


@pytest.mark.parametrize("name", CURLS)
def test_curl(bench, name):
    argv, answer = CURLS[name]
    assert curl(*[a.replace("H/", f"127.0.0.1:{bench}/") if a.startswith("http://H/") else
                  a.replace("//H", f"//127.0.0.1:{bench}") for a in argv]) == answer


@pytest.mark.parametrize("fields", [
    ["-H", "Transfer-Encoding: chunked"],
    ["-H", "Expect: 100-continue", "--expect100-timeout", "10"],
    ["-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--expect100-timeout", "10"],
    ["-H", "Expect:"],
])
def test_curl_uploads(bench, fields):
    body = bytes(range(256)) * 8192
    type_ = "Content-Type: application/octet-stream"
    assert curl("--data-binary", "@-", "-H", type_, *fields, f"http://127.0.0.1:{bench}/echo", stdin=body) == body


def test_curl_streams_both_ways(app):
    body = bytes(range(256)) * 40000
    got = curl("-T", "-", "-X", "POST", f"http://127.0.0.1:{app.ports[0]}/echo", stdin=body)
    assert got == body


def test_ab(bench):
    for options in (["-k"], []):
        text = run("ab", "-q", "-n", 2000, "-c", 25, *options,
                   f"http://127.0.0.1:{bench}/plaintext").decode()
        assert "Complete requests:      2000" in text
        assert "Failed requests:        0" in text and "Non-2xx" not in text


def test_wrk(bench):
    text = run("wrk", "-t1", "-c16", "-d1s", f"http://127.0.0.1:{bench}/plaintext").decode()
    assert int(re.search(r"(\d+) requests in", text)[1]) > 100
    assert "Socket errors" not in text and "Non-2xx" not in text


def test_http_client(bench):
    connection = http.client.HTTPConnection("127.0.0.1", bench, timeout=10)
    for _ in range(3):
        connection.request("POST", "/echo", iter([b"abc", b"def"]), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        assert connection.getresponse().read() == b"abcdef"
        connection.request("GET", "/big")
        assert len(connection.getresponse().read()) == 1 << 20
        connection.request("HEAD", "/hello")
        response = connection.getresponse()
        assert response.read() == b"" and response.headers["Content-Length"] == "5"
    connection.close()


TORNADO = """
import sys
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import IOLoop

async def main(url):
    client = AsyncHTTPClient()
    for path, options in [("/hello", {}), ("/echo", dict(method="POST", body="x" * 100000)),
                          ("/echo", dict(method="POST", body="y", expect_100_continue=True)),
                          ("/big", {})]:
        response = await client.fetch(url + path, **options)
        print(response.code, len(response.body))

IOLoop.current().run_sync(lambda: main(sys.argv[1]))
"""


def test_tornado_s_client(bench):
    got = run("/usr/bin/python3", "-W", "ignore", "-c", TORNADO, f"http://127.0.0.1:{bench}")
    assert got.decode().split("\n")[:4] == ["200 5", "200 100000", "200 1", "200 1048576"]
