"""The documents against the code: what they show compiles, what they name exists, where they point
to is there, and the table of limits has every option."""

import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
HEADERS = sorted((ROOT / "include").rglob("*.h"))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A block behind a line that names an example, and ends with a colon, is taken from it. What is left
# out in between is a line of its own.
EXCERPT = re.compile(r"\[(examples/[\w/]+\.c)\]\([^)]*\)[^\n]*:\n\n```c\n(.*?)^```$",
                     re.MULTILINE | re.DOTALL)
LEFT_OUT = re.compile(r"^ */\* … \*/\n", re.MULTILINE)
PRELUDE = "#include <gust.h>\n#include <inttypes.h>\n#include <stdio.h>\n#include <stdlib.h>\n" \
          "#include <string.h>\n"
STRICT = ["-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow",
          "-Wstrict-prototypes", "-Werror", "-Wno-unused-function",
          "-Wno-unused-const-variable", "-Wno-unused-variable",
          "-Wno-missing-field-initializers", "-Wno-unused-parameter"]


def page_name(page):
    return str(page.relative_to(ROOT))


def blocks(language):
    """(page, text) of every block of a language, on every page, but for excerpts."""
    for page in PAGES:
        taken = [text for _, text in EXCERPT.findall(page.read_text())]
        found = [text for lang, text in FENCE.findall(page.read_text())
                 if lang == language and text not in taken]
        for i, text in enumerate(found, 1):
            yield pytest.param(page, text, id=f"{page_name(page)} {i}")


def excerpts():
    """(example, text) of every block that is taken from an example."""
    for page in PAGES:
        for i, (example, text) in enumerate(EXCERPT.findall(page.read_text()), 1):
            yield pytest.param(example, text, id=f"{page_name(page)} {i} {example}")


def without_blocks(text):
    return FENCE.sub("", text)


# --- what is shown ---


def test_the_readme_shows_the_hello_example():
    example = (ROOT / "examples/hello.c").read_text()
    shown = [text for lang, text in FENCE.findall((ROOT / "README.md").read_text()) if lang == "c"]
    assert shown[0] == example[example.index("#include"):]


@pytest.mark.parametrize("example, text", excerpts())
def test_excerpts_are_the_examples_own(example, text):
    source, at = (ROOT / example).read_text(), 0
    for piece in LEFT_OUT.split(text):
        assert piece.strip() and piece.strip("\n") in source[at:], piece
        at = source.index(piece.strip("\n"), at)


