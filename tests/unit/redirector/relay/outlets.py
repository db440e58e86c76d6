"""A Kafka that keeps what it was sent, and can fail where a test wants it to."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from schemas.batches import BatchHeaders, Headers, read_headers
from schemas.events import Click, Event, Impression
from schemas.kafka_errors import TooLargeError, TopicRefusesError
from schemas.topics import DEAD_LETTERS


class CrashError(Exception):
    """The relay dies here."""


@dataclass
class Record:
    """What Kafka holds of one send."""

    topic: str
    partition: int | None
    value: bytes
    headers: Headers
    key: bytes | None = None

    @property
    def identity(self) -> BatchHeaders | None:
        """Its batch headers, if any."""
        return read_headers(self.headers)


@dataclass
class FakeKafka:
    """An outlet whose log outlives the relays that crash on it."""

    partition_count: int = 3
    crash_after: int | None = None
    """How many more records are acknowledged; None: all."""
    keep_last: bool = False
    """Whether the record of the crash is in the log all the same."""
    takes_bytes: int | None = None
    """The largest value it takes; None: any."""
    refuses: set[str] = field(default_factory=set)
    """Topics that take nothing."""
    log: list[Record] = field(default_factory=list)
    under_way: set[tuple[bytes, str, int | None]] = field(default_factory=set)

    async def send(
        self, topic: str, partition: int | None, value: bytes, *, key: bytes | None = None, headers: Headers
    ) -> None:
        """Append to the log, after other tasks had their turn."""
        place = (dict(headers).get("spool", b""), topic, partition)
        assert topic == DEAD_LETTERS or place not in self.under_way, "two batches of one partition at once"
        self.under_way.add(place)
        try:
            await asyncio.sleep(0)
            self._refuse(topic)
            if self.takes_bytes is not None and len(value) > self.takes_bytes:
                raise TooLargeError(f"{len(value)} bytes")
            if self.crash_after == 0:
                if self.keep_last:
                    self.log.append(Record(topic, partition, value, headers, key))
                raise CrashError
            if self.crash_after is not None:
                self.crash_after -= 1
            self.log.append(Record(topic, partition, value, headers, key))
        finally:
            self.under_way.discard(place)

    async def partitions(self, topic: str) -> int:
        """As configured; a test may change it between two relays."""
        self._refuse(topic)
        return self.partition_count

    def _refuse(self, topic: str) -> None:
        if topic in self.refuses:
            raise TopicRefusesError(topic)

    def events(self, topic: str | None = None) -> list[Event]:
        """All events of the log, as often as they lie there."""
        decode = msgspec.json.Decoder(Click | Impression).decode_lines
        return [
            event
            for record in self.log
            if record.topic != DEAD_LETTERS and topic in {None, record.topic}
            for event in decode(record.value)
        ]


def trim(log: list[Record]) -> list[Event]:
    """What the stream makes of a log: each line whose seq is above its spool's highest in that partition.

    Fails on a gap: a batch whose predecessor never arrived.
    """
    highest: dict[tuple[str, str, int | None], int] = defaultdict(int)
    kept: list[Event] = []
    decode = msgspec.json.Decoder(Click | Impression).decode_lines
    for record in log:
        if record.topic == DEAD_LETTERS:
            continue
        headers = record.identity
        if headers is not None:
            assert headers.prev <= highest[headers.spool, record.topic, record.partition], "a gap"
        for event in decode(record.value):
            spool = event.spool or (headers.spool if headers is not None else "")
            assert spool, "an event without identity"
            place = (spool, record.topic, record.partition)
            if event.seq > highest[place]:
                highest[place] = event.seq
                kept.append(event)
        if headers is not None:
            assert highest[headers.spool, record.topic, record.partition] >= headers.last
    return kept
