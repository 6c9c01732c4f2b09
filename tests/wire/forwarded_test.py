"""Who the client is, behind proxies: only where the server was told to believe them."""

import pytest

from conversation import get

TRUST = ["--xheaders", "--trust", "5.5.5.5", "--trust", "2001:db8::5"]
NOBODY = b"127.0.0.1 http"  # who really asks, and how

# name: (the fields, whom a server sees that believes them, and one that trusts proxies as well)
CASES = {
    "nothing": ([], NOBODY, NOBODY),
    "X-Real-Ip": ([b"X-Real-Ip: 4.4.4.4"], b"4.4.4.4 http", b"4.4.4.4 http"),
    "X-Real-Ip in IPv6": ([b"X-Real-Ip: 2001:db8::1"], b"2001:db8::1 http", b"2001:db8::1 http"),
    "X-Real-Ip comes first":
        ([b"X-Forwarded-For: 1.1.1.1", b"X-Real-Ip: 4.4.4.4"], b"4.4.4.4 http", b"4.4.4.4 http"),
    "what the client wrote into X-Forwarded-For comes before the proxy's":
        ([b"X-Forwarded-For: 127.0.0.1, 9.9.9.9, 4.4.4.4"], b"4.4.4.4 http", b"4.4.4.4 http"),
    "in a field of its own":
        ([b"X-Forwarded-For: 9.9.9.9", b"X-Forwarded-For: 4.4.4.4"], b"4.4.4.4 http",
         b"4.4.4.4 http"),
    "trusted proxies are passed over":
        ([b"X-Forwarded-For: 9.9.9.9, 4.4.4.4, 5.5.5.5, 2001:DB8:0::5"], b"2001:DB8:0::5 http",
         b"4.4.4.4 http"),
    "behind one that is not trusted nothing counts":
        ([b"X-Forwarded-For: 9.9.9.9, 5.5.5.5, 4.4.4.4"], b"4.4.4.4 http", b"4.4.4.4 http"),
    "nobody but trusted ones":
        ([b"X-Forwarded-For: 5.5.5.5"], b"5.5.5.5 http", b"5.5.5.5 http"),
    "a name is no address": ([b"X-Real-Ip: localhost"], NOBODY, NOBODY),
    "nor is what is behind one": ([b"X-Real-Ip: 4.4.4.4<script>"], NOBODY, NOBODY),
    "nor a port": ([b"X-Forwarded-For: 4.4.4.4:80"], NOBODY, NOBODY),
    "nor a number": ([b"X-Real-Ip: 67372036"], NOBODY, NOBODY),
    "nor octal": ([b"X-Real-Ip: 04.4.4.4"], NOBODY, NOBODY),
    "nor nothing": ([b"X-Forwarded-For: "], NOBODY, NOBODY),
    "nor nothing in a list": ([b"X-Forwarded-For: 4.4.4.4,"], NOBODY, NOBODY),
    "nor what is too long": ([b"X-Real-Ip: " + b"4" * 5000], NOBODY, NOBODY),
    "X-Scheme": ([b"X-Scheme: https"], b"127.0.0.1 https", b"127.0.0.1 https"),
    "X-Forwarded-Proto": ([b"X-Forwarded-Proto: https"], b"127.0.0.1 https", b"127.0.0.1 https"),
    "X-Scheme comes first":
        ([b"X-Forwarded-Proto: https", b"X-Scheme: http"], NOBODY, NOBODY),
    "the last scheme of a list":
        ([b"X-Forwarded-Proto: http, https"], b"127.0.0.1 https", b"127.0.0.1 https"),
    "a scheme that is none": ([b"X-Scheme: gopher"], NOBODY, NOBODY),
    "both":
        ([b"X-Real-Ip: 4.4.4.4", b"X-Scheme: https"], b"4.4.4.4 https", b"4.4.4.4 https"),
}


def peer(client, *fields):
    return client.ask(get(b"/peer", *fields)).body


@pytest.mark.parametrize("name", CASES)
def test_the_fields_are_believed_where_that_was_asked_for(start, name):
    """X-Forwarded-For and its like are anybody's words while xheaders is off. Each connection
    is kept, and the request that follows is again its peer's own."""
    fields, believed, trusted = CASES[name]
    for options, expected in ((), NOBODY), (["--xheaders"], believed), (TRUST, trusted):
        with start(*options).connect(1) as c:
            assert peer(c, *fields) == expected
            assert peer(c) == NOBODY


def test_pipelined_requests_are_told_apart(start):
    """They lie in one buffer."""
    with start(*TRUST).connect(1) as c:
        c.send(get(b"/peer", b"X-Real-Ip: 4.4.4.4") + get(b"/peer") +
               get(b"/peer", b"X-Real-Ip: 4.4.4.5", b"X-Scheme: https") + get(b"/peer"))
        assert [c.read().body for _ in range(4)] == [b"4.4.4.4 http", NOBODY, b"4.4.4.5 https",
                                                     NOBODY]
