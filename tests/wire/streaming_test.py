"""Answers of the framework that leave in pieces, or long after their handler has returned."""

import pytest

from conversation import Ended, get, until

PIECE = 4096
SOME = 3 * PIECE
MUCH = 10000  # pieces: more than any buffer between here and there takes


def counters(server):
    with server.connect(1) as c:
        body = c.ask(get(b"/counters")).body.decode()
    return {k: int(v) for k, v in (pair.split("=") for pair in body.split())}


# --- framing ---


def test_pieces_are_chunks(app):
    with app.connect(1) as c:
        for _ in range(2):
            response = c.ask(get(b"/pieces"))
            assert response.get("Transfer-Encoding") == "chunked" and not response.is_last
            assert [len(chunk) for chunk in response.chunks] == 3 * [PIECE]
            assert response.get("Etag") is None


@pytest.mark.parametrize("lines", [[], [b"Connection: keep-alive"]])
def test_to_an_old_client_the_end_of_the_connection_is_the_end(app, lines):
    with app.connect(1) as c:
        response = c.ask(get(b"/pieces", *lines, version=b"1.0"))
        assert response.all("Transfer-Encoding") == response.all("Content-Length") == []
        assert response.is_last and response.body == b"x" * SOME
        c.assert_closed()


@pytest.mark.parametrize("request_, status", [
    (get(b"/pieces", method=b"HEAD"), 200),
    (get(b"/unchanged", method=b"HEAD"), 304),
    (get(b"/unchanged"), 304),
    (get(b"/unchanged?status=204"), 204),
])
def test_what_has_no_body_sends_none(app, request_, status):
    """And what follows on the connection is the next answer."""
    with app.connect(1) as c:
        response = c.ask(request_, is_head=request_.startswith(b"HEAD"))
        assert response.status == status and response.body == b""
        assert c.ask(get(b"/hello")).body == b"hello"


def test_a_piece_is_there_before_the_next_is_written(serve):
    server = serve()
    with server.connect(1) as c, server.connect(1) as other:
        c.send(get(b"/halves") + get(b"/hello"))
        c._head()
        first = c._take(len(b"6\r\nfirst,\r\n"))
        assert first == b"6\r\nfirst,\r\n" and c.is_quiet()
        assert other.ask(get(b"/open")).body == b"open"
        assert c._take(len(b"6\r\nsecond\r\n0\r\n\r\n")) == b"6\r\nsecond\r\n0\r\n\r\n"
        assert c.read().body == b"hello"


# --- failing too late ---


@pytest.mark.parametrize("how", [b"fail", b"send-error", b"raise", b"need", b"return"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_failing_after_the_head_cuts(app, how, version):
    """A truncated answer never looks whole: 1.1 misses its last chunk, 1.0 is reset; and what was
    pipelined behind it is not answered."""
    with app.connect(1) as c:
        c.send(get(b"/begun?how=" + how, version=version) + get(b"/hello", version=version))
        with pytest.raises(Ended):
            c.read()
        assert b"hello" not in c.buffer
    app.is_well()


# --- leaving ---


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_in_the_middle_ends_the_answer(serve, leave):
    server = serve()
    n = 5
    for _ in range(n):
        c = server.connect(1)
        c.send(get(b"/pieces?n=%d" % MUCH))
        c._take(PIECE)
        getattr(c, leave)()
    assert until(lambda: counters(server) == {"left": n, "cut": n}, "all are told")


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_cancels_where_that_was_asked_for(serve, leave):
    server = serve()
    for n in range(1, 4):
        c = server.connect(1)
        c.send(get(b"/cancelled"))
        counters(server)  # who is answered after it has seen its request taken
        getattr(c, leave)()
        assert until(lambda n=n: counters(server) == {"left": n, "cut": n}, "the task is cancelled")


def test_a_client_that_stopped_reading_is_cut(serve):
    """It holds no more than the limits allow, and not for long."""
    server = serve("--min-rate", 10000, "--min-rate-grace", 0.2)
    with server.connect(1, rcvbuf=4096) as c:
        c.send(get(b"/pieces?n=%d" % MUCH))
        assert until(lambda: counters(server) == {"left": 1, "cut": 1}, "it is cut")
        assert len(c.assert_gone()) < PIECE * MUCH


# --- later ---


def test_an_answer_that_comes_later(app):
    """Detached: the handler has returned, the connection keeps its order."""
    with app.connect(1) as c:
        c.send(get(b"/detach") + get(b"/hello") + get(b"/detach"))
        assert [c.read().body for _ in range(3)] == [b"later", b"hello", b"later"]
        assert c.ask(get(b"/detach", method=b"HEAD"), is_head=True).get("Content-Length") == "5"
        assert c.ask(get(b"/detach", version=b"1.0")).body == b"later"
        c.assert_closed()
