"""Peers that are slow, half there, or gone."""

import socket
import time

import pytest

from conversation import (BEHIND_HELLO, Ended, alphabet, chunked, digest, get, post, post_chunked,
                          until)

# --- slow senders ---


def drip(client, data, seconds):
    """A byte at a time; whether the server let us."""
    for byte in data:
        if not client.try_send(bytes([byte])) or not client.is_quiet(seconds):
            return False
    return True


@pytest.mark.parametrize("start_of_head", [b"", b"\r\n", b"GET /hello HTTP/1.1\r\nHost: x\r\nX: "])
def test_slow_head_is_408_however_steadily_it_comes(start, start_of_head):
    """Slow loris: header_timeout is absolute, from the head's first byte."""
    server = start("--header-timeout", 0.5)
    with server.connect() as c:
        began = time.monotonic()
        c.send(start_of_head or b"G")
        assert not drip(c, b"a" * 200, 0.02)
        assert time.monotonic() - began < 3
        if start_of_head != b"\r\n":
            assert c.read().status == 408


def test_line_ends_alone_do_not_hold_a_connection(start):
    """They are skipped, but they are no request: idle or heading, it ends."""
    with start("--header-timeout", 0.5, "--idle-timeout", 0.5).connect() as c:
        c.ask(get(b"/hello"))
        assert not drip(c, b"\r\n" * 100, 0.02)


def test_slow_head_behind_a_good_request(start):
    with start("--header-timeout", 0.3).connect() as c:
        c.ask(get(b"/hello"))
        c.send(b"GET /he")
        assert c.read().status == 408
        c.assert_closed()


@pytest.mark.parametrize("request_", [
    get(b"/count", b"Content-Length: 100000", method=b"POST"),
    get(b"/count", b"Transfer-Encoding: chunked", method=b"POST") + b"fffff\r\n",
])
def test_dripping_body_is_408(start, request_):
    """A byte now and then does not count as a rate."""
    with start("--min-rate", 10000, "--min-rate-grace", 0.1).connect() as c:
        c.send(request_)
        assert not drip(c, b"a" * 2000, 0.005)
        assert c.read().status == 408


def test_body_at_the_rate_is_taken(start):
    body = b"x" * 3000
    with start("--min-rate", 1000, "--min-rate-grace", 0.1).connect() as c:
        c.send(get(b"/count", b"Content-Length: 3000", method=b"POST"))
        for at in range(0, 3000, 200):
            c.send(body[at:at + 200])
            time.sleep(0.1)
        assert c.read().body == digest(body)


# --- half-closed ---


@pytest.mark.parametrize("request_, which, length", [
    (get(b"/hello"), 0, 5), (get(b"/slow?0.1"), 0, 5), (get(b"/big?3000000"), 0, 3000000),
    (get(b"/chunks?3000000"), 0, 3000000), (get(b"/big"), 1, 1 << 20),
    (post(b"/echo", b"x" * 50000), 1, 50000),
    (post_chunked(b"/echo", chunked(b"x" * 50000)), 0, 50000),
])
def test_half_closed_client_gets_the_whole_answer(app, request_, which, length):
    """End of input after a complete request is not "client gone" (DESIGN 3)."""
    with app.connect(which) as c:
        assert len(c.send(request_).shut().read().body) == length
        c.assert_closed()


def test_half_closed_client_gets_all_pipelined_answers(app):
    with app.connect() as c:
        c.send(get(b"/slow?0.05") + get(b"/hello") * 200 + get(b"/big?200000")).shut()
        assert c.read().body == b"slept"
        for _ in range(200):
            assert c.read().body == b"hello"
        assert c.read().body == alphabet(200000)
        c.assert_closed()


def test_half_closed_inside_a_head(app):
    with app.connect() as c:
        c.send(get(b"/hello") + b"GET /smug").shut()
        assert c.read().body == b"hello"
        c.assert_closed()


def test_nothing_but_an_end(app):
    with app.connect() as c:
        c.shut().assert_closed()


# --- gone ---


@pytest.mark.parametrize("request_", [
    get(b"/slow?0.05"), get(b"/slow?0.05") * 10, get(b"/big?5000000"), get(b"/chunks?5000000"),
    get(b"/count", b"Content-Length: 10", method=b"POST") + b"half",
    get(b"/echo", b"Transfer-Encoding: chunked", method=b"POST") + b"a\r\nhalf",
    get(b"/think?0.05", b"Content-Length: 10", method=b"POST") + b"half",
])
@pytest.mark.parametrize("how", ["reset", "close"])
def test_client_that_leaves(app, request_, how):
    before = app.counters()["closed"]
    for _ in range(5):
        c = app.connect(rcvbuf=4096)
        c.send(request_)
        if b"/slow" in request_ or b"POST" in request_:
            app.is_well()  # who is answered after it has seen its request taken
        getattr(c, how)()
    if how == "reset":
        until(lambda: app.counters()["closed"] > before, "on_connection_close")
    app.is_well()


