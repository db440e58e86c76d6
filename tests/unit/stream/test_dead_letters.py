import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.errors import TransientError
from stream.dead_letters import KafkaDeadLetters
from stream.decode import DETAIL_MAX_CHARS, Poison
from tests.builders import record

MOST_KAFKA_TAKES = 4 * 1024 * 1024


class FakeProducer:
    """Keeps what is sent; `fails` decides whether it is taken or acknowledged."""

    def __init__(self, fails: str = "") -> None:
        self.sent: list[dict[str, Any]] = []
        self._fails = fails

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: list[tuple[str, bytes]]) -> Any:
        if self._fails == "send":
            raise KafkaConnectionError
        self.sent.append({"topic": topic, "value": value, "key": key, "headers": dict(headers)})
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._fails == "acknowledge":
            acknowledged.set_exception(KafkaConnectionError())
        else:
            acknowledged.set_result(None)
        return acknowledged


def letters_to(producer: FakeProducer) -> KafkaDeadLetters:
    return KafkaDeadLetters(producer)


async def test_a_dead_letter_says_why_and_where_it_came_from() -> None:
    producer = FakeProducer()
    poison = Poison(3, "not_json", "trailing characters", b"garbage")
    await letters_to(producer).write([(record(b"whole", offset=9), poison)])
    assert producer.sent == [
        {
            "topic": "dead-letters",
            "value": b"garbage",
            "key": b"clicks-0-9-3",
            "headers": {
                "reason": b"not_json",
                "detail": b"trailing characters",
                "topic": b"clicks",
                "partition": b"0",
                "offset": b"9",
                "index": b"3",
            },
        }
    ]


@pytest.mark.parametrize("fails", ["send", "acknowledge"])
async def test_a_letter_that_is_not_durable_is_to_be_written_again(fails: str) -> None:
    with pytest.raises(TransientError, match="dead-letters"):
        await letters_to(FakeProducer(fails)).write([(record(), Poison(0, "not_json", "", b"x"))])


async def test_a_letter_is_never_larger_than_kafka_takes() -> None:
    producer = FakeProducer()
    huge = Poison(0, "bad_headers", "x" * 5_000_000, b"x" * 5_000_000)
    await letters_to(producer).write([(record(), huge)])
    (sent,) = producer.sent
    assert len(sent["value"]) <= MOST_KAFKA_TAKES // 2
    assert len(sent["headers"]["detail"]) <= DETAIL_MAX_CHARS
