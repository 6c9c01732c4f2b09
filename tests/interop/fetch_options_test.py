"""What `gust fetch` is told by its options, against Python's http.server."""

import http.server
import os
import subprocess
import threading

import pytest

from conversation import free_port


class Answers(http.server.BaseHTTPRequestHandler):
    """/head gives back the request's fields, /set a cookie, /cut half of what it says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        routes = {"/set": self.set_cookie, "/moved": self.move, "/cut": self.cut,
                  "/large": lambda: self.say(b"x" * 3000000)}
        routes.get(self.path, lambda: self.say(str(self.headers).encode()))()

    def say(self, body, status=200, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def set_cookie(self):
        self.say(b"", 200, ("Set-Cookie", "k=v; Path=/"))

    def move(self):
        self.say(b"", 302, ("Location", "/head"), ("Set-Cookie", "moved=yes; Path=/"))

    def cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def run(build):
    """Runs it: the exit code, standard output, and the lines of standard error."""
    def run(*words, **options):
        done = subprocess.run([build / "gust", "fetch", *map(str, words)], timeout=60, check=False,
                              stdout=options.get("stdout", subprocess.PIPE), stderr=subprocess.PIPE)
        return done.returncode, done.stdout, done.stderr.decode().splitlines()
    return run


def test_help_tells_every_option(run):
    code, out, err = run("--help")
    assert code == 0 and not err
    for option in ("--request", "--data", "--header", "--user", "--user-agent", "--include",
                   "--output", "--write-out", "--max-time", "--connect-timeout", "--max-redirs",
                   "--location", "--cookies", "--raw", "--proxy", "--unix-socket", "--insecure",
                   "--cacert"):
        assert option.encode() in out
    assert max(map(len, out.splitlines())) <= 100


def test_output_goes_to_a_file(run, site, tmp_path):
    path = tmp_path / "body"
    assert run("-o", path, f"{site}/large") == (0, b"", [])
    assert path.read_bytes() == b"x" * 3000000
    assert run(f"--output={path}", "-i", "-w", "%{status}", f"{site}/set") == (0, b"200", [])
    assert path.read_text().startswith("HTTP/1.1 200 OK\n")
    assert "Set-Cookie: k=v; Path=/\n" in path.read_text()


def test_several_bodies_go_one_behind_the_other(run, site, tmp_path):
    path = tmp_path / "body"
    assert run("-o", path, "-X", "GET", f"{site}/large", f"{site}/large")[0] == 0
    assert path.stat().st_size == 6000000


def test_a_dash_is_standard_output(run, site):
    code, out, err = run("-o", "-", f"{site}/large")
    assert (code, len(out), err) == (0, 3000000, [])


def test_no_answer_no_file(run, tmp_path):
    path = tmp_path / "body"
    code, out, err = run("-o", path, f"http://127.0.0.1:{free_port()}/")
    assert (code, out, len(err)) == (1, b"", 1) and "Connection refused" in err[0]
    assert not path.exists()


def test_a_body_that_is_cut_is_an_error(run, site, tmp_path):
    path = tmp_path / "body"
    code, _, err = run("-o", path, f"{site}/cut")
    assert code == 1 and len(err) == 1 and err[0].startswith(f"gust fetch: {site}/cut: ")
    assert path.read_bytes() == b"half"


@pytest.mark.parametrize("path, why", [
    ("/nowhere/body", "No such file or directory"),
    ("/dev/full", "cannot be written"),
    ("/", "Is a directory"),
])
def test_a_file_that_cannot_be_written_is_told_in_a_line(run, site, path, why):
    code, _, err = run("-o", path, f"{site}/large")
    assert (code, err) == (1, [f"gust fetch: {path}: {why}"])


def test_standard_output_that_is_full_is_told_in_a_line(run, site):
    with open("/dev/full", "wb") as full:
        code, _, err = run(f"{site}/large", stdout=full)
    assert (code, err) == (1, ["gust fetch: standard output: cannot be written"])


def test_cookies_are_kept_for_what_follows(run, site):
    assert b"Cookie: k=v" in run("-c", f"{site}/set", f"{site}/head")[1]
    assert b"Cookie: moved=yes" in run("--cookies", "-L", f"{site}/moved")[1]
    assert b"Cookie" not in run(f"{site}/moved")[1]
    assert b"Cookie: mine=1" in run("-c", "-H", "Cookie: mine=1", f"{site}/set", f"{site}/head")[1]


def test_redirects_are_followed_with_or_without_asking(run, site):
    for words in ([], ["-L"], ["--location"]):
        assert run(*words, "-w", "%{status}", "-o", os.devnull, f"{site}/moved")[1] == b"200"
    assert run("--max-redirs", 0, "-w", "%{status}", f"{site}/moved")[1] == b"302"


@pytest.mark.parametrize("words", [
    ["-m", "0", "http://localhost/"], ["-m", "x", "http://localhost/"], ["-o"], [],
    ["-H", "none", "http://localhost/"], ["--nothing", "http://localhost/"],
    ["-d", "@/nowhere/file", "http://localhost/"], ["-x", "h:0", "http://localhost/"],
])
def test_what_is_wrong_is_told_before_anything_is_asked(run, words):
    code, out, err = run(*words)
    assert (code, out, len(err)) == (2, b"", 1), err


@pytest.mark.parametrize("url, why", [
    ("localhost", "Invalid argument: no http or https URL"),
    ("http://b\u00fccher.example/",
     "Invalid argument: the host is not ASCII: its IDNA form (xn--\u2026) is needed"),
])
def test_a_url_that_is_none_is_told_in_a_line(run, url, why):
    assert run(url) == (1, b"", [f"gust fetch: {url}: {why}"])


def test_a_time_that_is_over_is_told_in_a_line(run, site):
    code, _, err = run("--max-time", "0.000001", site)
    assert code == 1 and len(err) == 1 and "Connection timed out" in err[0]
