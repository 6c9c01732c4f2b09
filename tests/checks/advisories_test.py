"""docs/advisories.md against the tests: each case that it lists is carried by the tests that it
names, and no test carries a number that it does not list."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/advisories.md"
ROW = re.compile(r"^\| (`[^|]+`) \| [^|]+ \| (`[^|]+`) \|$", re.MULTILINE)
SPAN = re.compile(r"`([^`]+)`")
NUMBER = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4})+")


def rows(text):
    """(case, file) for each case of a row and each file that it names."""
    for cases, files in ROW.findall(text):
        for case in SPAN.findall(cases):
            for file in SPAN.findall(files):
                yield case, file


def carriers():
    """The tests themselves, without what checks them."""
    for file in sorted((ROOT / "tests").rglob("*")):
        if file.suffix in (".c", ".py") and file.parent.name != "checks":
            yield file


def test_rows_are_found():
    text = "| a | b | c |\n|---|---|---|\n| `x`, `y z` | why (CVE) | `f.c`, `g.py` |\n"
    assert list(rows(text)) == [("x", "f.c"), ("x", "g.py"), ("y z", "f.c"), ("y z", "g.py")]


def test_every_row_of_the_page_is_understood():
    lines = [l for l in PAGE.read_text().splitlines() if l.startswith("| `")]
    assert len(lines) > 25
    assert [l for l in lines if not ROW.match(l)] == []


@pytest.mark.parametrize("case, file", rows(PAGE.read_text()))
def test_the_test_carries_its_case(case, file):
    """As a word of its own: 2.2 is not found in 2.2.1, nor in an address."""
    text = (ROOT / file).read_text()
    assert re.search(rf"(?<![\w.]){re.escape(case)}(?![\w.]\w)", text), f"{file} has no {case}"


@pytest.mark.parametrize("file", [pytest.param(f, id=str(f.relative_to(ROOT))) for f in carriers()])
def test_no_number_is_missing_in_the_page(file):
    listed = NUMBER.findall(PAGE.read_text())
    carried = set(NUMBER.findall(file.read_text(errors="replace")))
    assert [c for c in sorted(carried) if not any(l.startswith(c) for l in listed)] == []
