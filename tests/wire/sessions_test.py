"""Sessions over more than one worker: in a cookie each reads them, in memory there is only one."""

import subprocess

import pytest

PROGRAM = "tests/twin_app"


def cookie_of(answer):
    return answer.fields["Set-Cookie"].split(";")[0]


def test_a_cookie_is_read_by_every_worker(example):
    server = example(f"../{PROGRAM}", "--workers=3")
    cookie = cookie_of(server.get("/session?user=ben"))
    for _ in range(10):
        assert server.get("/session", Cookie=cookie).body == "ben"
    assert server.drain() == 0


def test_a_store_in_memory_serves_one_worker(example):
    server = example(f"../{PROGRAM}", "--workers=1", "in-memory")
    cookie = cookie_of(server.get("/session?user=ben"))
    assert server.get("/session", Cookie=cookie).body == "ben"
    assert server.drain() == 0


@pytest.mark.parametrize("option", ["--workers=2", "--threads=2"])
def test_and_refuses_to_start_with_more(build, option):
    done = subprocess.run([build / PROGRAM, "--port=0", option, "in-memory"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 2
    assert "keeps its sessions in the memory of one (gust_session_options.store)" in done.stderr
