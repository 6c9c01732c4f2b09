"""`gust fetch` against servers that are not ours: nginx, node, Python's http.server, httpbin."""

import contextlib
import hashlib
import http.server
import json
import os
import re
import subprocess
import threading

import pytest

from conversation import free_port, wait_for

TEXT = b"the quick brown fox jumps over the lazy dog\n" * 5000


class Fetch:
    """Runs of `gust fetch`; calling it gives standard output of one that has to succeed."""

    def __init__(self, program):
        self.program = program

    def run(self, *words):
        return subprocess.run([self.program, "fetch", *map(str, words)], capture_output=True,
                              timeout=60, check=False)

    def __call__(self, *words):
        done = self.run(*words)
        assert done.returncode == 0 and not done.stderr, done
        return done.stdout

    def json(self, *words):
        return json.loads(self(*words))

    def fails(self, *words):
        """The one line that says why."""
        done = self.run(*words)
        assert done.returncode == 1, done
        lines = done.stderr.decode().splitlines()
        assert len(lines) == 1 and lines[0].startswith("gust fetch: "), done
        return lines[0]


@pytest.fixture(scope="module")
def fetch(build):
    return Fetch(build / "gust")


@contextlib.contextmanager
def running(port, *command, **options):
    """A program that listens on a port."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, **options)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


# --- nginx ---

NGINX = """
daemon off; master_process off; pid {dir}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
    server {{
        listen 127.0.0.1:{port};
        listen 127.0.0.1:{tls} ssl;
        ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
        root {dir};
        gzip on; gzip_min_length 1; gzip_types text/plain;
        types {{ text/plain txt; application/octet-stream bin; }}
        location = /moved {{ return 301 /text.txt; }}
        location = /in {{ return 308 https://localhost:{tls}/text.txt; }}
        location = /teapot {{ return 418 "short and stout"; }}
        location = /bye {{ keepalive_timeout 0; return 200 bye; }}
        location = /agent {{ return 200 "$http_user_agent|$http_x_a|$request_method"; }}
    }}
}}
"""


class Nginx:
    def __init__(self, root):
        self.root, self.port, self.tls = root, free_port(), free_port()
        (root / "nginx.conf").write_text(NGINX.format(dir=root, port=self.port, tls=self.tls))
        (root / "text.txt").write_bytes(TEXT)
        self.url, self.https = f"http://127.0.0.1:{self.port}", f"https://localhost:{self.tls}"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-days", "2", "-keyout", root / "key.pem",
                        "-out", root / "cert.pem"], check=True, capture_output=True)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    server = Nginx(tmp_path_factory.mktemp("nginx"))
    with running(server.port, "/usr/sbin/nginx", "-p", server.root, "-e", "stderr", "-c",
                 server.root / "nginx.conf"):
        yield server


def test_nginx_keeps_its_connection_for_the_next(fetch, nginx):
    out = fetch("-w", "%{reused},", *[f"{nginx.url}/agent"] * 4)
    assert re.findall(rb"GET(\d),", out) == [b"0", b"1", b"1", b"1"]


def test_nginx_closes_a_connection_and_the_next_is_a_new_one(fetch, nginx):
    assert fetch("-w", "%{reused},", *[f"{nginx.url}/bye"] * 3) == b"bye0,bye0,bye0,"


def test_nginx_gzips_in_chunks(fetch, nginx):
    assert fetch(f"{nginx.url}/text.txt") == TEXT
    head, _, body = fetch("-i", "--raw", "-H", "Accept-Encoding: gzip",
                          f"{nginx.url}/text.txt").partition(b"\n\n")
    assert b"Content-Encoding: gzip" in head and b"Transfer-Encoding: chunked" in head
    assert body[:2] == b"\x1f\x8b" and len(body) < len(TEXT) / 10
    assert fetch("--raw", f"{nginx.url}/text.txt") == TEXT


def test_nginx_over_tls(fetch, nginx):
    for trust in (["-k"], ["--cacert", nginx.root / "cert.pem"]):
        assert fetch(*trust, f"{nginx.https}/text.txt", "-w", "%{status}") == TEXT + b"200"
    assert "certificate" in fetch.fails(f"{nginx.https}/text.txt")
    out = fetch("-k", "-w", "%{reused},", *[f"{nginx.https}/agent"] * 3)
    assert re.findall(rb"GET(\d),", out) == [b"0", b"1", b"1"]


def test_nginx_a_large_file_comes_whole_in_little_memory(fetch, nginx):
    size, piece = 200 << 20, os.urandom(1 << 20)
    with open(nginx.root / "large.bin", "wb") as file:
        for _ in range(size >> 20):
            file.write(piece)
    want = hashlib.sha256(piece * (size >> 20)).hexdigest()
    for url in (nginx.url, nginx.https):
        child = subprocess.Popen([fetch.program, "fetch", "-k", f"{url}/large.bin"],
                                 stdout=subprocess.PIPE)
        digest = hashlib.sha256()
        peak = 0
        while data := child.stdout.read(1 << 20):
            digest.update(data)
            peak = max(peak, resident(child.pid))
        child.stdout.close()
        assert child.wait(10) == 0 and digest.hexdigest() == want
        assert 0 < peak < 64 << 10, f"{peak} KiB"
    os.unlink(nginx.root / "large.bin")


def resident(pid):
    """KiB of a process, 0 when it has gone."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as status:
        found = re.search(r"VmRSS:\s+(\d+)", status.read())
        return int(found[1]) if found else 0
    return 0


