"""bench/server and a wire_app, for programs that are not ours."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "wire"))
from conversation import Server, free_port, wait_for  # noqa: E402


@pytest.fixture(scope="module")
def bench(build):
    """The port of bench/server."""
    port = free_port()
    server = Server([build / "bench" / "server", "--port", port], ports=[port])
    wait_for(port)
    yield port
    server.stop()


@pytest.fixture(scope="module")
def app(build):
    """A wire_app: .ports are the delegate's and the framework's."""
    server = Server([build / "tests" / "wire_app"])
    yield server
    server.stop()
