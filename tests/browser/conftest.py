"""Chromium, without a window, spoken to over a pipe (its DevTools protocol).

A page is opened and asked by expressions; what is waited for is asked again until it is true, with a
deadline. The browser keeps its files in a folder of the test's, and dies with it.
"""

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import time

import pytest

DEADLINE = 20  # seconds, for what takes milliseconds
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--remote-debugging-pipe", "about:blank"]


class Refused(AssertionError):
    """What the browser says of a command, or of an expression that threw."""


class Browser:
    """One Chromium with one page."""

    def __init__(self, directory):
        to_browser, self.to = os.pipe()
        self.back, from_browser = os.pipe()
        self.numbers = itertools.count(1)
        self.unread = b""
        self.events = []
        with (directory / "chromium.log").open("wb") as log:
            self.process = subprocess.Popen(
                ["chromium", f"--user-data-dir={directory}/profile", *FLAGS],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                start_new_session=True, preexec_fn=lambda: self.place(to_browser, from_browser))
        os.close(to_browser)
        os.close(from_browser)
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    @staticmethod
    def place(commands, answers):
        """The browser reads commands at 3 and answers at 4."""
        high = [os.dup2(fd, at) for fd, at in ((commands, 103), (answers, 104))]
        os.dup2(high[0], 3)
        os.dup2(high[1], 4)

    def message(self, until):
        while b"\0" not in self.unread:
            ready = select.select([self.back], [], [], max(0, until - time.monotonic()))[0]
            piece = os.read(self.back, 1 << 20) if ready else b""
            assert piece, "the browser does not answer"
            self.unread += piece
        text, _, self.unread = self.unread.partition(b"\0")
        return json.loads(text)

    def call(self, method, **params):
        """The result of one command."""
        number = next(self.numbers)
        command = {"id": number, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.to, json.dumps(command).encode() + b"\0")
        until = time.monotonic() + DEADLINE
        while (message := self.message(until)).get("id") != number:
            self.events.append(message)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def ask(self, expression):
        """What a JavaScript expression gives; a promise is waited for."""
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                         returnByValue=True)
        if "exceptionDetails" in done:
            raise Refused(done["exceptionDetails"])
        return done["result"].get("value")

    def wait_for(self, expression):
        """The expression's first value that is true. While the page changes, it has none."""
        until, value = time.monotonic() + DEADLINE, None
        while time.monotonic() < until:
            try:
                value = self.ask(expression)
            except Refused as refused:
                last = refused
            else:
                last = value
            if value:
                return value
            time.sleep(0.01)
        raise AssertionError(f"waited {DEADLINE} s for {expression}: {last}")

    def open(self, url, width=1280, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Page.navigate", url=url)
        self.wait_for(f"location.href == {json.dumps(url)} && document.readyState == 'complete'")

    def complaints(self, origin):
        """What pages of a server threw, and what the browser logged of them, so far."""
        self.ask("0")
        return [event for event in self.events
                if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")
                and origin in json.dumps(event)]

    def screenshot(self):
        """The whole page, as the bytes of a PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", clip=clip,
                                          captureBeyondViewport=True)["data"])

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.to)
        os.close(self.back)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    chromium = Browser(tmp_path_factory.mktemp("browser"))
    yield chromium
    chromium.kill()
