"""Templates, rendered by Tornado and by Gust: the same bytes, or the same kind of error.

Debian's Tornado is 6.2. Where newer ones differ, and where Gust does on purpose (docs/tornado.md),
the functions that Tornado is given here are the newer ones.
"""

import ast
import html
import json
import pathlib
import subprocess

import pytest
import tornado.escape
import tornado.template
from tornado.util import ObjectDict

import template_cases
import template_expressions
from template_cases import FILES, TAGS
from template_expressions import EXPRESSIONS, V

# newer Tornado: ' is &#x27;
NEWER = {"xhtml_escape": lambda value: html.escape(tornado.escape.to_unicode(value))}
NEWER["escape"] = NEWER["xhtml_escape"]
# Gust's JSON is compact, and UTF-8
NEWER["json_encode"] = lambda value: json.dumps(
    value, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")


def linkify(text, *args, **options):
    """Tornado's, over newer Tornado's escaping."""
    linked = tornado.escape.linkify(text, *args, **options)
    return linked.replace("&#39;", "&#x27;")


def twice(text, count=2):
    return tornado.escape.to_unicode(text) * count


class Thing:
    colour = "red & blue"
    twice = staticmethod(twice)


GIVEN = {**NEWER, "linkify": linkify, "twice": twice, "thing": Thing(),
         "count_all": lambda *args: len(args), "pass_on": lambda value: value,
         "given_map": ObjectDict(a=1, b="<"), "given_list": [3, 0.5, None], "looked_up": "found",
         "from_loader": 42}


def as_objects(value):
    """Dictionaries whose keys are attributes, too, as rows of a database are in Tornado."""
    if isinstance(value, dict):
        return ObjectDict({k: as_objects(v) for k, v in value.items()})
    return [as_objects(v) for v in value] if isinstance(value, list) else value


def all_cases():
    for name, case in {**TAGS, **FILES}.items():
        files, variables, *options = case
        if isinstance(files, str):
            files = {"page.txt": files}
        yield name, {"files": files, "main": next(iter(files)), "vars": variables,
                     "options": options[0] if options else {}}
    for rule, texts in EXPRESSIONS.items():
        for name, text in texts.items():
            yield f"{rule}: {name}: {text}", {"files": {"page.txt": "{{ " + text + " }}"},
                                              "main": "page.txt", "vars": V, "options": {}}


CASES = dict(all_cases())


def by_tornado(case):
    """("text", …) or ("error", the name of its class)."""
    loader = tornado.template.DictLoader(case["files"], **case["options"])
    given = {k: as_objects(v) for k, v in case["vars"].items()}
    try:
        return "text", loader.load(case["main"]).generate(**{**GIVEN, **given}).decode()
    except (tornado.template.ParseError, SyntaxError):
        return "error", "syntax"
    except RecursionError:
        raise
    except Exception as error:  # pylint: disable=broad-except
        return "error", type(error).__name__


def render(build, cases):
    """What Gust makes of cases."""
    given = []
    for case in cases:
        options = {k: v or "None" for k, v in case["options"].items()}
        given.append({k: v for k, v in case.items() if k != "options"} | options)
    done = subprocess.run([build / "tests" / "render_cases"], input=json.dumps(given).encode(),
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_memory_may_be_short_at_any_point(build):
    """Every allocation of every case fails once; the outcome is never another one than that."""
    swept = [{**case, "is_swept": True} for case in CASES.values()]
    for name, result in zip(CASES, render(build, swept)):
        assert "memory was short" not in result.get("error", ""), name


@pytest.fixture(scope="module")
def gust(build):
    """What Gust makes of all cases, by their names."""
    return dict(zip(CASES, render(build, CASES.values())))


def by_gust(result):
    if "text" in result:
        return "text", result["text"]
    name, colon, _ = result["error"].partition(": ")
    return "error", name if colon and name.isidentifier() else "syntax"


def test_no_case_hides_another():
    """A name that stands twice in a dictionary is the last one's."""
    for module in (template_cases, template_expressions):
        for node in ast.walk(ast.parse(pathlib.Path(module.__file__).read_text())):
            keys = [key.value for key in getattr(node, "keys", []) if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys)), [k for k in keys if keys.count(k) > 1]
    assert len(CASES) >= 120


# A file that is not there is Python's KeyError for a dictionary of them; here it is told as such.
NOT_THERE = ["include of what is not there", "extends what is not there"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore")  # of Python's compiler
def test_as_tornado_does(gust, name):
    expected = by_tornado(CASES[name])
    if name in NOT_THERE:
        assert expected == ("error", "KeyError")
        assert "b.txt: cannot be read" in gust[name]["error"]
    else:
        assert by_gust(gust[name]) == expected, gust[name]


INTEGERS = {"9223372036854775807 + 1": False, "9223372036854775806 + 1": True,
            "-9223372036854775807 - 1": True, "-9223372036854775807 - 2": False,
            "3037000500 * 3037000500": False, "3037000499 * 3037000499": True,
            "2 ** 63": False, "2 ** 62": True, "1 << 63": False, "1 << 62": True,
            "-(-9223372036854775807 - 1)": False, "abs(-9223372036854775807 - 1)": False,
            "(-9223372036854775807 - 1) // -1": False, "sum([9223372036854775807, 1])": False,
            "int('9223372036854775808')": False, "int('-9223372036854775808')": True,
            "int(1e19)": False}


@pytest.mark.parametrize("text", INTEGERS)
def test_integers_have_64_bits(build, text):
    case = {"files": {"page.txt": "{{ " + text + " }}"}, "main": "page.txt", "vars": {},
            "options": {}}
    result = render(build, [case])[0]
    if INTEGERS[text]:
        assert result == {"text": str(eval(text))}  # pylint: disable=eval-used
    elif text.startswith("int('"):
        assert result["error"].startswith("ValueError: ")
    else:
        assert result["error"].startswith("OverflowError: ")
