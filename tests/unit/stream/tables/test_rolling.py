"""How rollers go on after rounds and errors."""

import asyncio
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry

from schemas.errors import TransientError
from stream.tables.metrics import link_day_metrics
from stream.tables.rolling import Pace, Rounds


async def test_a_day_that_always_fails_is_tried_again_as_rarely_as_rounds_are_in_the_end() -> None:
    tries = 0

    async def fails() -> None:
        nonlocal tries
        tries += 1
        if tries > 20:
            raise asyncio.CancelledError
        raise TransientError("disk full")

    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    pace = replace(Pace.of_rounds(60.0), sleep=pause)
    rounds = Rounds(fails, link_day_metrics(CollectorRegistry()), pace, what="days of links")
    with pytest.raises(asyncio.CancelledError):
        await rounds.run()
    assert pauses[0] <= 0.1
    assert all(30.0 <= seconds <= 60.0 for seconds in pauses[10:])