@pytest.mark.parametrize("page, text", blocks("c"))
def test_code_compiles(page, text):
    done = subprocess.run(["cc", *STRICT, f"-I{ROOT / 'include'}", "-x", "c", "-"],
                          input=PRELUDE + '#line 1 "block"\n' + text, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page, text", blocks("cpp"))
def test_code_in_cpp_compiles(page, text):
    done = subprocess.run(["c++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                           "-Wno-missing-field-initializers",
                           f"-I{ROOT / 'include'}", "-x", "c++", "-"],
                          input=text, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


# --- what is named ---


def known_names():
    """Every word that begins as Gust's names do, in the code, its build and its tests."""
    folders = ("include", "src", "tests", "cmake", "bench", "examples", "fuzz")
    files = [ROOT / "dev", ROOT / "CMakeLists.txt", ROOT / "CMakePresets.json"]
    for folder in folders:
        files += [f for f in (ROOT / folder).rglob("*")
                  if f.is_file() and f.suffix in (".h", ".c", ".S", ".cpp", ".py", ".txt", ".cmake",
                                                  ".in")]
    me = pathlib.Path(__file__)
    text = "\n".join(f.read_text(errors="replace") for f in files if f != me)
    return set(re.findall(r"\b(?:gust|GUST|gu|GU)_\w+", text))


@pytest.mark.parametrize("page", [pytest.param(p, id=page_name(p)) for p in PAGES])
def test_names_exist(page):
    named = set(re.findall(r"\b(?:gust|GUST|gu|GU)_\w*[A-Za-z0-9]\b(?!…|\*)", page.read_text()))
    assert sorted(named - known_names()) == []


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The anchors that a page's headings get on the usual sites."""
    titles = re.findall(r"^#+ +(.*)$", without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.lower()).strip().replace(" ", "-") for t in titles}


@pytest.mark.parametrize("page", [pytest.param(p, id=page_name(p)) for p in PAGES])
def test_links_lead_somewhere(page):
    for link in LINK.findall(without_blocks(page.read_text())):
        if "://" in link:
            continue
        where, _, anchor = link.partition("#")
        target = page.parent / where if where else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


# The first column of the tables in limits.md and architecture.md names files of tests and sources
# as `tests/…` and `src/…`; so does the text.
@pytest.mark.parametrize("page", [pytest.param(p, id=page_name(p)) for p in PAGES])
def test_files_that_are_named_exist(page):
    named = re.findall(r"`((?:src|include|tests|bench|examples|fuzz|docs|cmake)/[\w./-]*)`",
                       page.read_text())
    missing = [n for n in named if not (ROOT / n).exists()]
    assert missing == []


# --- the table of limits ---

OPTIONS = re.compile(r"typedef struct (gust_\w+_options) \{(.*?)^\} \1;", re.MULTILINE | re.DOTALL)
TEST_CELL = re.compile(r"`(tests/[\w/]+\.(?:c|py))`((?:: `\w+`(?:, `\w+`)*)?)")
LIMITS = ROOT / "docs/limits.md"


def members(body):
    """The names that a struct of options has: of objects and of pointers to functions."""
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL)
    for declaration in body.split(";"):
        function = re.search(r"\(\*(\w+)\)\(", declaration)
        if function:
            yield function[1]
        elif declaration.strip():
            first, *others = declaration.split(",")
            yield from re.findall(r"(\w+)\s*$", first)
            yield from (re.search(r"\w+", other)[0] for other in others)


def option_members():
    for header in HEADERS:
        for name, body in OPTIONS.findall(header.read_text()):
            for member in members(body):
                yield pytest.param(name, member, id=f"{name}.{member}")


def test_members_are_found():
    body = "int a; /**< one; two */\n const char *b, *c;\n int (*f)(int x);\n bool d;"
    assert list(members(body)) == ["a", "b", "c", "f", "d"]


@pytest.mark.parametrize("name, member", option_members())
def test_limits_has_every_option(name, member):
    """In a row of its struct's, of the server's, or in the list of what is no limit."""
    text = LIMITS.read_text()
    own = f"`{name}.{member}`"
    listed = re.search(rf"`{name}`: ((?:`\w+`(?:, )?)+)", text)
    in_rows = re.search(rf"\| `{member}`", text) if name == "gust_httpserver_options" else None
    assert own in text or in_rows or (listed and f"`{member}`" in listed[1])


@pytest.mark.parametrize("page", [pytest.param(p, id=page_name(p)) for p in PAGES])
def test_tests_that_are_named_exist(page):
    for path, names in TEST_CELL.findall(page.read_text()):
        text = (ROOT / path).read_text()
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"\b{name}\b", text), f"{path} has no {name}"


# --- effect words ---

PROTOTYPES = re.compile(r"(/\*\*(?:(?!\*/).)*\*/)\s*((?:^GUST_API[^;]*;\s*?\n)+)",
                        re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("header", [pytest.param(h, id=h.name) for h in HEADERS])
def test_what_waits_says_so(header):
    """GUST_WAITS in the prototype and **Waits.** in its comment are there together."""
    for comment, prototypes in PROTOTYPES.findall(header.read_text()):
        says = re.search(r"\*\*Waits\b", comment.replace("\n *", " ")) is not None
        for prototype in re.findall(r"GUST_API[^;]*;", prototypes):
            name = re.search(r"gust_\w+(?=\()", prototype)[0]
            assert says == ("GUST_WAITS" in prototype) or name.endswith("_"), name
