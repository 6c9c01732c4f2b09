"""The checks themselves: each is given a tree in which its rule is broken, and must say so."""

import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import layering  # noqa: E402
import source  # noqa: E402
import tree  # noqa: E402


@pytest.fixture
def root(tmp_path):
    """A small tree that breaks no rule."""
    for name, text in {
        "include/gust.h": "#include <gust/arena.h>\n",
        "include/gust/arena.h": "#include <stddef.h>\n",
        "include/gust/stream.h": "#include <gust/arena.h>\n",
        "src/base/arena.c": '#include "base/arena_impl.h"\n\nint gu_arena(void)\n{\n'
                            "    return 1;\n}\n",
        "src/base/arena_impl.h": "#include <gust/arena.h>\nint gu_arena(void);\n",
        "src/codec/url.c": "int gu_url(void)\n{\n    return 1;\n}\n",
        "src/loop/poller.c": "#include <sys/epoll.h>\n",
        "src/net/stream.c": '#include "base/arena_impl.h"\n',
        ".clang-format": (tree.ROOT / ".clang-format").read_text(),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_tree_that_breaks_no_rule_passes(root):
    assert layering.check_includes(root) == []
    assert source.check_banned(root) == []
    assert source.check_machines(root) == []
    assert source.check_format(root) == []
    assert source.check_length(root) == []
    assert source.check_header(root, "gust.h", *source.COMPILERS[0]) == []


INCLUDES = {
    "a higher room's internal header": ("src/base/a.c", '#include "net/stream.h"'),
    "a higher room's public header": ("src/base/a.c", "#include <gust/stream.h>"),
    "a room on the same floor": ("src/codec/a.c", '#include "loop/poller.h"'),
    "the other room on the same floor": ("src/loop/a.c", '#include "codec/url.h"'),
    "an internal header in a public one": ("include/gust/stream.h", '#include "net/stream_impl.h"'),
    "a higher public header in a public one": ("include/gust/arena.h", "#include <gust/stream.h>"),
    "the umbrella header in the library": ("src/net/a.c", "#include <gust.h>"),
    "a header without its room": ("src/net/a.c", '#include "poller.h"'),
    "a public header of no room": ("src/net/a.c", "#include <gust/nowhere.h>"),
    "a room that is not in the table": ("src/attic/a.c", "#include <stddef.h>"),
    "epoll outside the loop": ("src/net/a.c", "#include <sys/epoll.h>"),
    "zlib outside its coding's file": ("src/http/a.c", "#include <zlib.h>"),
    "OpenSSL outside the TLS files": ("src/net/stream.c", "#include <openssl/ssl.h>"),
}


@pytest.mark.parametrize("name", INCLUDES)
def test_layering_sees_in_includes(root, name):
    where, line = INCLUDES[name]
    path = root / where
    path.parent.mkdir(exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + line + "\n")
    problems = layering.check_includes(root)
    assert len(problems) == 1 and problems[0].startswith(where)


ALLOWED = {
    "a lower room's internal header": ("src/net/a.c", '#include "base/arena_impl.h"'),
    "its own header by its bare name": ("src/base/b.c", '#include "arena_impl.h"'),
    "OpenSSL in the TLS files": ("src/net/tls_context.c", "#include <openssl/ssl.h>"),
}


@pytest.mark.parametrize("name", ALLOWED)
def test_layering_allows(root, name):
    where, line = ALLOWED[name]
    (root / where).write_text(line + "\n")
    assert layering.check_includes(root) == []


def compile_objects(root, sources):
    """What CMake leaves behind: src/ROOM/NAME.c as an object of gust_objects."""
    build = root / "build"
    for where, text in sources.items():
        (root / where).write_text(text)
        target = build / "CMakeFiles" / "gust_objects.dir" / (where + ".o")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-c", "-o", target, root / where], check=True)
    return build


NET = "int gu_stream(void) { return 1; }"
SYMBOLS = {
    "a higher room's function": ("src/base/a.c", "int gu_stream(void); int f(void) { return gu_stream(); }",
                                 "needs gu_stream of net"),
    "a descriptor in a codec": ("src/codec/a.c", "long read(int, void *, unsigned long); "
                                "long f(void *p) { return read(0, p, 1); }", "needs read"),
    "the heap in a codec": ("src/codec/a.c", "void *gu_alloc(unsigned long); "
                            "void *f(void) { return gu_alloc(1); }", "needs gu_alloc"),
    "a clock in a codec": ("src/codec/a.c", "long time(long *); long f(void) { return time(0); }",
                           "needs time"),
}


@pytest.mark.parametrize("name", SYMBOLS)
def test_layering_sees_in_symbols(root, name):
    where, text, message = SYMBOLS[name]
    build = compile_objects(root, {"src/net/stream.c": NET, where: text})
    problems = layering.check_symbols(root, build)
    assert len(problems) == 1 and message in problems[0]


def test_layering_allows_symbols_of_lower_rooms_and_forgets_removed_sources(root):
    build = compile_objects(root, {
        "src/base/a.c": "int gu_low(void) { return 1; }",
        "src/net/stream.c": "int gu_low(void); int gu_stream(void) { return gu_low(); }",
        "src/base/old.c": "int gu_stream(void); int f(void) { return gu_stream(); }",
    })
    (root / "src/base/old.c").unlink()
    assert layering.check_symbols(root, build) == []


def test_layering_wants_a_build(root):
    assert layering.check_symbols(root, root / "build") != []


@pytest.mark.parametrize("line, banned", [
    ("strcpy(a, b);", True),
    ("free (p);", True),
    ("gu_free(p);", False),
    ("x->free(p);", False),
    ("x.free(p);", False),
    ("/* strcpy(a, b) */", False),
    ('log("strcpy(a)");', False),
    ("// atoi(x)", False),
    ("n = snprintf(a, 1, b);", False),
])
def test_banned_functions(root, line, banned):
    (root / "src/net/a.c").write_text(line + "\n")
    assert bool(source.check_banned(root)) == banned


def test_the_heap_is_free_to_use_outside_the_library(root):
    (root / "bench").mkdir()
    (root / "bench/a.c").write_text("p = malloc(1); strcpy(p, q);\n")
    problems = source.check_banned(root)
    assert len(problems) == 1 and "strcpy" in problems[0]


@pytest.mark.parametrize("line, named", [
    ("see /home/" + "somebody/gust", True),
    ("path=/" + "work/main", True),
    ("GET /homepage HTTP/1.1", False),
    ("http://example.com/work/item", False),
])
def test_machine_names(root, line, named):
    (root / "notes.md").write_text(line + "\n")
    assert bool(source.check_machines(root)) == named


def test_format(root):
    (root / "src/net/stream.c").write_text("int  a;\n")
    assert "src/net/stream.c" in source.check_format(root)[0]


@pytest.mark.parametrize("name", ["src/net/stream.c", "include/gust/arena.h", "tests/value.cpp",
                                  "bench/load.py"])
@pytest.mark.parametrize("n, is_too_long", [(599, False), (600, False), (601, True)])
def test_a_file_is_600_lines_long_at_the_most(root, name, n, is_too_long):
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n" * (n - 1) + "the end")
    assert source.check_length(root) == (
        [f"{name}: {n} lines, 600 at the most: split it by what it does"] if is_too_long else [])


def test_other_files_may_be_longer(root):
    (root / "notes.md").write_text("\n" * 1000)
    assert source.check_length(root) == []


@pytest.mark.parametrize("text, compiler", [
    ("size_t gust_n;", source.COMPILERS[0]),
    ("extern int new;", source.COMPILERS[1]),
    ("struct gust_s { int a; };;", source.COMPILERS[2]),
])
def test_a_header_that_does_not_compile_alone(root, text, compiler):
    (root / "include/gust/bad.h").write_text(text + "\n")
    assert source.check_header(root, "gust/bad.h", *compiler) != []
