import pytest

from schemas.batches import Headers
from schemas.dead_letters import DETAIL_MAX_CHARS
from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError
from stream.dead_letters import KafkaDeadLetters
from stream.decode import MAX_RECORD_BYTES, Poison
from tests.builders import read_record, record

MOST_KAFKA_TAKES = 4 * 1024 * 1024
LETTER = (record(), Poison(0, "not_json", "", b"x"))


class FakeProducer:
    """Keeps what is sent; raises the error that stands at `fails` instead."""

    def __init__(self, *, fails_to: str = "", takes_bytes: int = MOST_KAFKA_TAKES) -> None:
        self.sent: list[dict[str, object]] = []
        self.abandoned = False
        self._fails_to = fails_to
        self._takes_bytes = takes_bytes

    async def start(self) -> None:
        if self._fails_to == "start":
            raise TransientError("no connection to Kafka")

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None, headers: Headers
    ) -> None:
        assert partition is None
        if self._fails_to == "send":
            raise TransientError("topic dead-letters takes no record of 1 bytes: TimeoutError()")
        if len(value) > self._takes_bytes:
            raise TooLargeError(f"topic dead-letters takes no record of {len(value)} bytes")
        self.sent.append({"topic": topic, "value": value, "key": key, "headers": dict(headers)})

    async def partitions(self, topic: str) -> int:
        raise NotImplementedError(topic)

    async def abandon(self) -> None:
        self.abandoned = True


def letters_to(*producers: FakeProducer) -> KafkaDeadLetters:
    """Over these producers, one after the other."""
    return KafkaDeadLetters(iter(producers).__next__)


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
                "service": b"stream",
                "topic": b"clicks",
                "partition": b"0",
                "offset": b"9",
                "index": b"3",
            },
        }
    ]


@pytest.mark.parametrize("fails_to", ["start", "send"])
async def test_a_letter_that_is_not_durable_is_to_be_written_again_by_another_producer(fails_to: str) -> None:
    broken, good = FakeProducer(fails_to=fails_to), FakeProducer()
    letters = letters_to(broken, good)
    with pytest.raises(TransientError):
        await letters.write([LETTER])
    assert broken.abandoned
    await letters.write([LETTER])
    assert (len(broken.sent), len(good.sent)) == (0, 1)


async def test_a_letter_is_never_larger_than_kafka_takes() -> None:
    producer = FakeProducer()
    huge = Poison(0, "bad_headers", "x" * 5_000_000, b"x" * 5_000_000)
    await letters_to(producer).write([(record(), huge)])
    (sent,) = producer.sent
    assert isinstance(sent["value"], bytes)
    assert isinstance(sent["headers"], dict)
    assert len(sent["value"]) <= MOST_KAFKA_TAKES // 2
    assert len(sent["value"]) + int(sent["headers"]["cut"]) == 5_000_000
    assert len(sent["headers"]["detail"]) <= DETAIL_MAX_CHARS


async def test_a_letter_that_its_topic_finds_too_large_comes_cut_with_the_next_try() -> None:
    producers = [FakeProducer(takes_bytes=700_000) for _ in range(3)]
    letters = letters_to(*producers)
    for _ in range(2):
        with pytest.raises(TransientError):
            await letters.write([(record(), Poison(0, "not_json", "", b"x" * 2_000_000))])
    await letters.write([(record(), Poison(0, "not_json", "", b"x" * 2_000_000))])
    assert [producer.abandoned for producer in producers] == [True, True, False]
    assert producers[2].sent[0]["headers"] == {**producers[2].sent[0]["headers"], "cut": b"1475712"}  # type: ignore[dict-item] # headers of a fake


async def test_a_record_that_is_too_large_says_how_much_of_it_is_not_kept() -> None:
    value = b"x" * (MAX_RECORD_BYTES + 1)
    (poison,) = read_record("clicks", value).poison
    producer = FakeProducer()
    await letters_to(producer).write([(record(value), poison)])
    (sent,) = producer.sent
    assert isinstance(sent["value"], bytes)
    assert isinstance(sent["headers"], dict)
    assert len(sent["value"]) + int(sent["headers"].get("cut", 0)) == len(value)


async def test_thousands_of_letters_all_arrive() -> None:
    producer = FakeProducer()
    await letters_to(producer).write([(record(), Poison(index, "not_json", "", b"x")) for index in range(1001)])
    assert [sent["key"] for sent in producer.sent] == [f"clicks-0-0-{index}".encode() for index in range(1001)]
