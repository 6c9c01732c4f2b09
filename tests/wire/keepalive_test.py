"""Connections that are kept, and pipelining: what is answered, in which order, and when it ends."""

import pytest

from conversation import BEHIND_HELLO, alphabet, chunked, get, post, post_chunked

KEPT = {
    "1.1 is kept": get(b"/hello"),
    "1.1, other options in Connection": get(b"/hello", b"Connection: Upgrade, x"),
    "1.1, close as part of a word": get(b"/hello", b"Connection: closed, not-close"),
    "1.0 with keep-alive": get(b"/hello", b"Connection: keep-alive", version=b"1.0"),
    "1.0 with Keep-Alive in a list (Gust differs)":
        get(b"/hello", b"Connection: x, Keep-Alive", version=b"1.0"),
    "1.0 with keep-alive and a sized body":
        get(b"/count", b"Connection: keep-alive", b"Content-Length: 0", version=b"1.0",
            method=b"POST"),
}

CLOSED = {
    "1.1 with close": get(b"/hello", b"Connection: close"),
    "1.1 with Close in capitals": get(b"/hello", b"Connection: CLOSE"),
    "1.1 with close in a list (Gust differs)": get(b"/hello", b"Connection: x, close ,y"),
    "1.1 with close in a second field": get(b"/hello", b"Connection: x", b"Connection: close"),
    "1.1 with close beside keep-alive": get(b"/hello", b"Connection: keep-alive, close"),
    "1.0": get(b"/hello", version=b"1.0"),
    "1.0 with close": get(b"/hello", b"Connection: close", version=b"1.0"),
}


@pytest.mark.parametrize("rule", KEPT)
def test_kept(app, rule):
    """C13, with Connection as a list."""
    with app.connect() as c:
        for _ in range(3):
            response = c.ask(KEPT[rule])
            assert response.status == 200 and not response.is_last
            if b"HTTP/1.0" in KEPT[rule]:
                assert response.get("Connection").lower() == "keep-alive"
        assert c.is_quiet()


@pytest.mark.parametrize("rule", CLOSED)
def test_closed(app, rule):
    """What is pipelined behind it is not started."""
    with app.connect() as c:
        response = c.ask(CLOSED[rule] + get(b"/smuggled"))
        assert response.body == b"hello" and response.is_last
        c.assert_closed()
    assert app.counters()["smuggled"] == 0


def test_no_keep_alive_is_an_option(start):
    with start("--no-keep-alive").connect() as c:
        assert c.ask(get(b"/hello")).is_last
        c.assert_closed()


def test_answers_name_version_1_1(app):
    """RFC 9110 2.5: our version, whatever the client's."""
    with app.connect() as c:
        assert c.ask(get(b"/hello", version=b"1.0")).version == 1


def test_extra_line_ends_between_requests(app):
    """D KeepAliveTest: CR LF behind a body are skipped."""
    with app.connect() as c:
        c.send(post(b"/count", b"x") + b"\r\n" + BEHIND_HELLO)
        assert c.read().status == 200 and c.read().body == b"hello"


def test_pipelined_answers_keep_their_order_while_one_sleeps(app):
    with app.connect() as c:
        c.send(get(b"/slow?0.1") + get(b"/hello") + get(b"/slow?0.05") + get(b"/head") +
               get(b"/hello"))
        assert [c.read().body[:6] for _ in range(5)] == [b"slept", b"hello", b"slept", b"method",
                                                         b"hello"]


def test_others_are_served_while_one_sleeps(app):
    with app.connect() as a, app.connect() as b:
        a.send(get(b"/gate") + get(b"/hello"))
        for _ in range(3):
            assert b.ask(get(b"/hello")).body == b"hello"
        assert a.is_quiet()
        b.ask(get(b"/open"))
        assert a.read().body == b"through"
        assert a.read().body == b"hello"


@pytest.mark.parametrize("n", [63, 64, 65, 129, 1000])
def test_more_requests_in_a_segment_than_a_turn_serves(app, n):
    """The budget of 64 a turn: the rest goes on by itself, without more input."""
    with app.connect() as c:
        c.send(get(b"/hello") * n)
        for _ in range(n):
            assert c.read().body == b"hello"
        assert c.is_quiet()