def test_nginx_redirects_are_followed_and_told(fetch, nginx):
    out = fetch("-w", "|%{status} %{redirects} %{url} %{size}", f"{nginx.url}/moved")
    assert out == TEXT + f"|200 1 {nginx.url}/text.txt {len(TEXT)}".encode()
    assert fetch("-k", "-w", "%{url}", f"{nginx.url}/in") == TEXT + (
        f"{nginx.https}/text.txt".encode())
    out = fetch("--max-redirs", 0, "-i", f"{nginx.url}/moved")
    assert out.startswith(b"HTTP/1.1 301 Moved Permanently\n")


def test_nginx_a_status_is_no_error(fetch, nginx):
    assert fetch("-w", " %{status}", f"{nginx.url}/teapot") == b"short and stout 418"
    assert fetch("-i", f"{nginx.url}/nowhere").startswith(b"HTTP/1.1 404 Not Found\n")


def test_nginx_sees_what_was_asked(fetch, nginx):
    assert fetch("-A", "me/1", "-H", "X-A: b  c", "-X", "DELETE",
                 f"{nginx.url}/agent") == b"me/1|b  c|DELETE"
    assert re.match(rb"Gust/\d+\.\d+\.\d+\|\|GET", fetch(f"{nginx.url}/agent"))
    assert fetch("-X", "HEAD", "-w", "%{size} %{status}", f"{nginx.url}/text.txt") == b"0 200"


# --- node ---

NODE = """
require('http').createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    if (request.url === '/echo') {
      response.setHeader('X-Framing', request.headers['content-length'] ?? 'chunks')
      response.end(body)
    } else if (request.url === '/pieces') {
      let n = 0
      const timer = setInterval(() => {
        response.write('piece ' + n + '\\n')
        if (++n === 20) { clearInterval(timer); response.end() }
      }, 5)
    } else if (request.url === '/hints') {
      response.writeEarlyHints({link: '</a.css>; rel=preload'})
      response.end('hinted')
    } else if (request.url === '/trailers') {
      response.writeHead(200, {Trailer: 'X-Sum'})
      response.write('body')
      response.addTrailers({'X-Sum': '1'})
      response.end()
    } else if (request.url === '/cut') {
      response.writeHead(200, {'Content-Length': 1000})
      response.write('half', () => request.socket.destroy())
    } else if (request.url === '/hang') {
      response.writeHead(200)
      response.write('half')
    } else {
      response.statusCode = 204
      response.end()
    }
  })
}).listen(PORT, '127.0.0.1')
"""


