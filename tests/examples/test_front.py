"""front: what came in time is answered, the rest is left out."""

import http.server
import threading
import time

import pytest


@pytest.fixture
def front(example):
    """A front whose services another process plays."""
    return example("front", f"--api={example('front').url}")


def test_what_is_too_slow_is_left_out(front):
    assert front.get("/").json() == {"weather": {"says": "light breeze from the west"},
                                     "news": {"says": "nothing has happened"}, "mail": "not now"}


def test_with_patience_everything_comes(front):
    assert front.get("/?within=10000").json()["mail"] == {"says": "one new letter"}


def test_all_may_be_too_slow(front):
    assert set(front.get("/?within=1").json().values()) == {"not now"}


def test_a_deadline_that_is_none_is_400(front):
    assert [front.get(f"/?within={w}").status for w in ("0", "10001", "soon")] == [400] * 3


def test_an_answer_is_passed_on(front):
    answer = front.get("/raw/weather")
    assert answer.status == 200
    assert answer.json() == {"says": "light breeze from the west"}
    assert front.get("/raw/nothing").status == 404


def test_services_that_are_not_there_are_a_502(example):
    front = example("front", "--api=http://127.0.0.1:1")
    assert front.get("/raw/weather").status == 502
    assert set(front.get("/").json().values()) == {"not now"}


class Services(http.server.BaseHTTPRequestHandler):
    """One that answers, one that is slow, and one that is down."""

    def do_GET(self):
        if self.path == "/mail":
            time.sleep(3)
        if self.path != "/news":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"says": "rain"}')

    def log_message(self, *args):
        pass


def test_one_may_be_slow_and_one_down(example):
    services = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
    services.daemon_threads = True
    threading.Thread(target=services.serve_forever, daemon=True).start()
    front = example("front", f"--api=http://127.0.0.1:{services.server_port}")
    begun = time.monotonic()
    assert front.get("/?within=1000").json() == {"weather": {"says": "rain"}, "news": "not now",
                                                 "mail": "not now"}
    assert time.monotonic() - begun < 3
    services.shutdown()
