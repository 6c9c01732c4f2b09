"""Request bodies: their framing, limits, Expect, and what happens where they are not read."""

import pytest

from conversation import (BEHIND_HELLO, alphabet, chunked, digest, get, post, post_chunked)

LIMIT = 100000


@pytest.fixture(scope="module")
def limited(start):
    return start("--max-body-size", LIMIT)


BODIES = {
    "empty": b"",
    "one byte": b"x",
    "as long as a receive (64 KiB)": alphabet(65536),
    "one more than a receive": alphabet(65537),
    "a mebibyte": alphabet(1 << 20),
    "bytes of every kind": bytes(range(256)) * 20,
    "what looks like a request": get(b"/smuggled") * 3,
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("target", [b"/count", b"/count-in-pieces?7", b"/think?0.01"])
def test_body_by_length_and_in_chunks(app, name, target):
    body = BODIES[name]
    pieces = [body[i:i + 5000] for i in range(0, len(body), 5000)]
    with app.connect() as c:
        assert c.ask(post(target, body)).body == digest(body)
        assert c.ask(post_chunked(target, chunked(*pieces))).body == digest(body)
        assert c.ask(get(b"/hello")).body == b"hello"


CODINGS = {
    "extensions are ignored (Gust differs)": chunked(b"hello", extension=b";a=b;c"),
    "an extension of 255 bytes": chunked(b"hello", extension=b";" + b"x" * 254),
    "a quoted extension": chunked(b"hello", extension=b';a="b;c"'),
    "blanks before an extension": chunked(b"hello", extension=b" \t;a"),
    "trailers are taken (Gust differs)": chunked(b"hello", trailers=b"X-Sum: 1\r\nY: 2\r\n"),
    "a trailer longer than the reader's room":
        chunked(b"hello", trailers=b"X: " + b"y" * 9000 + b"\r\n"),
    "a trailer that frames a message is dropped":
        chunked(b"hello", trailers=b"Content-Length: 9\r\nTransfer-Encoding: x\r\n"),
    "chunks of one byte": chunked(*[bytes([b]) for b in b"hello"]),
    "sizes in capitals with leading zeros": b"005\r\nhello\r\n000\r\n\r\n",
}


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("target", [b"/count", b"/count-in-pieces?1", b"/count-in-pieces?16"])
def test_ways_to_write_chunks(app, name, target):
    with app.connect() as c:
        c.send(post_chunked(target, CODINGS[name]) + BEHIND_HELLO)
        assert c.read().body == digest(b"hello")
        assert c.read().body == b"hello"


def test_trailers_are_no_headers(app):
    """A trailer must not become a header of this request, or of the next."""
    with app.connect() as c:
        c.send(post_chunked(b"/count", chunked(b"a", trailers=b"Host: evil\r\nX: y\r\n")))
        c.read()
        assert b"X: y" not in c.ask(get(b"/head")).body


def test_body_goes_back_as_it_comes(app):
    """Streams both ways: each piece is answered before the next is sent."""
    with app.connect() as c:
        c.send(get(b"/echo", b"Transfer-Encoding: chunked", method=b"POST"))
        head = c._head()
        assert head.get("Transfer-Encoding") == "chunked"
        for piece in (b"one", b"two", b"three"):
            c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            assert int(c._line(), 16) == len(piece)
            assert c._take(len(piece) + 2) == piece + b"\r\n"
        c.send(b"0\r\n\r\n")
        assert c._line() == b"0" and c._line() == b""


# --- limits ---


@pytest.mark.parametrize("size, status", [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 413)])
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
def test_body_limit(limited, size, status, is_chunked, which, target):
    """D BodyLimitsTest, streamed and buffered: limit - 1, limit, limit + 1."""
    body = alphabet(size)
    with limited.connect(which) as c:
        c.try_send(post_chunked(target, chunked(*[body[i:i + 999] for i in range(0, size, 999)]))
                   if is_chunked else post(target, body))
        response = c.read()
        assert response.status == status
        if status == 413:
            assert response.is_last
            c.assert_closed()
        else:
            assert c.ask(get(b"/hello")).body == b"hello"


@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
def test_413_is_readable_by_a_peer_that_is_still_sending(limited, which, target):
    """Lingering close: the answer is not lost to a reset."""
    with limited.connect(which) as c:
        c.send(get(target, b"Content-Length: 150000", method=b"POST"), b"x" * 1000)
        response = c.read()
        assert response.status == 413 and response.is_last
        assert c.try_send(b"x" * 40000), "we are lingered with"
        c.shut().assert_closed()


def test_413_comes_before_the_body(limited):
    """By its Content-Length alone."""
    with limited.connect() as c:
        assert c.ask(get(b"/count", b"Content-Length: 100001", method=b"POST")).status == 413


def test_limit_of_one_request_is_not_the_next_one_s(app):
    """D BodyLimitsTest: set_max_body_size per request, and its reset."""
    with app.connect() as c:
        assert c.ask(post(b"/count-up-to?10", b"x" * 10)).body == digest(b"x" * 10)
        assert c.ask(post(b"/count", b"x" * 100)).body == digest(b"x" * 100)
        assert c.ask(post(b"/count-up-to?10", b"x" * 11)).status == 413


def test_a_chunk_of_terabytes_is_refused_without_its_memory(limited):
    before = limited.rss()
    with limited.connect(1) as c:
        c.send(post_chunked(b"/echo", b"7fffffffffffffff\r\n"))
        c.try_send(b"x" * (LIMIT + 1))
        assert c.read().status == 413
    assert limited.rss() - before < 8 << 20


