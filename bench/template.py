#!/usr/bin/python3
"""template: what it costs to fill a template in, by Gust and by Tornado.

  template.py [--rounds 5] [--build DIR]

The page is a table of 1,000 rows and 10 columns: half of them numbers, half text, of which one has
something to escape; all are escaped.
Both render it in turns, and must write the same bytes. Printed is the least CPU time of a page of
each, and how many times faster Gust is; the exit code is 1 below 50 times.
"""

import argparse
import html
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import tornado.escape
import tornado.template

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROMISED = 50

PAGE = """<table>
{% for row in rows %}
  <tr>{% for cell in row %}<td>{{ cell }}</td>{% end %}</tr>
{% end %}
</table>
"""


def make_rows():
    return [[i, f"Customer {i}", i * 7, "Springfield", i % 12, f"Street {i % 90}", i * 1000 + 1,
             "Tools & <Parts>", i % 2, "2026-11-24"] for i in range(1000)]


def by_tornado(template, variables, pages):
    """(text, least CPU microseconds of a page)"""
    least = float("inf")
    for _ in range(pages):
        started = time.process_time_ns()
        text = template.generate(**variables)
        least = min(least, (time.process_time_ns() - started) / 1000)
    return text, least


def by_gust(build, page, data, pages, *options):
    return subprocess.run([build / "bench" / "template_bench", page, data, str(pages), *options],
                          check=True, capture_output=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    args = parser.parse_args()
    # newer Tornado's escaping, which is faster than that of 6.2
    template = tornado.template.Template(PAGE, name="page.html", autoescape="xhtml_escape")
    variables = {"rows": make_rows(),
                 "xhtml_escape": lambda value: html.escape(tornado.escape.to_unicode(value))}
    tornado_us = gust_us = float("inf")
    with tempfile.TemporaryDirectory() as name:
        page, data = pathlib.Path(name) / "page.html", pathlib.Path(name) / "rows.json"
        page.write_text(PAGE)
        data.write_text(json.dumps({"rows": variables["rows"]}))
        for _ in range(args.rounds):
            text, took = by_tornado(template, variables, 10)
            tornado_us = min(tornado_us, took)
            gust_us = min(gust_us, float(by_gust(args.build, page, data, 100)))
        assert by_gust(args.build, page, data, 1, "--print") == text, "the pages differ"
    times = tornado_us / gust_us
    print(f"tornado: {tornado_us:.0f} us of CPU a page\ngust: {gust_us:.0f} us of CPU a page, "
          f"{times:.0f} times faster ({len(text)} bytes)")
    return times < PROMISED


if __name__ == "__main__":
    sys.exit(main())
