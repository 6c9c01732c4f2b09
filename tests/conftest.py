"""What every pytest suite here shares: where the build under test lies, and examples that run.

tests/run.py runs a suite once for each preset it is meant for, with GUST_BUILD set.
"""

import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import time
import urllib.parse

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEADLINE = 20  # seconds, for what takes milliseconds
LISTENS = re.compile(rb"listens on \S*?127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="session")
def build():
    """The build directory: examples are in build/examples, programs of bench in build/bench."""
    return pathlib.Path(os.environ.get("GUST_BUILD", ROOT / "build" / "release"))


class Answer:
    """A response: its status, fields and body, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.fields = response.headers
        self.body = response.read().decode()

    def json(self):
        return json.loads(self.body)


class Example:
    """One run of an example on a free port, its log in a pipe that is read as far as needed."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen(
            [str(program), "--port=0", "--address=127.0.0.1", *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0, start_new_session=True)
        self.log = b""
        self.port = int(self.wait_for_log(LISTENS)[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def wait_for_log(self, pattern):
        """The first match of a pattern in the log."""
        until = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.log)):
            left = max(0, until - time.monotonic())
            more = b""
            if select.select([self.process.stderr], [], [], left)[0]:
                more = os.read(self.process.stderr.fileno(), 65536)
            assert more, f"no {pattern!r} in the log:\n{self.log.decode()}"
            self.log += more
        return found

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def request(self, method, path, body=None, **fields):
        """The answer to one request, on a connection of its own."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body,
                               {name.replace("_", "-"): value for name, value in fields.items()})
            return Answer(connection.getresponse())

    def get(self, path, **fields):
        return self.request("GET", path, **fields)

    def post_form(self, path, **fields):
        """The answer to a form; a name that begins with a capital letter is a field of the head."""
        head = {name: value for name, value in fields.items() if name[0].isupper()}
        form = {name: value for name, value in fields.items() if name not in head}
        return self.request("POST", path, urllib.parse.urlencode(form),
                            Content_Type="application/x-www-form-urlencoded", **head)

    def drain(self):
        """SIGTERM, and the exit code; what it logged until then is in self.log."""
        self.process.send_signal(signal.SIGTERM)
        self.log += self.process.communicate(timeout=DEADLINE)[1]
        return self.process.returncode

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()


@pytest.fixture
def example(build):
    """example(NAME, OPTION…) runs one; it is killed when the test ends."""
    running = []

    def run(name, *options):
        running.append(Example(build / "examples" / name, *options))
        return running[-1]

    yield run
    for each in running:
        each.kill()
