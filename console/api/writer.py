"""The one writer of an installation's links and records: decides changes in order, makes them durable, answers.

1. It begins when the group elected it. A producer with the installation's transactional id is started: from then on
   nobody who wrote before can commit anything, and what they left open is rolled back.
2. Both topics are read to where they end now: whatever was ever acknowledged is in the index.
3. Changes are taken in turn, many at a time: decided on the index and on what was decided before them, and
4. written in one transaction: all of them or, if this process dies, none. Where nothing is to be written, Kafka is
   asked whether anybody else wrote (`barrier.py`).
5. The index follows up to that transaction; then they are answered, and the next ones are decided. After many lines
   of a bulk, the next ones are decided meanwhile, on the index and on what it does not have yet (`unfollowed.py`).
   Where that takes long, as while millions of links are imported beside, they are answered as made and not yet
   followed, and what comes then is told to come again.

So each change was decided on everything that was written before it, whatever dies between two steps. An error in
4 ends the session: another one begins at 1, here or on another console.
"""

import asyncio
import contextlib
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
from console.api.transactions import LARGE, Committed, Transactions, UnknownOutcome
from console.api.unfollowed import Unfollowed
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
UNFOLLOWED_MOST: Final = 32_000
"""Writes that the index may be behind: it takes as many at once."""
_SHARES_LISTED_MS: Final = 30 * 24 * 3_600_000
"""How long a share is listed after its end, also where it was revoked before its time."""
_RETRY: Final = RetryPolicy(first_s=0.1, longest_s=3.0)
_BEHIND: Final = unavailable("links are read more slowly than they were written: nothing was done, send it again")
_ERRORS: Final = (KafkaError, OSError, TransientError, TimeoutError)


