"""Reads what an audit needs from Kafka, without a group and without committing anything."""

import time
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from console.audit.chain import Chain, Place, earlier_ends, latest
from console.audit.log import Log
from schemas.consumer import close_consumer
from schemas.dead_letters import SpoolOrigin, read_letter
from schemas.errors import TransientError
from schemas.kafka import KafkaAccess
from schemas.topics import DEAD_LETTERS, EVENT_TOPICS

_AGING: Final = 0.8
_RECORD_WAIT_S: Final = 5.0
_FOREVER_S: Final = 1e12


class LogReader:
    """Kafka as an audit reads it; `async with` it. Every method raises TransientError."""

    def __init__(self, kafka: KafkaAccess | str) -> None:
        self._kafka = KafkaAccess.of(kafka)
        self._partitions: dict[str, list[TopicPartition]] = {}
        self._consumer = AIOKafkaConsumer(
            **self._kafka.arguments("audit"),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=256 * 1024,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except KafkaError as error:
            await close_consumer(self._consumer)
            raise self._unreachable(error) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await close_consumer(self._consumer)

    async def read_before(self) -> Log:
        """What must be read before the heads."""
        log = Log()
        try:
            keeps = await self._describe()
            log.keeps_dead_letters_s = keeps.get(DEAD_LETTERS, 0.0)
            partitions = [tp for topic in EVENT_TOPICS for tp in self._partitions.get(topic, ())]
            log.starts = _by_place(await self._consumer.beginning_offsets(partitions))
            old = {
                tp: int((time.time() - _AGING * keeps[tp.topic]) * 1000)
                for tp in partitions
                if keeps.get(tp.topic, _FOREVER_S) < _FOREVER_S
            }
            offsets = await self._consumer.offsets_for_times(old) if old else {}
            log.aging = {(tp.topic, tp.partition): one.offset for tp, one in offsets.items() if one is not None}
        except KafkaError as error:
            raise self._unreachable(error) from error
        return log

    async def read_after(self, log: Log, chains: dict[Place, Chain], *, since_s: int) -> None:
        """What must be read after the heads: where the log ends, the record at each head, the dead letters."""
        try:
            log.ends = _by_place(await self._consumer.end_offsets([TopicPartition(*at) for at in log.starts]))
            for at, place in latest(chains).items():
                head = chains[place].head
                if head is not None and log.starts.get(at, 0) <= head.last < log.ends.get(at, 0):
                    time_s = await self._time_of(TopicPartition(*at), head.last)
                    if time_s is not None:
                        log.times[at] = time_s
            await self._read_dead_letters(log, earlier_ends(chains), since_s)
        except KafkaError as error:
            raise self._unreachable(error) from error

    async def _time_of(self, tp: TopicPartition, offset: int) -> float | None:
        """Kafka time of a record, None when it is gone or no record but a transaction's marker."""
        self._consumer.assign([tp])
        self._consumer.seek(tp, offset)
        fetched = await self._consumer.getmany(tp, timeout_ms=int(_RECORD_WAIT_S * 1000), max_records=1)
        for record in fetched.get(tp, ()):
            if record.offset == offset:
                return float(record.timestamp) / 1000
        return None

    async def _read_dead_letters(self, log: Log, ends: dict[tuple[str, int], int], since_s: int) -> None:
        partitions = self._partitions.get(DEAD_LETTERS, [])
        if not partitions:
            return
        # A letter is written with its flush; the margin is for producers' clocks.
        wanted = await self._consumer.offsets_for_times(dict.fromkeys(partitions, (since_s - 3600) * 1000))
        left = await self._consumer.end_offsets(partitions)
        left = {tp: end for tp, end in left.items() if wanted.get(tp) is not None and wanted[tp].offset < end}
        if not left:
            return
        self._consumer.assign(list(left))
        for tp in left:
            self._consumer.seek(tp, wanted[tp].offset)
        seen: set[bytes] = set()
        while left:
            for tp, records in (await self._consumer.getmany(*left, timeout_ms=1000)).items():
                for record in records:
                    if record.offset < left[tp]:
                        _note(log, record, ends, seen)
            for tp in list(left):
                if await self._consumer.position(tp) >= left[tp]:
                    del left[tp]

    async def _describe(self) -> dict[str, float]:
        """Learn the partitions of the topics that exist; returns how long each keeps its records."""
        admin = AIOKafkaAdminClient(**self._kafka.arguments("audit"))
        try:
            await admin.start()
            existing = set(await admin.list_topics())
            names = [topic for topic in (*EVENT_TOPICS, DEAD_LETTERS) if topic in existing]
            if not names:
                return {}
            for described in await admin.describe_topics(names):
                topic = described["topic"]
                numbers = sorted(one["partition"] for one in described["partitions"])
                self._partitions[topic] = [TopicPartition(topic, number) for number in numbers]
            answers = await admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in names]
            )
        finally:
            await admin.close()
        keeps = {}
        for answer in answers:
            for code, _, _, topic, entries in answer.resources:
                for name, value, *_ in entries:
                    if code == 0 and name == "retention.ms":
                        keeps[topic] = float(value) / 1000 if float(value) >= 0 else _FOREVER_S
        return keeps

    def _unreachable(self, error: KafkaError) -> TransientError:
        return TransientError(f"Kafka at {self._kafka} does not answer: {error!r}")


def _note(log: Log, record: Any, ends: dict[tuple[str, int], int], seen: set[bytes]) -> None:
    if record.key is not None:
        if record.key in seen:
            return
        seen.add(record.key)
    try:
        letter = read_letter(record.headers, record.value)
    except ValueError:
        log.reasons["no letter"] += 1
        return
    log.reasons[letter.reason] += 1
    origin = letter.origin
    if isinstance(origin, SpoolOrigin):
        return
    at = (origin.topic, origin.partition)
    if record.timestamp / 1000 > ends.get(at, -1) + 1:
        log.dead_letters.setdefault(at, set()).add((origin.offset, origin.index))


def _by_place(offsets: dict[TopicPartition, int]) -> dict[tuple[str, int], int]:
    return {(tp.topic, tp.partition): offset for tp, offset in offsets.items()}
