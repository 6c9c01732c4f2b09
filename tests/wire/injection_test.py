"""What an application hands over must not become a header, a status line or markup."""

import pytest

from conversation import get


@pytest.mark.parametrize("target", [b"/bad-header", b"/bad-name", b"/bad-redirect"])
def test_line_ends_never_leave_in_a_header(app, target):
    """2.2.1: set_header and redirect with CRLF: an error, and nothing of it is sent."""
    with app.connect(1) as c:
        response = c.ask(get(target))
        assert response.status == 500 and not response.all("X-Injected")
        assert c.ask(get(b"/hello")).body == b"hello"


def test_line_ends_never_leave_in_a_delegate_s_header(app):
    with app.connect() as c:
        response = c.ask(get(b"/bad-header"))
        assert response.status == 500 and not response.all("X-Injected")


@pytest.mark.parametrize("target", [b"/reason", b"/markup-reason"])
def test_bad_reason_becomes_unknown(app, target):
    """CVE-2025-67724."""
    with app.connect(1) as c:
        response = c.ask(get(target))
        assert response.reason == "Unknown" and not response.all("X-Injected")
        assert b"<script>" not in response.body


@pytest.mark.parametrize("target, status", [(b"/fail", 418), (b"/raise", 409), (b"/broken", 500)])
def test_failing_keeps_the_connection(app, target, status):
    with app.connect(1) as c:
        for _ in range(3):
            assert c.ask(get(target)).status == status
        assert c.ask(get(b"/hello")).body == b"hello"


def test_what_is_reflected_is_escaped(app):
    with app.connect(1) as c:
        body = c.ask(get(b"/nothing/<script>alert(1)</script>", b"Accept: text/html")).body
        assert b"<script>" not in body


@pytest.mark.parametrize("target", [b"/%00", b"/hello%00", b"/hello?x=%00", b"/hello/../hello",
                                    b"/%2e%2e/%2e%2e/etc/passwd", b"/%zz", b"/%"])
def test_odd_paths_are_no_error_of_ours(app, target):
    """A NUL in a path, and its like."""
    with app.connect(1) as c:
        assert c.ask(get(target)).status in (200, 400, 404)
        assert c.ask(get(b"/hello")).body == b"hello"
    assert "[E" not in "".join(l for l in app.log.splitlines() if target.decode() in l)
