"""The one writer of an installation's links and records: decides changes in order, makes them durable, answers.

1. It begins when the group elected it. A producer with the installation's transactional id is started: from then on
   nobody who wrote before can commit anything, and what they left open is rolled back.
2. Both topics are read to where they end now: whatever was ever acknowledged is in the index.
3. Changes are taken in turn, many at a time: decided on the index and on what was decided before them, and
4. written in one transaction: all of them or, if this process dies, none. Where nothing is to be written, Kafka is
   asked whether anybody else wrote (`barrier.py`).
5. The index follows up to that transaction; then they are answered, and the next ones are decided. Where that takes
   long, as while millions of links are imported beside, they are answered as made and not yet followed, and what
   comes meanwhile is told to come again.

So each change was decided on everything that was written before it, whatever dies between two steps. An error in
4 ends the session: another one begins at 1, here or on another console.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, ProducerFenced

from console.api.barrier import CommittedEnds, decide_on_all, followed_within
from console.api.changes import Change, Write
from console.api.deciding import Outcome, PendingView, decide_all
from console.api.election import Election
from console.api.following import TopicFollower
from console.api.index import Index
from console.api.metrics import ApiMetrics
from console.api.problems import Problem, unavailable
from console.api.records import ANSWER_PREFIX, DELETED_PREFIX
from console.api.sessions import CODE_PREFIX, SESSION_PREFIX
from console.api.shares import SHARE_PREFIX
from schemas.errors import TransientError
from schemas.kafka import KafkaAccess
from schemas.producer import abandon
from schemas.retry import Retry, RetryPolicy
from schemas.topics import RECORDS

log = logging.getLogger(__name__)

Result = TypeVar("Result")
InThread = Callable[[Callable[[], Result]], Awaitable[Result]]

CHANGES_AT_ONCE: Final = 4_000
"""Most changes of one transaction."""
WAITING_MOST: Final = 40_000
"""Changes that may wait; beyond, 503."""
_LOOK_S: Final = 0.25
_SWEEP_S: Final = 60.0
_NAMES_S: Final = 1.0
_SWEPT_AT_ONCE: Final = 1_000
_BATCH_BYTES: Final = 256 * 1024
_TRANSACTION_MS: Final = 30_000
_SHARES_LISTED_MS: Final = 30 * 24 * 3_600_000
"""How long a share is listed after its end, also where it was revoked before its time."""
_RETRY: Final = RetryPolicy(first_s=0.1, longest_s=3.0)
_ERRORS: Final = (KafkaError, OSError, TransientError, TimeoutError)


@dataclass(frozen=True)
class _Job:
    """Changes that are answered together."""

    changes: Sequence[Change]
    answered: "asyncio.Future[list[Outcome]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Writer:
    """Takes changes while this console is the writer."""

    def __init__(
        self,
        kafka: KafkaAccess,
        election: Election,
        index: Index,
        followers: dict[str, TopicFollower],
        metrics: ApiMetrics,
        *,
        transactional_id: str,
        within_s: float,
        expired: Callable[[str, bytes, int], bool],
        in_thread: InThread[list[Any]],
    ) -> None:
        """`followers` by topic; `expired`: whether a record has outlived its use; `in_thread` reads the index."""
        self._kafka: Final = kafka
        self._election: Final = election
        self._index: Final = index
        self._followers: Final = followers
        self._metrics: Final = metrics
        self._transactional_id: Final = transactional_id
        self._within_s: Final = within_s
        self._expired: Final = expired
        self._in_thread: Final = in_thread
        self._jobs: Final[asyncio.Queue[_Job]] = asyncio.Queue()
        self._waiting = 0
        self._next_sweep_s = 0.0
        self._next_names_s = 0.0
        self._retry: Final = Retry(_RETRY, on_first=self._tell)
        self.writes = False
        """Whether changes are taken here."""

    async def submit(self, changes: Sequence[Change]) -> list[Outcome]:
        """What became of each, once it is durable and followed. Raises Problem when none was looked at."""
        if not self.writes:
            raise unavailable("this console is not the writer at the moment: send it again")
        if self._waiting + len(changes) > WAITING_MOST:
            raise unavailable("too many changes are waiting: send it again, more slowly")
        job = _Job(changes)
        self._waiting += len(changes)
        self._jobs.put_nowait(job)
        return await job.answered

    async def run(self) -> None:
        """Write whenever elected, until cancelled."""
        await self._retry.for_ever(self._once, on=_ERRORS)

    def _tell(self, error: Exception) -> None:
        log.warning("no changes are taken, trying again: %r", error)

    async def _once(self) -> None:
        if not self._election.elected:
            await self._election.changed()
            return
        try:
            await self._session()
        except ProducerFenced:
            log.warning("a newer writer began: this console writes no more")
            self._metrics.transactions.labels("fenced").inc()
            self._election.resign()
            await asyncio.sleep(_LOOK_S)

    async def _session(self) -> None:
        producer = AIOKafkaProducer(
            **self._kafka.arguments("writer"),
            transactional_id=self._transactional_id,
            transaction_timeout_ms=_TRANSACTION_MS,
            acks="all",
            compression_type="lz4",
            max_batch_size=_BATCH_BYTES,
        )
        ends = CommittedEnds(self._kafka, tuple(self._followers))
        try:
            async with asyncio.timeout(self._within_s):
                await producer.start()
                await ends.start()
            for follower in self._followers.values():
                await follower.to_end()
            self._retry.worked()
            log.info("changes are taken here")
            self.writes = True
            self._metrics.writer.set(1)
            while self._election.elected:
                await self._turn(producer, ends)
        finally:
            self.writes = False
            self._metrics.writer.set(0)
            self._refuse_all(unavailable("the writer is another one now: send it again"))
            await ends.close()
            await abandon(producer)

    async def _turn(self, producer: AIOKafkaProducer, ends: CommittedEnds) -> None:
        """One transaction, if there is anything to do."""
        await self._sweep(producer)
        try:
            async with asyncio.timeout(_LOOK_S):
                jobs = [await self._jobs.get()]
        except TimeoutError:
            return
        count = len(jobs[0].changes)
        while count < CHANGES_AT_ONCE and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait())
            count += len(jobs[-1].changes)
        unwritten = unavailable("it was not written, for Kafka took nothing: send it again")
        try:
            changes = [change for job in jobs for change in job.changes]
            async with asyncio.timeout(self._within_s):
                outcomes = await decide_on_all(partial(self._decide, changes), _writes, ends.now, self._followers)
            writes = [write for one in outcomes if one.decision is not None for write in one.decision.writes]
            offsets = await self._commit(producer, writes) if writes else {}
        except _Unknown as error:
            self._fail(jobs, error.problem)
            raise error.cause from error
        except BaseException:
            self._fail(jobs, unwritten)
            raise
        followed = False
        try:
            followed = await followed_within(self._within_s, offsets, self._followers)
        finally:  # they are made, whatever becomes of this console
            self._answer(jobs, outcomes, offsets, followed=followed)
        if not followed:
            await self._catch_up(offsets)

    async def _catch_up(self, offsets: Mapping[str, int]) -> None:
        """Refuse what comes until the index follows up to these offsets, or another console writes."""
        log.warning("the index is behind what was written: no changes are taken until it is not")
        behind = unavailable("links are read more slowly than they were written: nothing was done, send it again")
        while self._election.elected and not await followed_within(_LOOK_S, offsets, self._followers):
            self._refuse_all(behind)

    def _refuse_all(self, problem: Problem) -> None:
        while not self._jobs.empty():
            self._fail([self._jobs.get_nowait()], problem)

    async def _decide(self, changes: Sequence[Change]) -> list[Outcome]:
        now_ms = time.time_ns() // 1_000_000
        return await self._in_thread(lambda: decide_all(changes, PendingView(self._index), now_ms))

    async def _commit(self, producer: AIOKafkaProducer, writes: Sequence[Write]) -> dict[str, int]:
        """Write all in one transaction; the last offset in each topic.

        Raises _Unknown once it may have been committed, anything else while it surely was not.
        """
        async with asyncio.timeout(self._within_s):
            await producer.begin_transaction()
            sent = [
                future
                for topic in dict.fromkeys(write.topic for write in writes)
                for future in await _send(producer, topic, [write for write in writes if write.topic == topic])
            ]
            await asyncio.gather(*sent)
        offsets: dict[str, int] = {}
        for future in sent:
            last = future.result()
            offsets[last.topic] = max(offsets.get(last.topic, -1), last.offset)
        try:
            async with asyncio.timeout(self._within_s):
                await producer.commit_transaction()
        except BaseException as error:
            self._metrics.transactions.labels("failed").inc()
            raise _Unknown(error) from error
        self._metrics.transactions.labels("committed").inc()
        return offsets

    async def _sweep(self, producer: AIOKafkaProducer) -> None:
        """Make records of names that only links have, take away what has outlived its use: some at a time."""
        now_s = time.time()
        if now_s >= self._next_names_s:
            self._next_names_s = now_s + _NAMES_S
            new: list[Write] = await self._in_thread(self._new_names)
            await self._write_own(producer, new)
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + _SWEEP_S
            old: list[Write] = await self._in_thread(lambda: self._old_records(int(now_s * 1000)))
            await self._write_own(producer, old)

    async def _write_own(self, producer: AIOKafkaProducer, writes: Sequence[Write]) -> None:
        """What nobody waits for: where it fails, it is found again."""
        try:
            if writes:
                offsets = await self._commit(producer, writes)
                if not await followed_within(self._within_s, offsets, self._followers):
                    await self._catch_up(offsets)
        except _Unknown as error:
            raise error.cause from error

    def _new_names(self) -> list[Write]:
        return [
            Write(RECORDS, key, value)
            for key, value in self._index.unrecorded(_SWEPT_AT_ONCE)
            if self._index.record(key) is None
        ]

    def _old_records(self, now_ms: int) -> list[Write]:
        old: list[Write] = []
        for prefix in (ANSWER_PREFIX, DELETED_PREFIX, SESSION_PREFIX, CODE_PREFIX, SHARE_PREFIX):
            after = ""
            while len(old) < _SWEPT_AT_ONCE:
                records = self._index.records(prefix, after=after, limit=_SWEPT_AT_ONCE)
                old += [Write(RECORDS, key, None) for key, value in records if self._expired(key, value, now_ms)]
                if len(records) < _SWEPT_AT_ONCE:
                    break
                after = records[-1][0]
        return old

    def _answer(
        self, jobs: Sequence[_Job], outcomes: list[Outcome], offsets: Mapping[str, int], *, followed: bool
    ) -> None:
        start = 0
        for job in jobs:
            decided = outcomes[start : start + len(job.changes)]
            made = [_writes(one) for one in decided]
            # What writes nothing was decided on what the rest of its transaction writes, and is followed with it.
            part = [
                Outcome(decision=one.decision, offsets=offsets, followed=followed)
                if one.decision is not None
                else one
                for one in decided
            ]
            start += len(job.changes)
            refused = sum(one.problem is not None for one in decided)
            results = {"made": sum(made), "refused": refused, "unchanged": len(made) - sum(made) - refused}
            for result, count in results.items():
                if count:
                    self._metrics.changes.labels(result).inc(count)
            self._waiting -= len(job.changes)
            if not job.answered.done():
                job.answered.set_result(part)

    def _fail(self, jobs: Sequence[_Job], problem: Problem) -> None:
        for job in jobs:
            self._waiting -= len(job.changes)
            result = "unknown" if problem.name == "unknown-outcome" else "failed"
            self._metrics.changes.labels(result).inc(len(job.changes))
            if not job.answered.done():
                job.answered.set_result([Outcome(problem=problem)] * len(job.changes))


class _Unknown(Exception):  # noqa: N818 - neither success nor failure
    """Kafka was told to commit and did not say whether it did."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(repr(cause))
        self.cause: Final = cause
        self.problem: Final = Problem(
            "unknown-outcome",
            "Kafka did not say whether it was written: read it, or send it again with the same Idempotency-Key",
            headers=(("Retry-After", "1"),),
        )