@dataclass(frozen=True)
class _Job:
    """Changes that are answered together."""

    changes: Sequence[Change]
    answered: "asyncio.Future[list[Outcome]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class _Made(msgspec.Struct):
    """What was decided of some jobs and is durable. `offsets`: by topic, up to where it was written."""

    jobs: Sequence[_Job]
    outcomes: list[Outcome]
    offsets: Mapping[str, int]
    answered: bool = False


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
        self._jobs: Final[asyncio.PriorityQueue[tuple[bool, int, _Job]]] = asyncio.PriorityQueue()
        """Whether it is lines of a bulk, which let others go first; in which order it came."""
        self._came = 0
        self._waiting = 0
        self._unfollowed = Unfollowed()
        self._following: Final[dict[asyncio.Task[None], _Made]] = {}
        self._late: Final[set[Committed]] = set()
        """Transactions that were answered as not yet followed, and are not."""
        self._moved: Final = asyncio.Event()
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
        self._came += 1
        self._jobs.put_nowait((len(changes) > 1, self._came, job))
        return await job.answered

    async def run(self) -> None:
        """Write whenever elected, until cancelled."""
        try:
            await self._retry.for_ever(self._once, on=_ERRORS)
        finally:  # what is committed is made, whatever becomes of this console
            for task in self._following:
                task.cancel()
            for made in self._following.values():
                self._answer(made, followed=False)

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
            compression_type="zstd",  # lz4 is of level 9 here, and takes five times as long
            max_batch_size=_BATCH_BYTES,
        )
        ends = CommittedEnds(self._kafka, tuple(self._followers))
        try:
            async with asyncio.timeout(self._within_s):
                await producer.start()
                await ends.start()
            for follower in self._followers.values():
                await follower.to_end()
            self._unfollowed = Unfollowed()  # the index has whatever was committed before
            self._late.clear()
            transactions = Transactions(producer, self._followers, self._metrics, within_s=self._within_s)
            self._retry.worked()
            log.info("changes are taken here")
            self.writes = True
            self._metrics.writer.set(1)
            while self._election.elected:
                await self._turn(transactions, ends)
        finally:
            self.writes = False
            self._metrics.writer.set(0)
            self._refuse_all(unavailable("the writer is another one now: send it again"))
            await ends.close()
            await abandon(producer)

    async def _turn(self, transactions: Transactions, ends: CommittedEnds) -> None:
        """One transaction, if there is anything to do."""
        if self._late:
            self._refuse_all(_BEHIND)
        if self._late or self._unfollowed.count >= UNFOLLOWED_MOST:
            await self._wait_for_index()
            return
        await self._sweep(transactions)
        try:
            async with asyncio.timeout(_LOOK_S):
                _, _, job = await self._jobs.get()
            jobs = [job]
        except TimeoutError:
            return
        if self._late:
            self._fail(jobs, _BEHIND)
            return
        count = len(jobs[0].changes)
        while count < CHANGES_AT_ONCE and not self._jobs.empty():
            jobs.append(self._jobs.get_nowait()[-1])
            count += len(jobs[-1].changes)
        try:
            changes = [change for job in jobs for change in job.changes]
            async with asyncio.timeout(self._within_s):
                outcomes = await decide_on_all(partial(self._decide, changes), _writes, ends.now, self._followers)
            writes = [write for one in outcomes if one.decision is not None for write in one.decision.writes]
            committed = await transactions.commit(writes) if writes else None
        except UnknownOutcome as error:
            self._fail(jobs, error.problem)
            raise error.cause from error
        except BaseException:
            self._fail(jobs, unavailable("it was not written, for Kafka took nothing: send it again"))
            raise
        if committed is None:
            self._answer(_Made(jobs, outcomes, {}), followed=True)
            return
        made = _Made(jobs, outcomes, committed.offsets)
        self._follow(committed, made)
        while not made.answered and len(writes) < LARGE:
            await self._wait_for_index()

    def _follow(self, committed: Committed, made: _Made) -> None:
        """Answer once the index has it; the next changes are decided meanwhile."""
        self._unfollowed.add(committed, committed.writes)
        following = self._followed(committed, made, self._unfollowed)
        task = asyncio.create_task(following, name="a transaction that is followed")
        self._following[task] = made
        task.add_done_callback(self._following.pop)

    async def _followed(self, committed: Committed, made: _Made, unfollowed: Unfollowed) -> None:
        followed = await followed_within(self._within_s, committed.offsets, self._followers)
        if followed:
            self._index_has(committed, unfollowed)
            self._answer(made, followed=True)
            return
        self._answer(made, followed=False)
        log.warning("the index is behind what was written: no changes are taken until it is not")
        self._late.add(committed)
        for topic, offset in committed.offsets.items():
            await self._followers[topic].reached(offset)
        self._late.discard(committed)
        self._index_has(committed, unfollowed)

    def _index_has(self, committed: Committed, unfollowed: Unfollowed) -> None:
        unfollowed.drop(committed, committed.writes)
        self._moved.set()

    async def _wait_for_index(self) -> None:
        """Until it has a transaction more, or one is answered without; or for a moment."""
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await self._moved.wait()

    def _refuse_all(self, problem: Problem) -> None:
        while not self._jobs.empty():
            self._fail([self._jobs.get_nowait()[-1]], problem)

    async def _decide(self, changes: Sequence[Change]) -> list[Outcome]:
        now_ms = time.time_ns() // 1_000_000
        view = PendingView(self._index, self._unfollowed)
        return await self._in_thread(lambda: decide_all(changes, view, now_ms))

    async def _sweep(self, transactions: Transactions) -> None:
        """Make records of names that only links have, take away what has outlived its use: some at a time."""
        now_s = time.time()
        if now_s >= self._next_names_s:
            self._next_names_s = now_s + _NAMES_S
            written = self._unfollowed.recorded()
            new: list[Write] = await self._in_thread(lambda: self._new_names(written))
            await self._write_own(transactions, new)
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + _SWEEP_S
            written = self._unfollowed.recorded()
            old: list[Write] = await self._in_thread(lambda: self._old_records(int(now_s * 1000), written))
            await self._write_own(transactions, old)

    async def _write_own(self, transactions: Transactions, writes: Sequence[Write]) -> None:
        """What nobody waits for: where it fails, it is found again."""
        try:
            if writes:
                self._follow(await transactions.commit(writes), _Made((), [], {}))
        except UnknownOutcome as error:
            raise error.cause from error

    def _new_names(self, written: frozenset[str]) -> list[Write]:
        return [
            Write(RECORDS, key, value)
            for key, value in self._index.unrecorded(_SWEPT_AT_ONCE)
            if key not in written and self._index.record(key) is None
        ]

    def _old_records(self, now_ms: int, written: frozenset[str]) -> list[Write]:
        old: list[Write] = []
        for prefix in (ANSWER_PREFIX, DELETED_PREFIX, SESSION_PREFIX, CODE_PREFIX, SHARE_PREFIX):
            after = ""
            while len(old) < _SWEPT_AT_ONCE:
                records = self._index.records(prefix, after=after, limit=_SWEPT_AT_ONCE)
                old += [
                    Write(RECORDS, key, None)
                    for key, value in records
                    if key not in written and self._expired(key, value, now_ms)
                ]
                if len(records) < _SWEPT_AT_ONCE:
                    break
                after = records[-1][0]
        return old

    def _answer(self, made: _Made, *, followed: bool) -> None:
        if made.answered:
            return
        made.answered = True
        self._moved.set()
        start = 0
        for job in made.jobs:
            decided = made.outcomes[start : start + len(job.changes)]
            written = sum(map(_writes, decided))
            # What writes nothing was decided on what the rest of its transaction writes, and is followed with it.
            part = [
                Outcome(decision=one.decision, offsets=made.offsets, followed=followed)
                if one.decision is not None
                else one
                for one in decided
            ]
            start += len(job.changes)
            refused = sum(one.problem is not None for one in decided)
            results = {"made": written, "refused": refused, "unchanged": len(decided) - written - refused}
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


def _writes(outcome: Outcome) -> bool:
    return outcome.decision is not None and bool(outcome.decision.writes)


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
