"""The servers of this suite. Each ends at SIGTERM with everything freed, or the test fails."""

import pytest

from conversation import Server


APP = "tests/wire_app"


@pytest.fixture
def serve(build):
    """serve(OPTION…): a wire_app with these options, for one test."""
    yield from started(build)


@pytest.fixture(scope="module")
def start(build):
    """The same for all tests of a file; one server for each set of options."""
    yield from started(build, shared={})


@pytest.fixture(scope="module")
def app(build):
    """A wire_app with default limits, for the tests of a file; afterwards it still serves."""
    server = Server([build / APP])
    yield server
    if server.process.poll() is None:
        server.is_well()
    server.stop()


def started(build, shared=None):
    servers = []

    def serve(*options, prefix=()):
        if shared is not None and options in shared:
            return shared[options]
        servers.append(Server([build / APP, *options], prefix=prefix))
        if shared is not None:
            shared[options] = servers[-1]
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()