def test_pipelining_does_not_starve_others(app):
    with app.connect() as a, app.connect() as b:
        a.send(get(b"/hello") * 1000)
        assert b.ask(get(b"/hello")).body == b"hello"
        assert sum(a.read().status == 200 for _ in range(1000)) == 1000


@pytest.mark.parametrize("which", [0, 1])
def test_pipelined_bodies_of_both_framings(app, which):
    target = [b"/count", b"/echo"][which]
    with app.connect(which) as c:
        c.send((post(target, b"abc") + post_chunked(target, chunked(b"de", b"f")) + BEHIND_HELLO) * 40)
        for _ in range(40):
            assert c.read().status == 200 and c.read().status == 200 and c.read().body == b"hello"


def test_pipelined_big_answers_to_a_peer_that_reads_late(app):
    """Output blocks, so parsing stops; it goes on when the peer reads."""
    with app.connect(1, rcvbuf=4096) as c:
        c.send(get(b"/big") * 5 + BEHIND_HELLO)
        for _ in range(5):
            assert len(c.read().body) == 1 << 20
        assert c.read().body == b"hello"


@pytest.mark.parametrize("target, which", [(b"/hello", 0), (b"/hello", 1), (b"/big?100000", 0),
                                           (b"/chunks?100000", 0), (b"/chunks?0", 0), (b"/big", 1),
                                           (b"/nothing", 0), (b"/nothing", 1)])
def test_head_has_the_fields_and_no_body(app, target, which):
    """D KeepAliveTest chunked HEAD; HEAD runs GET ("Where Gust differs")."""
    with app.connect(which) as c:
        full = c.ask(get(target))
        head = c.ask(get(target, method=b"HEAD"), is_head=True)
        assert (head.status, head.get("Content-Length"), head.get("Transfer-Encoding")) == \
            (full.status, full.get("Content-Length"), full.get("Transfer-Encoding"))
        assert c.ask(get(b"/hello")).body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_that_have_no_body(app, status):
    """A handler's body is dropped; nothing of it becomes the next answer."""
    with app.connect() as c:
        c.send(get(b"/status?%d" % status) + BEHIND_HELLO)
        response = c.read()
        assert response.status == status and not response.all("Transfer-Encoding")
        assert c.read().body == b"hello"


def test_etag_and_304(app):
    with app.connect(1) as c:
        tag = c.ask(get(b"/hello")).get("ETag")
        response = c.ask(get(b"/hello", b"If-None-Match: " + tag.encode()))
        assert response.status == 304 and response.get("ETag") == tag
        assert c.ask(get(b"/hello")).body == b"hello"


def test_unknown_length_ends_a_1_0_answer_by_closing(app):
    """No chunks for HTTP/1.0 (RFC 9112 6.1)."""
    with app.connect() as c:
        response = c.ask(get(b"/chunks?50000", b"Connection: keep-alive", version=b"1.0"))
        assert response.body == alphabet(50000) and not response.all("Transfer-Encoding")
        assert response.is_last


@pytest.mark.parametrize("target", [b"/less", b"/late"])
def test_truncated_answer_never_looks_whole(app, target):
    """D InvalidOutputContentLength: the connection is cut, in sized and in chunked answers."""
    with app.connect() as c:
        with pytest.raises(AssertionError, match="ended|reset"):
            c.ask(get(target))
    app.is_well()


def test_answer_never_is_longer_than_it_says(app):
    with app.connect() as c:
        c.send(get(b"/more"))
        rest = c.assert_gone()
        assert b"much more" not in rest


def test_100_sequential_connections_leave_no_descriptor(app):
    app.is_well()
    before = app.n_descriptors()
    for _ in range(100):
        app.is_well()
    from conversation import until
    until(lambda: app.n_descriptors() <= before, "descriptors are closed")


def test_idle_connection_is_closed_at_its_limit(start):
    """D IdleTimeoutTest, after use; silently."""
    with start("--idle-timeout", 0.2).connect() as c:
        assert c.ask(get(b"/hello")).status == 200
        c.assert_closed()


def test_unused_connection_is_closed_at_header_timeout(start):
    """D IdleTimeoutTest, unused."""
    with start("--header-timeout", 0.2).connect() as c:
        c.assert_closed()


def test_idle_timeout_does_not_end_what_is_in_hand(start):
    with start("--idle-timeout", 0.2).connect() as c:
        assert c.ask(get(b"/slow?0.6")).body == b"slept"
        assert c.ask(get(b"/hello")).body == b"hello"
