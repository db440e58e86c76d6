"""What is killed and comes back is told in words: no log of a service has a traceback."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.abuse import DOMAIN
from tests.chaos.client import Connection
from tests.chaos.ledger import Ledger
from tests.chaos.probe import recovery_s, slugs
from tests.chaos.stack import Stack, wait_for

SENDS_GIVEN_UP: Final = 4
"""A producer is given up after 3 s here: so many while batches are on their way."""

NOISE: Final = re.compile(r"Traceback|Exception in callback|never retrieved|was destroyed but|never awaited")
ROUNDS: Final = 5
PATIENCE_S: Final = 300.0
"""Of a machine that others use too; how soon they are back is what `tests/chaos` looks at."""

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(
        tmp_path / "stack", own_mounts=False, links=[slug for number in range(ROUNDS) for slug in slugs(number)]
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


def noise(stack: Stack) -> list[str]:
    """Lines of the services' logs that nobody should see at night."""
    logs = [unit.log for unit in stack.supervisor.units.values() if unit.kind not in {"kafka", "clickhouse"}]
    assert logs
    return [f"{log.name}: {line}" for log in logs for line in log.read_text().splitlines() if NOISE.search(line)]


async def click(port: int, ledger: Ledger, slug: str) -> bool:
    """Whether a click was answered."""
    connection = Connection(port, timeout_s=30.0)
    answer = await connection.get(DOMAIN, f"/{slug}")
    await connection.close()
    answered = answer is not None
    ledger.note("click", f"{DOMAIN}/{slug}", answered=answered, counted=answered)
    return answered


def test_parts_that_are_killed_and_come_back_leave_no_traceback_in_any_log(stack: Stack) -> None:
    ledger = Ledger()
    kafka, clickhouse = stack.supervisor.units["kafka"], stack.supervisor.units["clickhouse"]

    def counts(number: int) -> None:
        assert recovery_s(stack, ledger, number, PATIENCE_S) < PATIENCE_S

    counts(0)
    kafka.hold(signal.SIGKILL)
    for slug in slugs(1):
        assert stack.call(click(stack.port, ledger, slug))
    wait_for(
        lambda: (stack.metric("relay", "clicktally_relay_send_errors_total") or 0) >= SENDS_GIVEN_UP,
        "the relay gave up some sends",
    )
    kafka.start()
    counts(1)
    clickhouse.restart(signal.SIGKILL)
    counts(2)
    for kind in ("relay", "stream", "tables", "serve"):
        for unit in stack.supervisor.of_kind(kind):
            unit.send(signal.SIGKILL)
    counts(3)
    for kind in ("serve", "relay", "tables", "stream"):
        for unit in stack.supervisor.of_kind(kind):
            unit.restart(signal.SIGTERM)
    counts(4)
    assert "\n".join(noise(stack)) == ""
