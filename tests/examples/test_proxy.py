"""proxy: what goes through it, in both directions, and what does not."""

import http.client
import http.server
import socket
import threading

import pytest


class Upstream(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self):
        body = self.body()
        if self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"a" * 50000)
            self.close_connection = True
            return
        self.send_response(302 if self.path == "/moved" else 203)
        self.send_header("X-Asked", f"{self.command} {self.path}")
        self.send_header("X-For", self.headers["X-Forwarded-For"])
        self.send_header("X-Cookie", self.headers.get("Cookie", ""))
        self.send_header("X-Names", " ".join(self.headers.keys()))
        self.send_header("X-Host", self.headers["Host"])
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Keep-Alive", "timeout=5")
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer

    def log_message(self, *args):
        pass


@pytest.fixture
def upstream():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(example, upstream):
    return example("proxy", f"--upstream=http://127.0.0.1:{upstream}")


def ask(proxy, method, path, body=None, headers=None, **options):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    try:
        connection.request(method, path, body, headers or {}, **options)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def test_the_head_goes_through_and_what_is_the_connections_does_not(proxy, upstream):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as s:
        s.sendall(b"GET /x/y?q=%20 HTTP/1.1\r\nHost: outside\r\nX-New: 1\r\nCookie: k=v\r\n"
                  b"Connection: close , x-hop\r\nX-Hop: 1\r\nTE: trailers\r\nX-Hope: 1\r\n"
                  b"Connection: X-Too\r\nX-Too: 1\r\nKeep-Alive: 5\r\nX-NEW: 2\r\n"
                  b"Proxy-Authorization: secret\r\nX-Forwarded-For: 10.0.0.1\r\n"
                  b"X-Forwarded-Proto: gopher\r\n\r\n")
        response = http.client.HTTPResponse(s)
        response.begin()
        fields, body = response.headers, response.read()
    assert (response.status, body) == (203, b"")
    assert fields["X-Asked"] == "GET /x/y?q=%20" and fields["X-Cookie"] == "k=v"
    assert fields["X-For"] == "10.0.0.1, 127.0.0.1"
    assert fields["X-Host"] == f"127.0.0.1:{upstream}"
    names = fields["X-Names"].split()
    theirs = [name for name in names if name.startswith("X-") and "Forwarded" not in name]
    assert theirs == ["X-New", "X-Hope", "X-NEW"]
    assert [name for name in names if "Forwarded" in name] == [
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"]
    assert not {"TE", "Keep-Alive", "Proxy-Authorization"} & set(names)
    assert fields.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert fields["Keep-Alive"] is None


def test_a_redirect_is_the_clients_to_follow(proxy):
    status, fields, _ = ask(proxy, "GET", "/moved")
    assert status == 302 and fields["Location"] == "/elsewhere"


@pytest.mark.parametrize("method", ["HEAD", "DELETE", "PUT", "PATCH"])
def test_every_method_goes_through(proxy, method):
    body = b"text" if method in ("PUT", "PATCH") else None
    status, fields, back = ask(proxy, method, "/", body)
    assert status == 203 and fields["X-Asked"] == f"{method} /"
    assert back == (body or b"")


def test_large_bodies_go_through_in_both_directions(proxy):
    body = bytes(range(256)) * 20000
    assert ask(proxy, "POST", "/", body)[2] == body
    pieces = [body[i:i + 100000] for i in range(0, len(body), 100000)]
    assert ask(proxy, "POST", "/", iter(pieces), {"Transfer-Encoding": "chunked"},
               encode_chunked=True)[2] == body


def test_an_answer_that_is_cut_does_not_look_whole(proxy):
    with pytest.raises(http.client.IncompleteRead):
        ask(proxy, "GET", "/cut")
    assert ask(proxy, "GET", "/")[0] == 203


def test_an_upgrade_is_refused(proxy):
    status, _, body = ask(proxy, "GET", "/", headers={"Connection": "Upgrade",
                                                      "Upgrade": "websocket"})
    assert status == 501


def test_nobody_upstream_is_502(example):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        proxy = example("proxy", f"--upstream=http://127.0.0.1:{nobody.getsockname()[1]}")
        assert ask(proxy, "GET", "/")[0] == 502
