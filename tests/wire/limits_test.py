"""Limits of the server as a whole, and what happens without descriptors."""

import time

from conversation import BEHIND_HELLO, Ended, get, until


def test_max_tasks_is_503_and_passes(serve):
    """One sleeps, the next is refused, and when there is room again, served."""
    server = serve("--max-tasks", 4)  # the program's own main task is one
    sleepers = [server.connect() for _ in range(8)]
    for c in sleepers:
        c.send(get(b"/slow?0.3"))
    answers = [c.read() for c in sleepers]
    statuses = sorted(r.status for r in answers)
    assert statuses[0] == 200 and statuses[-1] == 503, statuses
    assert all(r.is_last for r in answers if r.status == 503)
    with server.connect() as c:
        assert c.ask(get(b"/hello")).body == b"hello"


def test_max_connections_waits_and_goes_on(serve):
    """Accepting waits (server.h): the third is served when one of the first two has gone."""
    server = serve("--max-connections", 2)
    a, b = server.connect(), server.connect()
    assert a.ask(get(b"/hello")).body == b.ask(get(b"/hello")).body
    third = server.connect()
    third.send(get(b"/hello"))
    assert third.is_quiet(0.1)
    a.close()
    assert third.read().body == b"hello"
    third.close()
    assert b.ask(get(b"/hello")).body == b"hello"
    b.close()


def test_without_descriptors_it_neither_spins_nor_dies(serve):
    """EMFILE: who comes then is turned away, the next is served (DESIGN 5)."""
    server = serve(prefix=["prlimit", "--nofile=40:40"])
    server.is_well()
    clients, turned = [], 0
    for _ in range(60):
        clients.append(server.connect())
    cpu = server.cpu()
    time.sleep(0.5)
    assert server.cpu() - cpu < 0.25, "it spins"
    assert clients[0].ask(get(b"/hello")).body == b"hello"
    for c in clients:
        c.socket.settimeout(0.01)
        try:
            c.ask(get(b"/hello"))
        except (Ended, OSError):
            turned += 1
    assert 10 < turned < 60
    for c in clients:
        c.close()
    time.sleep(0.2)
    server.is_well()
    assert "accept" in server.log and len(server.log.splitlines()) < 10, server.log


def test_many_slow_connections_do_not_slow_others(start):
    """500 that send a byte at a time; each is closed at header_timeout."""
    server = start("--header-timeout", 1)
    slow = [server.connect() for _ in range(500)]
    for c in slow:
        c.send(b"G")
    for byte in (b"E", b"T"):
        for c in slow:
            c.try_send(byte)
        server.is_well()
    assert all(c.read().status == 408 for c in slow)
    for c in slow:
        c.close()
    server.is_well()


def test_a_crowd_that_comes_and_goes_at_once(app):
    before = app.n_descriptors()
    for _ in range(3):
        clients = [app.connect() for _ in range(300)]
        for c in clients:
            c.send(get(b"/hello") + BEHIND_HELLO)
        for c in clients[::2]:
            c.reset()
        for c in clients[1::2]:
            assert c.read().body == b"hello" and c.read().body == b"hello"
            c.close()
    until(lambda: app.n_descriptors() <= before + 1, "all are closed")
