#!/usr/bin/python3
"""webspider PROGRAM…: its own site, one that is not its own, one that is not there, and no time."""

import http.server
import subprocess
import sys
import threading


def spider(program, *words):
    return subprocess.run([*program, *words], capture_output=True, text=True, timeout=60,
                          check=False)


class Site(http.server.BaseHTTPRequestHandler):
    """/in/ leads to a and b, which lead to each other, and out of the site. It sets a cookie,
    without which nothing else is shown."""

    protocol_version = "HTTP/1.1"
    pages = {
        "/in/": '<a href="a">a</a> <a href="/in/b">b</a> <a href="/out">out</a>',
        "/in/a": '<a href="b#here">b</a>',
        "/in/b": '<a href="a">a</a> <a href="">self</a> <a href="#top">top</a>',
    }
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        is_known = self.path == "/in/" or self.headers["Cookie"] == "seen=yes"
        body = self.pages.get(self.path, "").encode() if is_known else b""
        self.send_response((200 if self.path in self.pages else 404) if is_known else 403)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/in/":
            self.send_header("Set-Cookie", "seen=yes; Path=/in")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def visited(done):
    return sorted(line.split(" ")[-1].split("/", 3)[-1] for line in done.stdout.splitlines()[:-1])


def main():
    program = sys.argv[1:]
    own = spider(program)
    assert own.returncode == 0, own
    assert own.stdout.endswith("\n14 pages visited, 1 failed\n"), own
    assert visited(own) == sorted(["", "gone", *(f"page/{n}" for n in range(1, 13))]), own
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/in/"
    other = spider(program, url)
    assert other.returncode == 0 and visited(other) == ["in/", "in/a", "in/b"], other
    assert other.stdout.endswith("3 pages visited, 0 failed\n"), other
    assert sorted(Site.asked) == ["/in/", "/in/a", "/in/b"], Site.asked
    server.shutdown()
    server.server_close()
    gone = spider(program, url)
    assert gone.returncode == 0 and gone.stdout.endswith("1 pages visited, 1 failed\n"), gone
    assert "refused" in gone.stdout, gone
    late = spider(program, "http://127.0.0.1:1/", "-2")
    assert late.returncode == 1 and "timed out" in late.stderr, late
    wrong = spider(program, "ftp://example.org/")
    assert wrong.returncode == 2 and wrong.stderr.startswith("usage:"), wrong


if __name__ == "__main__":
    main()
