"""Each lane, and a process of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.serve_process import Serve, running


@pytest.fixture(params=["fast", "ordinary"])
def fast_lane(request: pytest.FixtureRequest) -> bool:
    """Whether the fast lane answers."""
    return bool(request.param == "fast")


@pytest.fixture
def serve(tmp_path: Path, fast_lane: bool) -> Iterator[Serve]:
    """A running process with the usual links, of each lane in turn."""
    with running(tmp_path, fast_lane=fast_lane) as process:
        yield process
