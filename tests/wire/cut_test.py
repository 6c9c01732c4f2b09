"""Every place where a request can be cut: in two segments it is answered the same; and a client
that leaves there costs nothing. Under ASan the server then reports no leak at its end."""

import pytest

from conversation import alphabet, chunked, get, post, post_chunked, until

BROWSER = get(b"/head?a=b%20c", b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
              b"Accept: text/html,application/xhtml+xml,*/*;q=0.8", b"Accept-Language: en,de;q=0.5",
              b"Accept-Encoding: gzip, deflate, br", b"Cookie: a=b; c=\"d\"", b"DNT: 1",
              b"Connection: keep-alive", b"Upgrade-Insecure-Requests: 1")

# (which server, the whole request, how many answers)
REQUESTS = {
    "the least": (0, get(b"/hello"), 1),
    "a browser's": (0, BROWSER, 1),
    "without Host, 1.0": (0, b"GET /hello HTTP/1.0\r\n\r\n", 1),
    "1.0 kept": (0, get(b"/hello", b"Connection: keep-alive", version=b"1.0"), 1),
    "line ends before it": (0, b"\r\n\r\n" + get(b"/hello"), 1),
    "absolute-form": (0, b"GET http://x:80/head HTTP/1.1\r\nHost: y\r\n\r\n", 1),
    "two pipelined": (0, get(b"/hello") + get(b"/head?x"), 2),
    "one that sleeps, then one": (0, get(b"/slow?0.001") + get(b"/hello"), 2),
    "a sized body": (0, post(b"/count", b"0123456789"), 1),
    "a sized body to the framework": (1, post(b"/echo", b"0123456789"), 1),
    "a body and a request": (0, post(b"/count", b"01234") + get(b"/hello"), 2),
    "a chunked body": (0, post_chunked(b"/count", chunked(b"01234", b"56789")), 1),
    "a chunked body to the framework": (1, post_chunked(b"/echo", chunked(b"01234", b"5")), 1),
    "extensions and trailers":
        (0, post_chunked(b"/count", chunked(b"012", extension=b";a=b", trailers=b"X: y\r\n")), 1),
    "a chunked body read by threes":
        (0, post_chunked(b"/count-in-pieces?3", chunked(b"0123456789")) + get(b"/hello"), 2),
    "a body that nobody reads": (0, post(b"/ignore", b"0123456789"), 1),
    "HEAD": (0, get(b"/hello", method=b"HEAD"), 1),
    "OPTIONS *": (1, b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 1),
    "not found": (1, get(b"/nothing"), 1),
    "close": (1, get(b"/hello", b"Connection: close"), 1),
    "bad Host": (0, b"GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n", 1),
    "space before the colon": (0, b"GET /hello HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 1),
    "bad chunk": (0, post_chunked(b"/count", b"5\r\n01234XX0\r\n\r\n"), 1),
}


def answers(client, request, n):
    """What matters of each answer."""
    is_head = request.startswith(b"HEAD")
    got = [client.read(is_head) for _ in range(n)]
    return [(r.status, r.is_last, r.body, r.get("Content-Length")) for r in got]


@pytest.mark.parametrize("name", REQUESTS)
def test_cut_in_two_at_every_byte(app, name):
    which, request, n = REQUESTS[name]
    with app.connect(which) as c:
        whole = answers(c.send(request), request, n)
    for at in range(1, len(request)):
        with app.connect(which) as c:
            c.send(request[:at])
            c.is_quiet(0)
            c.try_send(request[at:])
            assert answers(c, request, n) == whole, f"cut at {at}"


@pytest.mark.parametrize("name", REQUESTS)
def test_byte_by_byte(app, name):
    which, request, n = REQUESTS[name]
    with app.connect(which) as c:
        whole = answers(c.send(request), request, n)
    with app.connect(which) as c:
        for byte in request:
            c.try_send(bytes([byte]))
        assert answers(c, request, n) == whole


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_disconnected_at_every_byte(app, name, how):
    which, request, _ = REQUESTS[name]
    app.is_well()
    before = app.n_descriptors()
    for at in range(len(request) + 1):
        c = app.connect(which)
        c.try_send(request[:at])
        getattr(c, how)()
    app.is_well()
    until(lambda: app.n_descriptors() <= before, "its descriptors are closed")


@pytest.mark.parametrize("at", [1, 100, 65535, 65536, 65537, 131072, 300000])
def test_large_body_cut_anywhere(app, at):
    body = alphabet(400000)
    request = post(b"/echo", body)
    with app.connect(1) as c:
        c.send(request[:at])
        c.is_quiet(0.005)
        assert c.ask(request[at:]).body == body
