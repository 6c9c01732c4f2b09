"""Requests that have more than one reading, or none: one 400 (or its like), then the end.

Tornado's advisories, and where Gust is stricter. Behind each bad request stands another one: it is never
answered, and never even started (the server counts).
"""

import pytest

from conversation import Ended, get, until

BEHIND = get(b"/smuggled")
BODY = b"0\r\n\r\n"


def req(*lines, start=b"POST /count HTTP/1.1", host=b"Host: x", body=b""):
    fields = ([host] if host is not None else []) + list(lines)
    return start + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


# (id, rule): status, request
FRAMING = {
    "CL+TE: a message with both has two readings (RFC 9112 6.1)":
        req(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=BODY),
    "TE+CL: in the other order":
        req(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=BODY),
    "GHSA-753j-mpmx-qq6g two TE fields": 
        req(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=BODY),
    "GHSA-753j-mpmx-qq6g TE twice, the second obfuscated":
        req(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", body=BODY),
    "GHSA-753j-mpmx-qq6g TE unknown": req(b"Transfer-Encoding: xchunked", body=BODY),
    "GHSA-753j-mpmx-qq6g TE identity": req(b"Transfer-Encoding: identity", body=BODY),
    "GHSA-753j-mpmx-qq6g TE a list ending in chunked": req(b"Transfer-Encoding: gzip, chunked", body=BODY),
    "TE chunked, then another": req(b"Transfer-Encoding: chunked, identity", body=BODY),
    "TE chunked twice in a list": req(b"Transfer-Encoding: chunked, chunked", body=BODY),
    "TE quoted": req(b'Transfer-Encoding: "chunked"', body=BODY),
    "TE with a parameter": req(b"Transfer-Encoding: chunked;q=1", body=BODY),
    "TE empty": req(b"Transfer-Encoding:", body=BODY),
    "TE with a vertical tab before its value": req(b"Transfer-Encoding: \x0bchunked", body=BODY),
    "TE in HTTP/1.0 (RFC 9112 6.1)":
        req(b"Transfer-Encoding: chunked", start=b"POST /count HTTP/1.0", body=BODY),
    "space between name and colon (RFC 9112 5.1)": req(b"Transfer-Encoding : chunked", body=BODY),
    "CL with a space before its colon": req(b"Content-Length : 5", body=b"hello"),
    "CL twice, equal (Gust differs)": req(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
    "CL twice, unequal": req(b"Content-Length: 5", b"Content-Length: 0", body=b"hello"),
    "CL as a list of equals": req(b"Content-Length: 5, 5", body=b"hello"),
    "GHSA-qppv-j76h-2rpx CL +10": req(b"Content-Length: +10", body=b"0123456789"),
    "GHSA-qppv-j76h-2rpx CL 1_0": req(b"Content-Length: 1_0", body=b"0123456789"),
    "GHSA-qppv-j76h-2rpx CL 0x10": req(b"Content-Length: 0x10", body=b"0123456789abcdef"),
    "GHSA-qppv-j76h-2rpx CL with a blank inside": req(b"Content-Length: 1 0", body=b"0123456789"),
    "D HTTPServerRawTest CL foo": req(b"Content-Length: foo", body=b"hello"),
    "CL negative": req(b"Content-Length: -1"),
    "CL empty": req(b"Content-Length:"),
    "CL with a fraction": req(b"Content-Length: 5.0", body=b"hello"),
    "CL in other digits (Unicode)": req("Content-Length: \u0665".encode(), body=b"hello"),
    "6.4.1 CL behind a Unicode blank (0xA0)": req(b"Content-Length: \xa05", body=b"hello"),
    "6.4.1 CL behind a next-line control (0x85)": req(b"Content-Length: \x855", body=b"hello"),
    "CL 2^63": req(b"Content-Length: 9223372036854775808"),
    "CL 2^64": req(b"Content-Length: 18446744073709551616"),
    "CL 2^64 + 5 wraps to 5": req(b"Content-Length: 18446744073709551621", body=b"hello"),
    "CL of a hundred digits": req(b"Content-Length: " + b"9" * 100),
    "CR alone hides a TE": req(b"X: y\rTransfer-Encoding: chunked", b"Content-Length: 5", body=BODY),
}

HOSTS = {
    "Host missing in HTTP/1.1": req(host=None, start=b"GET /hello HTTP/1.1"),
    "Host twice": req(b"Host: y", start=b"GET /hello HTTP/1.1"),
    "Host twice, equal": req(b"Host: x", start=b"GET /hello HTTP/1.1"),
    "Host with a space": req(host=b"Host: a b", start=b"GET /hello HTTP/1.1"),
    "Host with a comma": req(host=b"Host: a,b", start=b"GET /hello HTTP/1.1"),
    "Host with a slash": req(host=b"Host: a/b", start=b"GET /hello HTTP/1.1"),
    "Host with user information": req(host=b"Host: u@h", start=b"GET /hello HTTP/1.1"),
    "Host with a port that is none": req(host=b"Host: h:x", start=b"GET /hello HTTP/1.1"),
    "Host with a bracket left open": req(host=b"Host: [::1", start=b"GET /hello HTTP/1.1"),
    "Host empty, target a path": req(host=b"Host:", start=b"GET /hello HTTP/1.1"),
    "Host missing beside an absolute target":
        req(host=None, start=b"GET http://x/hello HTTP/1.1"),
}

BYTES = {
    "bare LF ends the request line (Gust differs)": b"GET /hello HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF ends a field": b"GET /hello HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
    "bare LF ends the head": b"GET /hello HTTP/1.1\r\nHost: x\r\n\n",
    "bare CR in the request line": b"GET /hello\r HTTP/1.1\r\nHost: x\r\n\r\n",
    "bare CR in a value": req(b"X: a\rb", start=b"GET /hello HTTP/1.1"),
    "two CRs before LF": req(b"X: a\r", start=b"GET /hello HTTP/1.1"),
    "NUL in a value": req(b"X: a\0b", start=b"GET /hello HTTP/1.1"),
    "NUL in a name": req(b"X\0: a", start=b"GET /hello HTTP/1.1"),
    "NUL in the path": b"GET /hel\0lo HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the method": b"G\0T /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a control in a value": req(b"X: a\x01b", start=b"GET /hello HTTP/1.1"),
    "DEL in a value": req(b"X: a\x7fb", start=b"GET /hello HTTP/1.1"),
    "a control in the path": b"GET /a\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
    "obs-fold by a space": req(b"X: a", b" b", start=b"GET /hello HTTP/1.1"),
    "obs-fold by a tab": req(b"X: a", b"\tb", start=b"GET /hello HTTP/1.1"),
    "fold on the first field": b"GET /hello HTTP/1.1\r\n Host: x\r\n\r\n",
    "a field without a colon": req(b"X", start=b"GET /hello HTTP/1.1"),
    "a field without a name": req(b": x", start=b"GET /hello HTTP/1.1"),
    "a name with a space": req(b"X Y: z", start=b"GET /hello HTTP/1.1"),
    "a name with brackets": req(b"X[Y]: z", start=b"GET /hello HTTP/1.1"),
    "a name beyond ASCII": req("X\u00e9: z".encode(), start=b"GET /hello HTTP/1.1"),
    "a request line of one word": b"GET\r\nHost: x\r\n\r\n",
    "a request line of two words (HTTP/0.9)": b"GET /hello\r\nHost: x\r\n\r\n",
    "a request line of four words": b"GET /hello /b HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces in the request line": b"GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab in the request line": b"GET\t/hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank before the request line": b" GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a blank behind the version": b"GET /hello HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a version of lower case": b"GET /hello http/1.1\r\nHost: x\r\n\r\n",
    "a version of two digits": b"GET /hello HTTP/1.10\r\nHost: x\r\n\r\n",
    "a version without a minor": b"GET /hello HTTP/1\r\nHost: x\r\n\r\n",
    "D HTTPServerRawTest method FOO,BAR": b"FOO,BAR /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target that is a bare word": b"GET hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target of another scheme": b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk for another method than OPTIONS": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT to a path": b"CONNECT /hello HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target with bytes beyond ASCII": b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS where HTTP is spoken": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
}

OTHERS = {
    ("a version that we do not speak", 505): b"GET /hello HTTP/2.0\r\nHost: x\r\n\r\n",
    ("HTTP/2 without being asked for (preface)", 505): b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ("HTTP/0.9 by its number", 505): b"GET /hello HTTP/0.9\r\nHost: x\r\n\r\n",
    ("a 70 KB header", 431):
        req(b"X: " + b"a" * 70000, start=b"GET /hello HTTP/1.1"),
    ("a 70 KB header of many fields", 431):
        req(*[b"X%d: " % i + b"a" * 1000 for i in range(70)], start=b"GET /hello HTTP/1.1"),
    ("a long request line", 414): b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ("a long request line without an end", 414): b"GET /" + b"a" * 200000,
    ("CVE-2025-67725 101 header fields", 431):
        req(*[b"X: y"] * 100, start=b"GET /hello HTTP/1.1"),
    ("CVE-2025-67725 a flood of header fields", 431):
        req(*[b"a:"] * 12000, start=b"GET /hello HTTP/1.1"),
}


def refused(app, status, request):
    """The answer to a bad request; nothing behind it is looked at."""
    before = app.counters()
    with app.connect() as c:
        c.try_send(request + BEHIND)
        response = c.read()
        assert response.status == status, response.body
        assert response.is_last and response.version == 1
        assert response.body, "an answer that a person can read"
        c.assert_closed()
    after = app.counters()
    assert after["smuggled"] == 0
    return after["served"] - before["served"] - 1


@pytest.mark.parametrize("rule", [*FRAMING, *HOSTS, *BYTES])
def test_bad_request_is_one_400_and_what_follows_is_not_read(app, rule):
    request = {**FRAMING, **HOSTS, **BYTES}[rule]
    assert refused(app, 400, request) == 0, "the bad request reached a handler"


@pytest.mark.parametrize("rule, status", OTHERS)
def test_what_has_a_status_of_its_own(app, rule, status):
    assert refused(app, status, OTHERS[rule, status]) == 0


@pytest.mark.parametrize("rule", [*FRAMING, *HOSTS, *BYTES])
def test_bad_request_behind_a_good_one(app, rule):
    """The good one is answered, then comes the 400: in the same segment."""
    bad = {**FRAMING, **HOSTS, **BYTES}[rule]
    with app.connect() as c:
        c.send(get(b"/hello") + bad + BEHIND)
        assert c.read().body == b"hello"
        assert c.read().status == 400
        c.assert_closed()
    assert app.counters()["smuggled"] == 0


CHUNKS = {
    "GHSA-qppv-j76h-2rpx chunk size +1": b"+1\r\na\r\n0\r\n\r\n",
    "GHSA-qppv-j76h-2rpx chunk size 0x1": b"0x1\r\na\r\n0\r\n\r\n",
    "GHSA-qppv-j76h-2rpx chunk size 1_0": b"1_0\r\n" + b"a" * 16 + b"\r\n0\r\n\r\n",
    "D HTTPServerRawTest chunk size 1_a": b"1_a\r\n" + b"a" * 26 + b"\r\n0\r\n\r\n",
    "chunk size -1": b"-1\r\na\r\n0\r\n\r\n",
    "chunk size empty": b"\r\na\r\n0\r\n\r\n",
    "chunk size behind a blank": b" 1\r\na\r\n0\r\n\r\n",
    "chunk size not hexadecimal": b"g\r\na\r\n0\r\n\r\n",
    "chunk size 2^63": b"8000000000000000\r\na\r\n0\r\n\r\n",
    "chunk size 2^64 wraps to 0": b"10000000000000000\r\n\r\n",
    "chunk size 2^64 + 1 wraps to 1": b"10000000000000001\r\na\r\n0\r\n\r\n",
    "chunk size with a hundred zeros": b"0" * 100 + b"1\r\na\r\n0\r\n\r\n",
    "chunk terminator XX": b"1\r\naXX0\r\n\r\n",
    "chunk longer than its size": b"1\r\nab\r\n0\r\n\r\n",
    "chunk ended by LF alone": b"1\r\na\n0\r\n\r\n",
    "chunk size ended by LF alone": b"1\na\r\n0\r\n\r\n",
    "chunk size ended by CR alone": b"1\ra\r\n0\r\n\r\n",
    "chunk extension ended by LF (TERM.EXT)": b"1;x\na\r\n0\r\n\r\n",
    "NUL in a chunk extension": b"1;x\0y\r\na\r\n0\r\n\r\n",
    "chunk extension of 300 bytes": b"1;" + b"x" * 300 + b"\r\na\r\n0\r\n\r\n",
    "chunk extensions of 17 KB in all": (b"1;" + b"x" * 200 + b"\r\na\r\n") * 90 + b"0\r\n\r\n",
    "last chunk ended by LF alone": b"1\r\na\r\n0\n\r\n",
    "trailers ended by LF alone": b"1\r\na\r\n0\r\n\n",
    "trailer without a colon": b"0\r\nX\r\n\r\n",
    "trailer folded": b"0\r\nX: y\r\n z\r\n\r\n",
    "trailer with NUL": b"0\r\nX: \0\r\n\r\n",
    "trailer name with a space": b"0\r\nX : y\r\n\r\n",
}


@pytest.mark.parametrize("rule", CHUNKS)
def test_bad_chunks_are_400_and_what_follows_is_not_read(app, rule):
    request = req(b"Transfer-Encoding: chunked", body=CHUNKS[rule])
    assert refused(app, 400, request) == 1


TRAILERS = {
    "one trailer line beyond 64 KiB": b"X: " + b"y" * 70000 + b"\r\n",
    "101 trailer fields": b"X: y\r\n" * 101,
    "trailers without an end": b"X: y" * 30000,
}


@pytest.mark.parametrize("rule", TRAILERS)
def test_too_many_trailers_are_refused(app, rule):
    """The header limits hold for trailers ("Where Gust differs")."""
    with app.connect() as c:
        c.try_send(req(b"Transfer-Encoding: chunked", body=b"1\r\na\r\n0\r\n" + TRAILERS[rule]
                       + b"\r\n" + BEHIND))
        response = c.read()
        assert response.status in (400, 431) and response.is_last
        c.assert_closed()
    assert app.counters()["smuggled"] == 0


ODD = {
    "D HTTPServerRawTest Chunked in upper case":
        req(b"Transfer-Encoding: Chunked", body=b"1\r\na\r\n0\r\n\r\n"),
    "CL with blanks around it": req(b"Content-Length: \t 1 \t", body=b"a"),
    "CL with leading zeros": req(b"Content-Length: 0001", body=b"a"),
    "D MaxHeaderSize: 100 header fields": req(b"Content-Length: 1", *[b"X: y"] * 98, body=b"a"),
    "CR LF before a request": b"\r\n\r\n" + req(b"Content-Length: 1", body=b"a"),
    "Host of HTTP/1.0 may be missing":
        req(b"Content-Length: 1", b"Connection: keep-alive", start=b"POST /count HTTP/1.0",
            host=None, body=b"a"),
    "an empty value": req(b"X:", b"Content-Length: 1", body=b"a"),
    "a value beyond ASCII": req(b"X: \xe9", b"Content-Length: 1", body=b"a"),
    "absolute-form": req(b"Content-Length: 1", start=b"POST http://x/count HTTP/1.1", body=b"a"),
    "HTTP/1.7 is HTTP/1": req(b"Content-Length: 1", start=b"POST /count HTTP/1.7", body=b"a"),
}


@pytest.mark.parametrize("rule", ODD)
def test_what_only_looks_odd_is_taken(app, rule):
    with app.connect() as c:
        c.send(ODD[rule] + get(b"/hello"))
        assert c.read().body.startswith(b"1 "), rule
        assert c.read().body == b"hello"


def test_method_that_is_unknown_is_405_with_allow(app):
    """D HTTPServerRawTest: FOO is a method, FOO,BAR is none."""
    with app.connect(1) as c:
        response = c.ask(get(b"/hello", method=b"FOO"))
        assert response.status == 405 and "GET" in response.get("Allow")
        assert c.ask(get(b"/hello")).status == 200


def test_nothing_but_line_ends_is_not_a_request(app):
    """A connection that sends CR LF for ever is bounded by header_timeout, and not answered."""
    with app.connect() as c:
        c.send(b"\r\n" * 50000, get(b"/hello"))
        assert c.read().body == b"hello"


def test_each_refusal_is_at_most_one_line_of_log(serve):
    server = serve()
    for request in BYTES.values():
        with server.connect() as c:
            c.send(request + BEHIND).read()
    until(lambda: len(server.log.splitlines()) <= len(BYTES), "one line each")


def test_the_log_is_not_written_by_the_peer(serve):
    """CR and LF of a request do not begin lines of the log."""
    server = serve()
    with server.connect() as c:
        c.send(b"GET /hello\n[E forged] HTTP/1.1\r\nHost: x\r\n\r\n").read()
    assert "\n[E forged" not in server.log


def test_refusal_does_not_wait_for_the_rest(app):
    """What is wrong is answered where it stands, not at the end of the head."""
    with app.connect() as c:
        c.send(b"GET /hello HTTP/1.1\r\nHost : x\r\n")
        assert c.read().status == 400


def test_refused_peer_that_goes_on_sending_still_reads_its_answer(app):
    """Lingering close (RFC 9112 9.6): a close on unread bytes would reset the answer away."""
    with app.connect() as c:
        c.send(b"BAD\r\n\r\n")
        for _ in range(50):
            if not c.try_send(b"x" * 1000):
                break
        assert c.read().status == 400


def test_lingering_is_bounded_in_bytes(app):
    """64 KiB after the refusal, then the connection is cut."""
    with app.connect() as c:
        c.send(b"BAD\r\n\r\n")
        with pytest.raises((Ended, OSError)):
            for _ in range(1000):
                c.socket.sendall(b"x" * 65536)
