"""Read a compacted topic to its end: the latest record of each key."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

import msgspec
from aiokafka.errors import KafkaError

from schemas.compacted import open_compacted
from schemas.errors import TransientError
from schemas.kafka import KafkaAccess

_FETCH_WAIT_MS: Final = 200
_MAX_RECORDS: Final = 20_000

Record = TypeVar("Record")


async def follow_to_end(
    kafka: KafkaAccess | str, topic: str, take: Callable[[Sequence[Any]], None], *, within_s: float
) -> None:
    """Give `take` all records of the topic's one partition up to where it ends now, in order, many at a time.

    Raises TransientError when Kafka does not answer for `within_s`.
    """
    access, timeout_ms = KafkaAccess.of(kafka), int(within_s * 1000)
    try:
        async with AsyncExitStack() as stack:
            opening = open_compacted(access, topic, request_timeout_ms=timeout_ms)
            try:
                reading = await stack.enter_async_context(opening)
            except (KafkaError, OSError) as error:
                raise TransientError(f"Kafka at {kafka} does not answer: {error!r}") from error
            reading.seek(reading.beginning)
            async with asyncio.timeout(within_s) as patience:
                while await reading.position() < reading.end:
                    if records := await reading.fetch(max_records=_MAX_RECORDS, wait_ms=_FETCH_WAIT_MS):
                        take(records)
                        patience.reschedule(asyncio.get_running_loop().time() + within_s)
    except (KafkaError, OSError) as error:
        raise TransientError(f"topic {topic} cannot be read from Kafka at {kafka}: {error!r}") from error


async def read_latest(
    kafka: KafkaAccess | str, topic: str, kind: type[Record], *, within_s: float
) -> dict[str, Record]:
    """Every record of the topic that is neither deleted nor overwritten, by key.

    What is no `kind` is passed over, as on every host. Raises TransientError.
    """
    decode = msgspec.json.Decoder(kind).decode
    latest: dict[str, Record] = {}

    def take(records: Sequence[Any]) -> None:
        for record in records:
            key = (record.key or b"").decode("utf-8", "replace")
            latest.pop(key, None)
            if record.value is not None:
                try:
                    latest[key] = decode(record.value)
                except (ValueError, msgspec.DecodeError, RecursionError):
                    continue

    await follow_to_end(kafka, topic, take, within_s=within_s)
    return latest
