"""hello: the README's program does what the README says."""


def test_it_greets_by_name(example):
    hello = example("hello")
    assert hello.get("/").body == "Hello, world\n"
    assert hello.get("/?name=Ada%20L").body == "Hello, Ada L\n"
    assert hello.get("/").fields["Content-Type"] == "text/plain; charset=UTF-8"


def test_a_story_is_found_by_its_number_or_is_404(example):
    hello = example("hello")
    assert hello.get("/story/2").body == "The loop that never slept\n"
    page = hello.get("/story/9", Accept="text/html")
    assert page.status == 404 and "there is no story 9" in page.body
    problem = hello.get("/story/0", Accept="application/json")
    assert problem.status == 404 and problem.json()["detail"] == "there is no story 0"
    assert hello.get("/story/99999999999999999999").status == 404
    assert hello.get("/story/one").status == 404


def test_what_it_has_no_method_for_is_405(example):
    refused = example("hello").request("POST", "/", b"")
    assert refused.status == 405 and refused.fields["Allow"] == "GET, HEAD, OPTIONS"


def test_sigterm_ends_it_with_exit_code_0(example):
    hello = example("hello")
    assert hello.get("/").status == 200
    assert hello.drain() == 0
    assert b"stopping: signal 15" in hello.log