@pytest.fixture(scope="module")
def node():
    port = free_port()
    with running(port, "node", "-e", NODE.replace("PORT", str(port))):
        yield f"http://127.0.0.1:{port}"


def test_node_echoes_bodies_of_any_length(fetch, node, tmp_path):
    for size in (0, 1, 100, 5_000_000):
        body = os.urandom(size)
        (tmp_path / "body").write_bytes(body)
        head, _, back = fetch("-i", "-d", f"@{tmp_path}/body", f"{node}/echo").partition(b"\n\n")
        assert back == body and f"X-Framing: {size}\n".encode() in head + b"\n"


def test_node_chunks_come_as_they_are_sent(fetch, node):
    assert fetch(f"{node}/pieces") == b"".join(b"piece %d\n" % n for n in range(20))


def test_node_early_hints_are_passed_over(fetch, node):
    assert fetch("-w", " %{status}", f"{node}/hints") == b"hinted 200"


def test_node_trailers_end_a_body(fetch, node):
    assert fetch("-w", "%{reused}", *[f"{node}/trailers"] * 2) == b"body0body1"


def test_node_204_has_no_body_and_keeps_the_connection(fetch, node):
    assert fetch("-w", "%{status}%{reused} ", *[f"{node}/"] * 2) == b"2040 2041 "


def test_node_cuts_an_answer(fetch, node):
    done = fetch.run(f"{node}/cut")
    assert done.returncode == 1 and done.stdout == b"half"
    assert len(done.stderr.splitlines()) == 1


def test_node_hangs_and_the_time_ends(fetch, node):
    done = fetch.run("-m", "0.3", f"{node}/hang")
    assert done.returncode == 1 and done.stdout == b"half"
    assert b"timed out" in done.stderr.lower()


# --- http.server: HTTP/1.0, a body that ends with the connection ---

@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    (root / "text.txt").write_bytes(TEXT)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(root))

        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_http_server_speaks_http_1_0(fetch, plain):
    assert fetch("-w", "%{reused}", *[f"{plain}/text.txt"] * 2) == (TEXT + b"0") * 2


def test_http_server_ends_a_body_with_the_connection(fetch, plain):
    assert fetch("-d", "a=1&b=2", f"{plain}/") == b"a=1&b=2"


def test_http_server_lists_a_folder_behind_a_redirect(fetch, plain):
    assert b"text.txt" in fetch(f"{plain}/")


# --- httpbin ---

@pytest.fixture(scope="module")
def httpbin():
    port = free_port()
    with running(port, "/usr/bin/python3", "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-k",
                 "gthread", "--threads", 4, "--keep-alive", 5, "httpbin:app"):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("status", [200, 201, 400, 404, 418, 500, 503])
def test_httpbin_status(fetch, httpbin, status):
    assert fetch("-w", "|%{status}", f"{httpbin}/status/{status}").endswith(b"|%d" % status)


@pytest.mark.parametrize("kind", ["redirect", "relative-redirect", "absolute-redirect"])
def test_httpbin_redirects(fetch, httpbin, kind):
    out = fetch("-w", "\n%{redirects} %{url}", f"{httpbin}/{kind}/5")
    assert out.endswith(f"\n5 {httpbin}/get".encode())
    assert fetch("-w", "|%{status} %{redirects}", f"{httpbin}/{kind}/6").endswith(b"|302 5")
    assert fetch("--max-redirs", 6, "-w", "|%{status} %{redirects}",
                 f"{httpbin}/{kind}/6").endswith(b"|200 6")


@pytest.mark.parametrize("status, method", [(301, "GET"), (302, "GET"), (303, "GET"),
                                            (307, "POST"), (308, "POST")])
def test_httpbin_a_post_that_is_redirected(fetch, httpbin, status, method):
    answer = fetch.json("-d", "k=v", "-H", "Content-Type: application/x-www-form-urlencoded",
                        f"{httpbin}/redirect-to?url=/anything&status_code={status}")
    assert answer["method"] == method
    assert answer["form"] == ({"k": "v"} if method == "POST" else {})


@pytest.mark.parametrize("coding, key", [("gzip", "gzipped"), ("deflate", "deflated"),
                                         ("brotli", "brotli")])
