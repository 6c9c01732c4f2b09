"""The corpus of the comparison with Tornado's templates: a case for each rule.

A case is (text, variables) or (files, variables, options of the loader): the first file is rendered.
Names end in .txt where space is to stay, as in Tornado. What Tornado raises, Gust must raise, too.
"""

ROWS = [{"id": 1, "name": "a <b>", "tags": ["x", "y"]}, {"id": 2, "name": "c & d", "tags": []}]

TAGS = {
    "text": ("Hello, world\n", {}),
    "an empty file": ("", {}),
    "a variable": ("Hello {{ name }}!", {"name": "Ben"}),
    "variables without space": ("{{a}}{{b}}", {"a": 1, "b": 2}),
    "a brace alone": ("a { b } c {", {}),
    "braces that are none": ("{ {x} } }} %} #}", {}),
    "three braces": ("{{{x}}}", {"x": 1}),
    "four braces": ("{{{{x}}}}", {"x": 1}),
    "escaped braces": ("{{!x}} {%!if%} {#!c#}", {}),
    "an escaped brace before a tag": ("{{!{{x}}", {"x": 1}),
    "a brace at the end": ("x{{!", {}),
    "a brace before a tag": ("{ {{ 1 }}", {}),
    "a comment": ("a{# b {{ c }} #}d", {}),
    "a comment ends at the first end": ("a{# b #} #}c", {}),
    "a comment of lines": ("a{# b\n c #}d", {}),
    "a comment tag": ("a{% comment b c %}d", {}),
    "a comment tag alone": ("a{% comment %}d", {}),
    "if": ("{% if x %}yes{% end %}", {"x": True}),
    "if not": ("{% if x %}yes{% end %}", {"x": 0}),
    "if else": ("{% if x %}yes{% else %}no{% end %}", {"x": []}),
    "elif": ("{% if x == 1 %}1{% elif x == 2 %}2{% elif x == 3 %}3{% else %}+{% end %}", {"x": 3}),
    "elif to the end": ("{% if x == 1 %}1{% elif x == 2 %}2{% else %}+{% end %}", {"x": 9}),
    "an empty if": ("{% if True %}{% end %}.", {}),
    "an empty else": ("{% if False %}a{% else %}{% end %}.", {}),
    "for": ("{% for x in xs %}[{{ x }}]{% end %}", {"xs": [1, 2, 3]}),
    "for over nothing": ("{% for x in [] %}[{{ x }}]{% end %}.", {}),
    "for of pairs": ("{% for a, b in xs %}{{ a }}-{{ b }};{% end %}", {"xs": [[1, 2], [3, 4]]}),
    "for of nested pairs": ("{% for a, (b, c) in xs %}{{ a }}{{ b }}{{ c }};{% end %}",
                            {"xs": [[1, [2, 3]]]}),
    "for of a list of one": ("{% for a, in xs %}{{ a }}{% end %}", {"xs": [[1], [2]]}),
    "for over a dict": ("{% for k in d %}{{ k }}{% end %}", {"d": {"a": 1, "b": 2}}),
    "for over text": ("{% for c in 'aé€😀' %}{{ c }},{% end %}", {}),
    "for over a tuple without parentheses": ("{% for x in 1, 2 %}{{ x }}{% end %}", {}),
    "for with else": ("{% for x in [1] %}{{ x }}{% else %}end{% end %}", {}),
    "for with else and break": ("{% for x in [1] %}{{ x }}{% break %}{% else %}end{% end %}", {}),
    "nested for": ("{% for r in rows %}{{ r.id }}:{% for t in r.tags %}{{ t }} {% end %};{% end %}",
                   {"rows": ROWS}),
    "the loop's name stays": ("{% for x in [1, 2] %}{% end %}{{ x }}", {}),
    "break": ("{% for x in range(10) %}{% if x == 3 %}{% break %}{% end %}{{ x }}{% end %}", {}),
    "continue": ("{% for x in range(5) %}{% if x % 2 %}{% continue %}{% end %}{{ x }}{% end %}", {}),
    "break of the inner loop": (
        "{% for x in [1, 2] %}{% for y in [1, 2] %}{% break %}{% end %}{{ x }}{{ y }}{% end %}", {}),
    "break in try": (
        "{% for x in [1, 2] %}{% try %}{% break %}{% finally %}f{% end %}{% end %}.", {}),
    "while": ("{% set i = 0 %}{% while i < 3 %}{{ i }}{% set i += 1 %}{% end %}", {}),
    "while with else": ("{% while False %}{% else %}e{% end %}", {}),
    "while with break": ("{% while True %}a{% break %}{% end %}b", {}),
    "while with continue": (
        "{% set i = 0 %}{% while i < 4 %}{% set i = i + 1 %}{% if i == 2 %}{% continue %}{% end %}"
        "{{ i }}{% end %}", {}),
    "set": ("{% set x = 5 %}{{ x }}", {}),
    "set several": ("{% set a, b = 1, 2 %}{{ a }}{{ b }}", {}),
    "set nested": ("{% set (a, [b, c]) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}", {}),
    "set in a chain": ("{% set a = b = 3 %}{{ a }}{{ b }}", {}),
    "set swaps": ("{% set a = 1 %}{% set b = 2 %}{% set a, b = b, a %}{{ a }}{{ b }}", {}),
    "set a tuple": ("{% set a = 1, %}{{ a }}", {}),
    "set updates": ("{% set a = 7 %}{% set a -= 2 %}{% set a *= 3 %}{% set a //= 2 %}"
                    "{% set a **= 2 %}{% set a %= 10 %}{{ a }}", {}),
    "set updates text": ("{% set a = 'x' %}{% set a += 'y' %}{{ a }}", {}),
    "set an item": ("{% set d = {} %}{% set d['k'] = 1 %}{{ d }}", {}),
    "set an item of a list": ("{% set l = [1, 2] %}{% set l[-1] = 5 %}{{ l }}", {}),
    "set calls": ("{% set l = [] %}{% set l.append(1) %}{{ l }}", {}),
    "set in if": ("{% if True %}{% set x = 1 %}{% end %}{{ x }}", {}),
    "a name that is set is local everywhere": ("{{ x }}{% set x = 1 %}", {"x": 5}),
    "try without error": ("{% try %}a{% except %}b{% end %}", {}),
    "try with an error": ("{% try %}a{{ 1 / 0 }}c{% except %}b{% end %}", {}),
    "try with a class": ("{% try %}{{ d['x'] }}{% except KeyError %}k{% end %}", {"d": {}}),
    "try with classes": ("{% try %}{{ [][1] }}{% except (KeyError, IndexError) %}k{% end %}", {}),
    "try with the second except":
        ("{% try %}{{ 1 // 0 }}{% except KeyError %}k{% except ArithmeticError %}a{% end %}", {}),
    "try with Exception": ("{% try %}{{ nothing }}{% except Exception %}e{% end %}", {}),
    "try with LookupError": ("{% try %}{{ {}['a'] }}{% except LookupError %}e{% end %}", {}),
    "try with else": ("{% try %}a{% except %}b{% else %}c{% end %}", {}),
    "try with else, and an error": ("{% try %}{{ 1/0 }}{% except %}b{% else %}c{% end %}", {}),
    "try with finally": ("{% try %}a{% finally %}b{% end %}", {}),
    "try with all": ("{% try %}{{ 1/0 }}{% except ZeroDivisionError %}b{% else %}c{% finally %}d"
                     "{% end %}", {}),
    "an error that is not caught": ("{% try %}{{ {}['a'] }}{% except TypeError %}e{% end %}", {}),
    "an error in except": ("{% try %}{{ 1/0 }}{% except %}{{ [][0] }}{% end %}", {}),
    "an error through finally":
        ("{% try %}{% try %}{{ 1/0 }}{% finally %}f{% end %}{% except %}c{% end %}", {}),
    "an error in finally":
        ("{% try %}{% try %}{{ 1/0 }}{% finally %}{{ [][0] }}{% end %}{% except IndexError %}c"
         "{% end %}", {}),
    "continue in finally": (
        "{% for x in [1, 2] %}{% try %}{{ 1/0 }}{% finally %}{{ x }}{% continue %}{% end %}{% end %}",
        {}),
    "raw": ("{% raw '<b>' %}{{ '<b>' }}", {}),
    "raw of a number": ("{% raw 5 %}", {}),
    "apply": ("{% apply twice %}a{{ x }}{% end %}", {"x": "<"}),
    "apply a builtin": ("{% apply xhtml_escape %}<{{ x }}{% end %}", {"x": "<"}),
    "apply nested": ("{% apply twice %}{% apply twice %}a{% end %}b{% end %}", {}),
    "apply sees what is around": ("{% set x = 'a' %}{% apply twice %}{{ x }}{% end %}", {}),
    "apply keeps its own names": (
        "{% set x = 'a' %}{% apply twice %}{% set x = 'b' %}{{ x }}{% end %}{{ x }}", {}),
    "apply in a loop": ("{% for x in ['a', 'b'] %}{% apply twice %}{{ x }}{% end %}{% end %}", {}),
    "a name of an apply is new each time": (
        "{% for i in [1, 0] %}{% try %}{% apply twice %}{% if i %}{% set z = 'z' %}{% end %}{{ z }}"
        "{% end %}{% except NameError %}!{% end %}{% end %}", {}),
    "autoescape is the default": ("{{ x }}", {"x": "<a href=\"b\">&'"}),
    "autoescape None": ("{% autoescape None %}{{ x }}", {"x": "<"}),
    "autoescape counts for the whole file": ("{{ x }}{% autoescape None %}", {"x": "<"}),
    "autoescape: the last counts": ("{% autoescape None %}{{ x }}{% autoescape xhtml_escape %}",
                                    {"x": "<"}),
    "autoescape by another function": ("{% autoescape url_escape %}{{ 'a b&c' }}", {}),
    "autoescape by a given function": ("{% autoescape twice %}{{ 'a' }}{{ 12 }}", {}),
    "autoescape by a variable": (
        "{% set f = url_escape %}{% autoescape f %}{{ 'a b' }}", {}),
    "escape is called": ("{% autoescape None %}{{ escape(x) }}", {"x": "<"}),
    "whitespace all": ("{% whitespace all %}a   b\n\n  c\t\td", {}),
    "whitespace single": ("{% whitespace single %}a   b\n\n  c\t\td  \n", {}),
    "whitespace oneline": ("{% whitespace oneline %}a   b\n\n  c\t\td  \n", {}),
    "whitespace changes": ("{% whitespace oneline %} a \n b{% whitespace all %} a \n b", {}),
    "whitespace beyond ASCII": ("{% whitespace oneline %}a\u00a0 b\u2003\n{% whitespace single %}"
                                "c\u00a0\n\u2028d\u00a0e", {}),
    "whitespace with pre": ("{% whitespace oneline %}<pre>a  b</pre>{{ 1 }}c  d", {}),
    "whitespace in values stays": ("{% whitespace oneline %}{{ 'a  b' }}", {}),
    "lines in a tag": ("{{ (1 +\n 2) }}", {}),
    "a line outside of brackets": ("{{ 1 +\n 2 }}", {}),
    "tabs around": ("{{\t1\t}}{%\tif 1\t%}a{%\tend\t%}", {}),
    "a tab behind an operator": ("{% if\t1 %}a{% end %}", {}),
    "UTF-8": ("é{{ 'ü' }}{{ x }}", {"x": "日本"}),
    "a given list is walked": ("{% for x in given_list %}[{{ x }}]{% end %}", {}),
    "a given list is walked by more": ("{% for x in given_list %}{% if x %}{{ x }}{% end %}{% end %}", {}),
    "a given map is walked": ("{% for k in given_map %}{{ k }}={{ given_map[k] }},{% end %}", {}),
    "a given map's items": ("{% for k, v in given_map.items() %}{{ k }}={{ v }},{% end %}", {}),
    "a given map's keys and values": ("{{ list(given_map.keys()) }}{{ list(given_map.values()) }}", {}),
    "a range that is walked": ("{% for x in range(3, 0, -1) %}{{ x }}{% end %}", {}),
    "a set of pairs that is walked": ("{% for a, b in zip('ab', [1, 2]) %}{{ a }}{{ b }}{% end %}", {}),
    "items that are no pairs": ("{% for a, b in [1] %}{% end %}", {}),
    "pairs that are too long": ("{% for a, b in [(1, 2, 3)] %}{% end %}", {}),
    "what cannot be walked": ("{% for x in 5 %}{% end %}", {}),
    "an error in what is walked": ("{% for x in 1 / 0 %}{% end %}", {}),
    "an error in a loop's value": ("{% for x in [1, 0] %}{{ 1 / x }}{% end %}", {}),
    "an error in a loop's else": ("{% for x in [] %}{% else %}{{ 1 / 0 }}{% end %}", {}),
    "an error in a condition": ("{% if 1 / 0 %}{% end %}", {}),
    "an error in an elif": ("{% if 0 %}{% elif nothing %}{% end %}", {}),
    "an error in a while": ("{% while nothing %}{% end %}", {}),
    "an error in a while's body": ("{% while 1 %}{{ nothing }}{% end %}", {}),
    "an error in a set": ("{% set x = nothing %}", {}),
    "an error in a set's target": ("{% set x = [] %}{% set x[5] = 1 %}", {}),
    "an error in a set's index": ("{% set x = [1] %}{% set x['a'] = 1 %}", {}),
    "a set of what cannot be changed": ("{% set x = (1, 2) %}{% set x[0] = 1 %}", {}),
    "a set of text's items": ("{% set x = 'a' %}{% set x[0] = 'b' %}", {}),
    "a set that does not fit": ("{% set a, b = 1, 2, 3 %}", {}),
    "a set of what cannot be taken apart": ("{% set a, b = 5 %}", {}),
    "a set calls what fails": ("{% set [].pop() %}", {}),
    "an update of what has no value": ("{% set x += 1 %}", {}),
    "an update that fails": ("{% set x = 1 %}{% set x += 'a' %}", {}),
    "an update by what fails": ("{% set x = 1 %}{% set x += nothing %}", {}),
    "updates of bits": ("{% set x = 12 %}{% set x |= 1 %}{% set x &= 9 %}{% set x ^= 15 %}"
                        "{% set x <<= 3 %}{% set x >>= 1 %}{% set x /= 4 %}{{ x }}", {}),
    "apply of what is not there": ("{% apply nothing %}a{% end %}", {}),
    "apply of what is no function": ("{% apply 5 %}a{% end %}", {}),
    "apply that fails": ("{% apply json_encode(1 / 0) %}a{% end %}", {}),
    "apply that gives no text": ("{% apply len %}abc{% end %}", {}),
    "an error in an apply": ("{% apply twice %}{{ nothing }}{% end %}", {}),
    "a break behind text": ("{% for x in [1, 2] %}a{{ x }}b{% break %}c{% end %}d", {}),
    "autoescape by an attribute": ("{% autoescape thing.twice %}{{ 'a' }}", {}),
    "autoescape by what is not there": ("{% autoescape nothing %}a{{ 'a' }}", {}),
    "autoescape by what fails": ("{% autoescape url_escape %}{{ 'a' }}{% autoescape len(5) %}", {}),
    "autoescape by what gives no text": ("{% autoescape len %}{{ 'abc' }}", {}),
    "text before a value that fails": ("{% try %}a{{ nothing }}b{% except %}c{% end %}d", {}),
    "text before what escapes fails":
        ("{% autoescape nothing %}{% try %}a{{ 1 }}b{% except %}c{% end %}d", {}),
    "long text around values": ("{{ 1 }}" + "long " * 10 + "{{ 2 }}" + "long " * 10, {}),
    "a long value": ("<{{ x }}>", {"x": "long & <wide> " * 40}),
    "a negative value": ("<{{ -5 }}>", {}),
    "values side by side": ("{{ 1 }}{{ 'a' }}{{ None }}{{ 2.5 }}{{ [1] }}", {}),
    "raw values with text": ("a{% raw 1 %}b{% raw '<' %}c", {}),
    "a break in finally": ("{% for x in [1, 2] %}{% try %}{{ 1 / 0 }}{% finally %}{% break %}{% end %}"
                           "{% end %}.", {}),
    "a continue in except": ("{% for x in [0, 1] %}{% try %}{{ 1 // x }}{% except %}{% continue %}"
                             "{% end %}.{% end %}", {}),
    "a break in else of try": ("{% for x in [1, 2] %}{% try %}a{% except %}{% else %}{% break %}"
                               "{% end %}{% end %}.", {}),
    "an error in else of try": ("{% try %}{% try %}a{% except %}b{% else %}{{ 1 / 0 }}{% end %}"
                                "{% except %}c{% end %}", {}),
    "a comprehension of pairs of a map": ("{{ [(k, v) for k, v in given_map.items() if k != 'b'] }}", {}),
    "names of the loader and of look-up": ("{{ from_loader }}{{ looked_up }}", {}),
    "a variable hides a builtin": ("{{ len }}{{ str(1) }}", {"len": 5}),
    "a variable hides the escape": ("{{ '<' }}", {"xhtml_escape": None}),
    "functions and methods printed are true": ("{{ bool(len) and bool('a'.upper) and not not twice }}", {}),
    "methods compared": ("{{ len == len }}{{ len is len }}{{ len == str }}", {}),
    "a bound method": ("{% set f = 'abc'.upper %}{{ f() }}", {}),
    "a list in itself is changed": ("{% set l = [] %}{% set m = [l] %}{% set l.append(1) %}{{ m }}", {}),
    "a dict is copied": ("{% set d = {'a': 1} %}{% set e = d.copy() %}{% set e['a'] = 2 %}{{ d }}", {}),
    "a list is walked while it grows": ("{% set l = [1, 2] %}{% for x in l %}{% if len(l) < 4 %}"
                                        "{% set l.append(x) %}{% end %}{{ x }}{% end %}", {}),
}

