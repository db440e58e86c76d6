"""What the tests that drive a browser share."""

from collections.abc import Iterator

import pytest

from tests.e2e.pages import Pages, serving
from tests.e2e.pipeline import broker, engine, pipeline

__all__ = ["broker", "engine", "pages", "pipeline"]


@pytest.fixture
def pages() -> Iterator[Pages]:
    """A web server of another origin."""
    with serving() as running:
        yield running
