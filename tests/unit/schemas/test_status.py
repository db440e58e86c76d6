import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from schemas.metrics import Declare
from schemas.status import status_server


class Process:
    """A process with one gauge, asked by HTTP."""

    def __init__(self) -> None:
        self.trouble = ""
        self.registry = CollectorRegistry()
        self.gauge = Declare("example", self.registry).gauge("depth", "How deep")
        self.base_url = ""

    async def ask(self, path: str) -> tuple[int, str]:
        async with ClientSession() as session, session.get(self.base_url + path) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    made = Process()
    async with status_server(
        "127.0.0.1", 0, made.registry, trouble=lambda: made.trouble, measure=lambda: made.gauge.set(7)
    ) as port:
        made.base_url = f"http://127.0.0.1:{port}"
        yield made


async def test_gauges_are_measured_before_they_are_read(process: Process) -> None:
    status, text = await process.ask("/metrics")
    assert status == 200
    assert "clicktally_example_depth 7.0" in text


async def test_a_process_that_is_not_ready_lives_and_says_why(process: Process) -> None:
    assert await process.ask("/readyz") == (200, '{"ready": true}')
    process.trouble = "Kafka does not answer"
    status, text = await process.ask("/readyz")
    assert (status, json.loads(text)) == (503, {"ready": False, "why": "Kafka does not answer"})
    assert (await process.ask("/healthz"))[0] == 200


async def test_no_answer_names_versions(process: Process) -> None:
    async with ClientSession() as session:
        for path in ("/metrics", "/healthz", "/readyz", "/none"):
            async with session.get(process.base_url + path) as answer:
                assert answer.headers["Server"] == "clicktally"


def test_a_metric_bears_the_name_of_its_service() -> None:
    registry = CollectorRegistry()
    declare = Declare("example", registry)
    declare.counter("taken", "What was taken", "kind").labels("a").inc()
    declare.histogram("size_bytes", "How large", buckets=(1, 10)).observe(5)
    assert registry.get_sample_value("clicktally_example_taken_total", {"kind": "a"}) == 1
    assert registry.get_sample_value("clicktally_example_size_bytes_bucket", {"le": "1.0"}) == 0
    assert registry.get_sample_value("clicktally_example_size_bytes_bucket", {"le": "10.0"}) == 1