def test_a_length_of_megabytes_is_not_allocated_before_it_comes(app):
    """Many peers that promise 32 MiB and send nothing cost next to nothing."""
    before = app.rss()
    clients = [app.connect(1) for _ in range(20)]
    for c in clients:
        c.send(get(b"/echo", b"Content-Length: 33554432", method=b"POST"), b"x" * 100)
    app.is_well()
    grown = app.rss() - before
    for c in clients:
        c.close()
    assert grown < 32 << 20, grown


# --- bodies that nobody reads ---


@pytest.mark.parametrize("target, status", [(b"/ignore", 200), (b"/nothing", 404)])
def test_unread_body_ends_the_connection(app, target, status):
    """What follows cannot be told from a request: answered, said so, closed."""
    with app.connect() as c:
        c.send(post(target, get(b"/smuggled")) + get(b"/smuggled"))
        response = c.read()
        assert response.status == status and response.is_last
        c.assert_closed()
    assert app.counters()["smuggled"] == 0


def test_unread_body_that_is_still_coming(app):
    with app.connect() as c:
        c.send(get(b"/ignore", b"Content-Length: 50000", method=b"POST"))
        assert c.read().body == b"ignored"
        assert c.try_send(b"x" * 50000)
        c.assert_closed()


def test_buffered_handler_that_is_missing_does_not_read_the_body(app):
    with app.connect(1) as c:
        c.send(get(b"/hello", b"Content-Length: 1000000", method=b"POST"))
        response = c.read()
        assert response.status == 405 and response.is_last


# --- Expect ---


def expecting(target, n, *lines, version=b"1.1"):
    return get(target, b"Expect: 100-continue", b"Content-Length: %d" % n, *lines, method=b"POST",
               version=version)


@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
def test_expect_is_answered_when_the_body_is_wanted(app, which, target):
    """D HTTPConnectionTest 100-continue."""
    with app.connect(which) as c:
        response = c.ask(expecting(target, 5))
        assert response.status == 100 and not response.fields
        assert c.ask(b"hello").body in (digest(b"hello"), b"hello")
        assert c.ask(get(b"/hello")).body == b"hello"


def test_expect_in_other_letters(app):
    with app.connect() as c:
        c.send(get(b"/count", b"eXPECT: 100-Continue", b"Content-Length: 1", method=b"POST"))
        assert c.read().status == 100


def test_expect_with_the_body_already_there(app):
    """RFC 9110 10.1.1: a 100 may be left out then; the final answer is one, and right."""
    with app.connect() as c:
        response = c.ask(expecting(b"/count", 5) + b"hello" + BEHIND_HELLO)
        if response.status == 100:
            response = c.read()
        assert response.body == digest(b"hello")
        assert c.read().body == b"hello"


@pytest.mark.parametrize("target, status", [(b"/refuse", 403), (b"/nothing", 404)])
def test_expect_refused_early_is_no_100(app, target, status):
    """D StreamingRequestBody early 401: the final answer comes at once, and closes."""
    with app.connect() as c:
        response = c.ask(expecting(target, 5))
        assert response.status == status and response.is_last
        c.assert_closed()


def test_expect_beyond_the_limit_is_413_and_no_100(limited):
    with limited.connect() as c:
        assert c.ask(expecting(b"/count", LIMIT + 1)).status == 413


def test_expect_of_http_1_0_is_ignored(app):
    with app.connect() as c:
        c.send(expecting(b"/count", 5, version=b"1.0"))
        assert c.is_quiet()
        assert c.ask(b"hello").body == digest(b"hello")


# --- bodies that do not come ---


@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
def test_body_too_slow_by_the_rate_is_408(start, which, target):
    """min_rate after its grace; the peer is served what it can read."""
    server = start("--min-rate", 1000, "--min-rate-grace", 0.1)
    with server.connect(which) as c:
        c.send(get(target, b"Content-Length: 100", method=b"POST"), b"x")
        response = c.read()
        assert response.status == 408 and response.is_last
        c.assert_closed()


@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
def test_body_timeout_is_408(start, which, target):
    """body_timeout, however fast the bytes come."""
    server = start("--body-timeout", 0.2)
    with server.connect(which) as c:
        c.send(get(target, b"Content-Length: 100000", method=b"POST"))
        while c.is_quiet(0.02):
            c.try_send(b"x" * 100)
        response = c.read()
        assert response.status == 408 and response.is_last


@pytest.mark.parametrize("which, target", [(0, b"/count"), (1, b"/echo")])
@pytest.mark.parametrize("start_of_body", [
    get(b"", b"Content-Length: 10", method=b"").partition(b"\r\n")[2] + b"hello",
    get(b"", b"Transfer-Encoding: chunked", method=b"").partition(b"\r\n")[2] + b"a\r\nhello",
    get(b"", b"Transfer-Encoding: chunked", method=b"").partition(b"\r\n")[2] + b"0\r\nX: y\r\n",
])
def test_body_that_ends_too_soon_is_400(app, which, target, start_of_body):
    """RFC 9112 8: incomplete. Whose fault it was is not logged as ours."""
    with app.connect(which) as c:
        c.send(b"POST " + target + b" HTTP/1.1\r\n" + start_of_body).shut()
        response = c.read()
        assert response.status == 400 and response.is_last
        c.assert_closed()
    assert "[E" not in app.log, app.log