def test_httpbin_codings(fetch, httpbin, coding, key):
    assert fetch.json(f"{httpbin}/{coding}")[key] is True


def test_httpbin_asks_for_all_codings(fetch, httpbin):
    headers = fetch.json(f"{httpbin}/headers")["headers"]
    assert headers["Accept-Encoding"] == "gzip, deflate, br, zstd"
    assert "Accept-Encoding" not in fetch.json("--raw", f"{httpbin}/headers")["headers"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_httpbin_methods_and_bodies(fetch, httpbin, method):
    body = ["-d", "text"] if method in ("POST", "PUT", "PATCH") else []
    answer = fetch.json("-X", method, *body, "-H", "Content-Type: text/plain", "-H", "X-One: 1",
                        f"{httpbin}/anything?a=b%20c")
    assert answer["method"] == method and answer["args"] == {"a": "b c"}
    assert answer["data"] == ("text" if body else "") and answer["headers"]["X-One"] == "1"


def test_httpbin_basic_authentication(fetch, httpbin):
    url = f"{httpbin}/basic-auth/ada/secret"
    assert fetch.json("-u", "ada:secret", url) == {"authenticated": True, "user": "ada"}
    assert fetch.json(url.replace("//", "//ada:secret@"))["authenticated"] is True
    assert fetch("-u", "ada:wrong", "-w", "%{status}", url) == b"401"


def test_httpbin_cookies_are_sent_as_given(fetch, httpbin):
    assert fetch.json("-H", "Cookie: a=1; b=2", f"{httpbin}/cookies") == {
        "cookies": {"a": "1", "b": "2"}}
    head = fetch("-i", "--max-redirs", 0, f"{httpbin}/cookies/set?k=v").partition(b"\n\n")[0]
    assert b"\nSet-Cookie: k=v; Path=/" in head


def test_httpbin_streams(fetch, httpbin):
    lines = fetch(f"{httpbin}/stream/20").splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(20))
    assert len(fetch(f"{httpbin}/stream-bytes/100000?seed=1")) == 100000
    assert fetch(f"{httpbin}/drip?numbytes=5&duration=0.5&delay=0") == b"*****"
    assert len(fetch(f"{httpbin}/bytes/50000")) == 50000


def test_httpbin_a_delay_beyond_the_time(fetch, httpbin):
    assert "timed out" in fetch.fails("-m", "0.3", f"{httpbin}/delay/3").lower()


# --- the command itself ---

def test_what_cannot_be_reached_is_one_line(fetch, tmp_path):
    assert "refused" in fetch.fails(f"http://127.0.0.1:{free_port()}/")
    fetch.fails("http://nowhere.invalid/")
    fetch.fails("ftp://127.0.0.1/")
    fetch.fails("http://")
    fetch.fails("--unix-socket", tmp_path / "none", "http://localhost/")


def test_one_failure_fails_the_command_and_not_the_others(fetch, plain):
    done = fetch.run(f"http://127.0.0.1:{free_port()}/", f"{plain}/text.txt")
    assert done.returncode == 1 and done.stdout == TEXT


@pytest.mark.parametrize("words", [[], ["-Z", "http://x/"], ["-H", "none", "http://x/"],
                                   ["-m", "soon", "http://x/"], ["--max-redirs", "-1", "http://x/"],
                                   ["-d", "@/nonexistent", "http://x/"]])
def test_a_wrong_command_line_is_2(fetch, words):
    done = fetch.run(*words)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_the_command_tells_what_it_can(build):
    for words, code in ([[], 2], [["--help"], 0], [["fetch", "--help"], 0], [["--version"], 0],
                        [["dance"], 2]):
        done = subprocess.run([build / "gust", *words], capture_output=True, check=False)
        assert done.returncode == code
        assert bool(done.stdout) == (code == 0) and bool(done.stderr) == (code == 2)


def test_an_output_that_is_full_is_an_error(fetch, plain):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([fetch.program, "fetch", f"{plain}/text.txt"], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1 and b"standard output" in done.stderr