FILES = {
    "whitespace by name: html": ({"a.html": "a   b\n\n  c"}, {}),
    "whitespace by name: js": ({"a.js": "a   b\n\n  c"}, {}),
    "whitespace by name: another": ({"a.css": "a   b\n\n  c"}, {}),
    "whitespace of the loader": ({"a.css": "a   b\n\n  c"}, {}, {"whitespace": "oneline"}),
    "whitespace of the file before the loader's":
        ({"a.css": "{% whitespace all %}a   b"}, {}, {"whitespace": "oneline"}),
    "autoescape of the loader": ({"a.html": "{{ '<' }}"}, {}, {"autoescape": None}),
    "autoescape of the file before the loader's":
        ({"a.html": "{% autoescape xhtml_escape %}{{ '<' }}"}, {}, {"autoescape": None}),
    "include": ({"a.txt": "a{% include b.txt %}c", "b.txt": "b"}, {}),
    "include in quotes": ({"a.txt": "a{% include 'b.txt' %}c{% include \"b.txt\" %}",
                           "b.txt": "b"}, {}),
    "include sees locals": ({"a.txt": "{% set x = 1 %}{% include b.txt %}", "b.txt": "{{ x }}"}, {}),
    "include sets locals": ({"a.txt": "{% include b.txt %}{{ x }}", "b.txt": "{% set x = 1 %}"}, {}),
    "include in a loop": ({"a.txt": "{% for x in [1, 2] %}{% include b.txt %}{% end %}",
                           "b.txt": "<{{ x }}>"}, {}),
    "include has its own autoescape":
        ({"a.txt": "{{ '<' }}{% include b.txt %}", "b.txt": "{% autoescape None %}{{ '<' }}"}, {}),
    "include has its own whitespace":
        ({"a.html": "a  b{% include b.txt %}a  b", "b.txt": "c  d"}, {}),
    "include is relative": ({"a/b.txt": "{% include c.txt %}", "a/c.txt": "c", "c.txt": "no"}, {}),
    "include goes up": ({"a/b.txt": "{% include ../c.txt %}", "c.txt": "c"}, {}),
    "include goes through": ({"a/b.txt": "{% include ./x/../c.txt %}", "a/c.txt": "c"}, {}),
    "include of an include": ({"a.txt": "{% include d/b.txt %}", "d/b.txt": "{% include c.txt %}",
                               "d/c.txt": "c"}, {}),
    "include of what is not there": ({"a.txt": "{% include b.txt %}"}, {}),
    "block": ({"a.txt": "a{% block x %}b{% end %}c"}, {}),
    "extends": ({"a.txt": "{% extends b.txt %}no{% block x %}child{% end %}no",
                 "b.txt": "<{% block x %}base{% end %}>"}, {}),
    "extends in quotes": ({"a.txt": "{% extends \"b.txt\" %}", "b.txt": "b"}, {}),
    "extends without the block": ({"a.txt": "{% extends b.txt %}",
                                   "b.txt": "<{% block x %}base{% end %}>"}, {}),
    "extends is not first": ({"a.txt": "x{% block x %}c{% end %}{% extends b.txt %}",
                              "b.txt": "<{% block x %}base{% end %}>"}, {}),
    "extends over three": ({"a.txt": "{% extends b.txt %}{% block x %}a{% end %}",
                            "b.txt": "{% extends c.txt %}{% block y %}b{% end %}",
                            "c.txt": "{% block x %}c{% end %}{% block y %}c{% end %}"}, {}),
    "extends is relative": ({"d/a.txt": "{% extends ../b.txt %}{% block x %}a{% end %}",
                             "b.txt": "{% block x %}{% end %}"}, {}),
    "blocks in blocks": ({"a.txt": "{% extends b.txt %}{% block y %}a{% end %}",
                          "b.txt": "{% block x %}<{% block y %}b{% end %}>{% end %}"}, {}),
    "a child's block has blocks": ({"a.txt": "{% extends b.txt %}{% block x %}"
                                             "{% block y %}y{% end %}{% end %}",
                                    "b.txt": "{% block x %}{% end %}{% block y %}b{% end %}"}, {}),
    "a block twice": ({"a.txt": "{% block x %}1{% end %}{% block x %}2{% end %}"}, {}),
    "blocks of an include": ({"a.txt": "{% extends b.txt %}{% block x %}a{% end %}",
                              "b.txt": "{% include c.txt %}", "c.txt": "{% block x %}c{% end %}"},
                             {}),
    "a block sees locals": ({"a.txt": "{% extends b.txt %}{% block x %}{{ v }}{% end %}",
                             "b.txt": "{% set v = 1 %}{% block x %}{% end %}"}, {}),
    "a child's set outside of blocks does nothing":
        ({"a.txt": "{% extends b.txt %}{% set v = 1 %}{% block x %}{{ v }}{% end %}",
          "b.txt": "{% block x %}{% end %}"}, {}),
    "a child's autoescape is for its blocks":
        ({"a.txt": "{% extends b.txt %}{% autoescape None %}{% block x %}{{ '<' }}{% end %}",
          "b.txt": "{{ '<' }}{% block x %}{{ '<' }}{% end %}{{ '<' }}"}, {}),
    "a base's autoescape is for its own":
        ({"a.txt": "{% extends b.txt %}{% block x %}{{ '<' }}{% end %}",
          "b.txt": "{% autoescape None %}{{ '<' }}{% block x %}{% end %}{% block y %}{{ '<' }}"
                   "{% end %}"}, {}),
    "extends what is not there": ({"a.txt": "{% extends b.txt %}"}, {}),
    "a loop around a block": (
        {"a.txt": "{% extends b.txt %}{% block x %}[{{ i }}]{% end %}",
         "b.txt": "{% for i in [1, 2] %}{% block x %}{% end %}{% end %}"}, {}),
    "a page": ({
        "blog.html": """{% extends "layout.html" %}
{% block head %}<title>{{ escape(title) }}</title>{% end %}
{% block body %}
  {% for entry in entries %}
    {% include "entry.html" %}
  {% else %}
    <p>none</p>
  {% end %}
  {% if user and user.get("admin") %}<a href="/new?{{ url_escape(title) }}">new</a>{% end %}
{% end %}
""",
        "layout.html": """<!DOCTYPE html>
<html>
  <head>
    {% block head %}{% end %}
  </head>
  <body>{% block body %}{% end %}
    <script>var entries = {% raw json_encode([e["id"] for e in entries]) %};</script>
  </body>
</html>
""",
        "entry.html": """<div class="entry" id="e{{ entry["id"] }}">
  <h1>{{ entry["name"] }}</h1>
  {% raw linkify("see www.example.com/" + str(entry.id)) %}
  {% for i, tag in enumerate(entry.tags) %}{{ ", " if i else "" }}{{ tag.upper() }}{% end %}
</div>
"""}, {"title": "A & B", "entries": ROWS, "user": {"admin": True}}),
}
