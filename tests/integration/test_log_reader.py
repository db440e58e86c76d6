"""What the broker says of a log, while it answers, while it does not, and when it does again."""

import signal
import time

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from faust.types import TP

from deploy.local.processes import Kafka
from schemas.kafka import KafkaAccess
from schemas.retry import Retry, RetryPolicy
from schemas.topics import DEAD_LETTERS
from stream.log_reader import LogReader

PLACE = TP(DEAD_LETTERS, 0)
ANSWERED_WITHIN_S = 1.0
LEFT_WITHIN_S = 2 * ANSWERED_WITHIN_S + 1
TRIES = 10
"""A busy machine may hold up any one of them for longer."""


async def test_a_broker_that_does_not_answer_is_left_in_time_and_asked_again(broker: Kafka) -> None:
    """It was waited for as long as joining a group may take: 90 s, in which nothing was counted."""
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        written = await producer.send_and_wait(DEAD_LETTERS, b"{}", partition=0)
    patient = LogReader(KafkaAccess.of(broker.bootstrap), answered_within_s=60.0)
    first, end = (await patient.bounds({PLACE}))[PLACE]
    assert first <= written.offset < end
    assert await patient.first_at(PLACE, written.offset) == written.offset
    await patient.close()
    reader = LogReader(KafkaAccess.of(broker.bootstrap), answered_within_s=ANSWERED_WITHIN_S)
    again = Retry(RetryPolicy(first_s=0.1, longest_s=1.0, within_s=60.0))
    await again.until_it_works(lambda: reader.bounds({PLACE}), on=KafkaError)
    broker.send_signal(signal.SIGSTOP)
    took: list[float] = []
    try:
        while len(took) < 2 or (min(took) >= LEFT_WITHIN_S and len(took) < TRIES):
            began = time.monotonic()
            with pytest.raises(KafkaError) as refused:
                await reader.bounds({PLACE})
            took.append(time.monotonic() - began)
            assert refused.value.retriable
        assert min(took) < LEFT_WITHIN_S, took
        assert await reader.first_at(PLACE, written.offset) is None
    finally:
        broker.send_signal(signal.SIGCONT)
    assert await again.until_it_works(lambda: reader.bounds({PLACE}), on=KafkaError) == {PLACE: (first, end)}
    await reader.close()