def _writes(outcome: Outcome) -> bool:
    return outcome.decision is not None and bool(outcome.decision.writes)


async def _send(producer: AIOKafkaProducer, topic: str, writes: Sequence[Write]) -> "list[asyncio.Future[Any]]":
    """Hand records over in batches of our own, which costs a tenth of sending each."""
    sent = []
    batch = producer.create_batch()
    for write in writes:
        key = write.key.encode()
        if batch.append(key=key, value=write.value, timestamp=None) is None:
            sent.append(await producer.send_batch(batch, topic, partition=0))
            batch = producer.create_batch()
            batch.append(key=key, value=write.value, timestamp=None)
    sent.append(await producer.send_batch(batch, topic, partition=0))
    return sent


def expiry(*, answers_ms: int, deleted_ms: int) -> Callable[[str, bytes, int], bool]:
    """Whether a record of the topic `records` has outlived its use, as the settings say."""

    def expired(key: str, value: bytes, now_ms: int) -> bool:
        kept_ms, name = (0, "expires_at_ms")
        if key.startswith(ANSWER_PREFIX):
            kept_ms, name = answers_ms, "at_ms"
        elif key.startswith(DELETED_PREFIX):
            kept_ms, name = deleted_ms, "deleted_at_ms"
        elif key.startswith(SHARE_PREFIX):
            kept_ms = _SHARES_LISTED_MS
        try:
            record = msgspec.json.decode(value)
            at_ms = record.get("revoked_at_ms") or record.get(name, 0)
        except (msgspec.DecodeError, AttributeError):
            return False
        return isinstance(at_ms, int) and now_ms - at_ms > kept_ms

    return expired