def test_handler_that_asks_for_the_body_of_a_client_that_left(serve):
    """Its connection must not come back among those that are watched: their list was broken, and
    the loop never left it."""
    server = serve()
    for n in range(20):
        c = server.connect()
        c.send(get(b"/think?0.1", b"Content-Length: 10", method=b"POST") + b"half")
        server.is_well()
        c.reset()
        with server.connect() as c:
            c.ask(post(b"/count", b"x"))
    with server.connect() as c:
        assert c.ask(get(b"/slow?1.3")).body == b"slept"
    for _ in range(20):
        server.is_well()


def test_leaving_is_no_error_of_ours(serve):
    server = serve()
    for request in (get(b"/slow?0.3"), get(b"/big?50000000")):
        c = server.connect(rcvbuf=4096)
        c.send(request)
        server.is_well()
        c.reset()
    until(lambda: server.counters()["closed"] >= 2, "both are gone")
    assert "[E" not in server.log, server.log


def test_descriptors_come_back_after_resets(app):
    app.is_well()
    before = app.n_descriptors()
    for _ in range(50):
        c = app.connect()
        c.send(get(b"/slow?0.02") * 3)
        c.reset()
    until(lambda: app.n_descriptors() <= before, "descriptors are closed")


# --- slow readers ---


@pytest.mark.parametrize("target, which", [(b"/big?1000000", 0), (b"/chunks?1000000", 0),
                                           (b"/big", 1)])
def test_slow_readers_do_not_hold_others_and_cost_little(app, target, which):
    """Backpressure: a handler that writes waits for its reader; memory stays bounded."""
    app.is_well()
    before = app.rss()
    clients = [app.connect(which, rcvbuf=16384) for _ in range(10)]
    for c in clients:
        c.send(get(target))
    for _ in range(20):
        app.is_well()
    grown = app.rss() - before
    assert grown < (24 << 20), grown
    assert len(clients[0].read().body) in (1000000, 1 << 20)
    for c in clients:
        c.close()
    app.is_well()


@pytest.mark.parametrize("target, which", [(b"/big?16000000", 0), (b"/chunks?16000000", 0)])
def test_reader_slower_than_the_least_rate_is_cut(start, target, which):
    server = start("--min-rate", 100000, "--min-rate-grace", 0.1)
    with server.connect(which, rcvbuf=2048) as c:
        c.send(get(target))
        server.is_well()
        began = time.monotonic()
        time.sleep(2.5)
        with pytest.raises(Ended):
            c.read()
        assert time.monotonic() - began < 8


def test_reader_that_stops_inside_pipelined_answers_is_cut(start):
    """The next requests wait in the kernel, and do not keep it alive."""
    server = start("--min-rate", 100000, "--min-rate-grace", 0.1)
    with server.connect(1) as c:
        c.ask(get(b"/hello"))
    server.is_well()
    with server.connect(1, rcvbuf=16384) as c:
        c.send(get(b"/big") * 20)
        began = time.monotonic()
        time.sleep(2.5)
        with pytest.raises(Ended):
            for _ in range(20):
                c.read()
        assert time.monotonic() - began < 8


def test_handler_that_waits_for_its_reader_never_passes_max_buffer_size(start):
    server = start("--max-buffer-size", 200000)
    with server.connect(rcvbuf=16384) as c:
        c.send(get(b"/big?1000000")).is_quiet(0.2)
        assert len(c.read().body) == 1000000


def test_requests_to_a_reader_that_does_not_read_are_not_served(app):
    """Output blocks: 20,000 pipelined requests are not answered into memory."""
    before = app.rss()
    with app.connect(1, rcvbuf=2048) as c:
        c.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        c.socket.settimeout(0.3)
        c.try_send(get(b"/big") * 20000)
        assert app.rss() - before < (16 << 20)
        app.is_well()


# --- linger ---


def test_lingering_ends_at_its_time(start):
    """A refused peer that neither leaves nor is quick."""
    with start("--linger-timeout", 0.3).connect() as c:
        c.send(b"BAD\r\n\r\n")
        assert c.read().status == 400
        began = time.monotonic()
        while c.try_send(b"x") and time.monotonic() - began < 5:
            time.sleep(0.05)
        assert 0.1 < time.monotonic() - began < 3


def test_two_thousand_refusals_at_once(app):
    """GU_LINGERERS bounds those that are lingered with; the rest are closed at once."""
    clients = [app.connect() for _ in range(2000)]
    for c in clients:
        c.try_send(b"BAD\r\n\r\n" + b"x" * 100)
    app.is_well()
    assert sum(c.assert_gone().startswith(b"HTTP/1.1 400 ") for c in clients) >= 1000
    for c in clients:
        c.close()
    app.is_well()
