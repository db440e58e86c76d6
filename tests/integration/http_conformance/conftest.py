"""The fast lane and the ordinary one, each as a process of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.http_conformance.expected import HEADER_TIMEOUT_S, Counted
from tests.integration.serve_process import (
    Client,
    Serve,
    running,
)


@pytest.fixture(scope="module", params=["fast", "ordinary"])
def lane(request: pytest.FixtureRequest) -> str:
    """Which lane answers."""
    return str(request.param)


@pytest.fixture(scope="module")
def serve(lane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A process of one lane, as patient as it is by itself; at the end its books have to balance."""
    with running(tmp_path_factory.mktemp(lane), fast_lane=lane == "fast", max_body_bytes=10_000) as process:
        yield process
        assert_balanced(process)


@pytest.fixture(scope="module")
def hasty(lane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """One that soon cuts whoever is slow. Any test is on a busy machine: it is for those that are so on purpose."""
    with running(
        tmp_path_factory.mktemp(f"hasty-{lane}"),
        fast_lane=lane == "fast",
        header_timeout_s=HEADER_TIMEOUT_S,
        body_timeout_s=1,
        idle_timeout_s=3,
    ) as process:
        yield process
        assert_balanced(process)


def assert_balanced(serve: Serve) -> None:
    """What was received is appended or dropped, what was appended is in the spool, nothing failed."""
    metrics = serve.scrape()
    dropped = sum(value for name, value in metrics.items() if name.startswith("dropped_total"))
    assert metrics["events_received_total"] == metrics["events_appended_total"] + dropped
    assert metrics["events_appended_total"] == len(serve.events())
    assert metrics['requests_total{outcome="failed"}'] == 0


@pytest.fixture
def client(serve: Serve) -> Iterator[Client]:
    """A connection of its own."""
    with serve.connect() as connection:
        yield connection


@pytest.fixture
def counted(serve: Serve) -> Counted:
    """From now on."""
    return Counted(serve)
