"""front: what came in time is answered, the rest is left out."""


def test_what_is_too_slow_is_left_out(example):
    assert example("front").get("/").body == (
        "weather: light breeze from the west\nnews: nothing has happened\nmail: not now\n")


def test_with_patience_everything_comes(example):
    assert "mail: one new letter\n" in example("front").get("/?within=10000").body


def test_all_may_be_too_slow(example):
    assert example("front").get("/?within=1").body == (
        "weather: not now\nnews: not now\nmail: not now\n")


def test_a_deadline_that_is_none_is_400(example):
    front = example("front")
    assert [front.get(f"/?within={w}").status for w in ("0", "10001", "soon")] == [400] * 3
