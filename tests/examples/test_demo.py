"""demo: each thing that its page shows, without a browser."""

import json
import re
import select

import pytest


@pytest.fixture
def demo(example):
    return example("demo")


def test_the_page_shows_the_source_of_what_it_does(demo):
    page = demo.get("/")
    assert page.status == 200 and page.fields["Content-Type"].startswith("text/html")
    assert "<!-- source" not in page.body and "<code></code>" not in page.body
    assert "static int greet_get(gust_request *r)" in page.body
    assert "&quot;Hello, %s!\\n&quot;" in page.body


def test_whatever_the_page_links_to_is_there(demo):
    page = demo.get("/").body
    kinds = {"/style.css": "text/css", "/live.js": "text/javascript"}
    linked = set(re.findall(r'(?:href|src)="(/[^"]*)"', page))
    assert set(kinds) < linked
    for path in linked:
        answer = demo.get(path, Accept="text/html")
        assert answer.status == (int(answer.body.split("<h1>")[1][:3])
                                 if path.startswith("/errors") else 200)
        assert answer.fields["Content-Type"].startswith(kinds.get(path, "text/html"))


def test_greeting_takes_a_path_argument_and_a_number(demo):
    assert demo.get("/hello/Ada%20L?times=2").body == "Hello, Ada L!\nHello, Ada L!\n"
    assert demo.get("/hello/Ada?times=9").status == 400


def test_a_slow_handler_holds_nobody_up(demo):
    slow = demo.connect()
    slow.request("GET", "/slow?seconds=2")
    assert demo.get("/hello/Ada").status == 200
    assert not select.select([slow.sock], [], [], 0)[0]
    assert slow.getresponse().read() == b"slept 2 s, and held nobody up\n"
    slow.close()


def test_ticks_come_one_by_one(demo):
    ticks = demo.connect()
    ticks.request("GET", "/ticks?n=3")
    response = ticks.getresponse()
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.read1() == b"tick 1 of 3\n"
    assert response.read() == b"tick 2 of 3\ntick 3 of 3\n"
    ticks.close()


def test_an_upload_is_counted(demo):
    counted = demo.request("PUT", "/upload", b"x" * 3_000_000).json()
    assert counted["bytes"] == 3_000_000 and counted["pieces"] > 1


def test_json_goes_there_and_back(demo):
    answer = demo.request("POST", "/json", '{"a": [1, null]}').json()
    assert answer == {"you": "127.0.0.1", "sent": {"a": [1, None]}, "list": [1, "two", 3.5]}
    assert demo.request("POST", "/json", "{").status == 400


def test_a_form_says_all_that_is_wrong(demo):
    wrong = {"name": "", "email": "<ada>", "age": "17"}
    problem = demo.post_form("/signup", Accept="application/json", **wrong)
    assert problem.status == 422
    assert [e["field"] for e in problem.json()["errors"]] == ["name", "email", "age"]
    page = demo.post_form("/signup", Accept="text/html", **wrong)
    assert page.status == 422 and 'value="&lt;ada&gt;"' in page.body
    assert "&quot;&lt;ada&gt;&quot; has no @" in page.body and "<ada>" not in page.body
    right = demo.post_form("/signup", name="Ada", email="a@b", age="18")
    assert right.status == 200 and right.body == "Welcome, Ada, aged 18\n"


@pytest.mark.parametrize("path, status, detail", [
    ("/errors/missing?id=9", 404, "there is no story 9"),
    ("/errors/raise", 400, 'the argument "name" is missing'),
    ("/errors/raise?name=x", 403, "not even with a name"),
    ("/errors/broken", 500, None),
    ("/errors/code", 500, None),
    ("/errors/late", 504, None),
])
def test_errors_are_told_to_programs_and_to_people(demo, path, status, detail):
    problem = demo.get(path, Accept="application/json")
    assert problem.status == status and problem.json().get("detail") == detail
    page = demo.get(path, Accept="text/html")
    assert page.status == status and f"<h1>{status} " in page.body
    assert "password" not in problem.body + page.body


def test_a_note_wakes_who_waits(demo):
    poll = demo.connect()
    poll.request("GET", "/notes?since=0")
    assert demo.get("/hello/Ada").status == 200
    assert not select.select([poll.sock], [], [], 0)[0]
    assert demo.post_form("/notes", text="a <note>").json() == {"number": 1}
    assert json.load(poll.getresponse()) == {"notes": ["a <note>"], "last": 1}
    poll.close()
    for text in ("", "x" * 501):
        assert demo.post_form("/notes", text=text).status == 422


def test_only_the_last_50_notes_are_kept(demo):
    for i in range(1, 54):
        demo.post_form("/notes", text=str(i))
    kept = demo.get("/notes?since=0").json()
    assert kept == {"notes": [str(i) for i in range(4, 54)], "last": 53}
    assert demo.get("/notes?since=1000").json() == kept


def test_visits_are_counted_in_the_worker_and_in_a_cookie(demo):
    first = demo.get("/visits")
    cookie = first.fields["Set-Cookie"].split(";")[0]
    second = demo.get("/visits", Cookie=cookie).json()
    other = demo.get("/visits").json()
    assert (second["yours"], second["everybodys"]) == (2, 2)
    assert (other["yours"], other["everybodys"]) == (1, 3)
    assert second["pid"] == demo.process.pid and second["worker"] == -1


def test_figures_come_as_lines_until_the_client_leaves(demo):
    live = demo.connect()
    live.request("GET", "/live")
    lines = live.getresponse()
    first = json.loads(lines.readline())
    assert (first["connections"], first["in_hand"], first["requests"]) == (1, 1, 1)
    idle = demo.connect()
    idle.request("GET", "/hello/Ada")
    idle.getresponse().read()
    while (later := json.loads(lines.readline()))["requests"] < 2:
        pass
    assert (later["connections"], later["in_hand"], later["requests"]) == (2, 1, 2)
    assert later["count"] > first["count"] and later["resident"] > 0
    idle.close()
    lines.close()
    live.close()
    demo.wait_for_log(rb"GET /live")


def test_what_is_refused_leaves_nothing_in_hand(demo):
    assert demo.request("DELETE", "/slow").status == 405
    assert demo.get("/hello/%ff").status == 400
    assert demo.request("PUT", "/upload", Content_Length=str(1 << 40)).status == 413
    assert demo.get("/nowhere").status == 404
    live = demo.connect()
    live.request("GET", "/live")
    assert json.loads(live.getresponse().readline())["in_hand"] == 1
    live.close()


def test_draining_ends_what_would_never_end(demo):
    live, poll = demo.connect(), demo.connect()
    live.request("GET", "/live")
    poll.request("GET", "/notes?since=0")
    lines = live.getresponse()
    lines.readline()
    assert demo.get("/hello/Ada").status == 200
    assert demo.drain() == 0
    assert lines.read() is not None  # it ends as a whole response
    assert poll.getresponse().status == 503
    live.close()
    poll.close()


def test_it_serves_with_several_workers(example):
    demo = example("demo", "--workers=2")
    assert demo.get("/visits").json()["worker"] in (0, 1)
    assert demo.drain() == 0
