"""System calls of a plain keep-alive request, counted by strace."""

import re
import signal
import subprocess

from conversation import get

REQUESTS = 500


def counts(server, run):
    """{call: how often} of the server while run() runs."""
    tracer = subprocess.Popen(["strace", "-c", "-f", "-U", "name,calls", "-p", str(server.pid)],
                              stderr=subprocess.PIPE, text=True)
    assert "attached" in tracer.stderr.readline()
    run()
    tracer.send_signal(signal.SIGINT)
    table = tracer.communicate(timeout=10)[1]
    return {name: int(n) for name, n in re.findall(r"^(\w+)\s+(\d+)$", table, re.MULTILINE)}


def test_a_request_is_one_receive_one_send_and_one_wait(build, serve):
    if "dev" in str(build):
        limit = 10 ** 6  # sanitizers map memory of their own
    else:
        limit = 20
    server = serve()
    with server.connect(1) as c:
        c.ask(get(b"/hello"))

        def run():
            for _ in range(REQUESTS):
                assert c.ask(get(b"/hello")).body == b"hello"

        calls = counts(server, run)
    assert REQUESTS <= calls.pop("recvfrom") <= REQUESTS + 2
    assert REQUESTS <= calls.pop("sendto") <= REQUESTS + 2
    waits = sum(calls.pop(name, 0) for name in ("epoll_wait", "epoll_pwait", "epoll_pwait2"))
    assert waits <= REQUESTS + 5
    calls.pop("write", None)  # the access log's lines, gathered: not one each
    calls.pop("total", None)
    assert sum(calls.values()) < limit, calls


def test_pipelined_requests_share_their_calls(serve):
    server = serve()
    with server.connect(1) as c:
        c.ask(get(b"/hello"))

        def run():
            for _ in range(20):
                c.send(get(b"/hello") * 16)
                for _ in range(16):
                    c.read()

        calls = counts(server, run)
    assert calls["sendto"] <= 45 and calls["recvfrom"] <= 45, calls


def test_a_connection_for_one_request_is_never_watched(serve):
    """What is received right behind accept4 is answered; closed, it was the poller's at no time."""
    server = serve()

    def run():
        for _ in range(100):
            with server.connect(1) as c:
                assert c.ask(get(b"/hello", b"Connection: close")).body == b"hello"

    calls = counts(server, run)
    assert calls["accept4"] >= 100
    assert calls["sendto"] <= 105
    assert calls.get("epoll_ctl", 0) < 50, calls
