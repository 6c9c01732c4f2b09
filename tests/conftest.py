"""What every pytest suite here shares: where the build under test lies.

tests/run.py runs a suite once for each preset it is meant for, with GUST_BUILD set.
"""

import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def build():
    """The build directory: examples are in build/examples, programs of bench in build/bench."""
    return pathlib.Path(os.environ.get("GUST_BUILD", ROOT / "build" / "release"))
