"""longpoll: polls wait for what is new, and end when client or server leave."""

import contextlib
import select
import subprocess


def poll(server, since):
    """A connection on which a poll was sent; it is known to wait."""
    connection = server.connect()
    connection.request("GET", f"/messages?since={since}")
    server.get("/")  # the loop has been round since
    assert not select.select([connection.sock], [], [], 0)[0]
    return connection


def answer(connection):
    with contextlib.closing(connection):
        response = connection.getresponse()
        return response.status, response.read().decode()


def say(server, text):
    said = server.post_form("/messages", text=text)
    assert said.status == 201, said.body
    return said.json()["id"]


def test_every_poll_that_waits_gets_the_message(example):
    room = example("longpoll")
    polls = [poll(room, 0) for _ in range(3)]
    assert say(room, "hello there") == 1
    assert [answer(p) for p in polls] == [
        (200, '{"messages":[{"id":1,"text":"hello there"}],"last":1}')] * 3


def test_a_poll_gets_what_it_missed_at_once(example):
    room = example("longpoll")
    for text in "abc":
        say(room, text)
    missed = room.get("/messages?since=1").json()
    assert [m["text"] for m in missed["messages"]] == ["b", "c"] and missed["last"] == 3


def test_a_cursor_from_before_a_restart_begins_anew(example):
    room = example("longpoll")
    say(room, "a")
    assert room.get("/messages?since=57").json()["last"] == 1


def test_the_last_200_messages_are_kept(example):
    room = example("longpoll")
    for i in range(203):
        say(room, str(i))
    kept = room.get("/messages?since=1").json()["messages"]
    assert [m["text"] for m in kept] == [str(i) for i in range(3, 203)]


def test_a_message_is_checked(example):
    room = example("longpoll")
    say(room, "x" * 1000)
    assert room.post_form("/messages", text="x" * 1001).status == 422
    assert room.post_form("/messages", text=" ").status == 422
    assert room.post_form("/messages", word="a").status == 400
    assert room.get("/messages?since=0").json()["last"] == 1


def test_a_client_that_leaves_ends_its_poll(example):
    room = example("longpoll")
    poll(room, 0).close()
    room.wait_for_log(rb"GET /messages\?since=0")
    assert say(room, "a") == 1


def test_draining_answers_polls_with_503(example):
    room = example("longpoll")
    waiting = poll(room, 0)
    assert room.drain() == 0
    assert answer(waiting)[0] == 503


def test_more_than_one_worker_is_refused(build):
    refused = subprocess.run([build / "examples" / "longpoll", "--port=0", "--workers=2"],
                             capture_output=True, timeout=20, text=True, check=False)
    assert refused.returncode != 0 and "workers" in refused.stderr
