"""One round of one account: what is new, what is due, its numbers, into Kafka, and only then noted as asked.

A crash in between asks once more, which changes no count.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from console.poll.metrics import PollMetrics
from console.poll.platforms.asking import AnyPoller, Numbers
from console.poll.schedule import HOUR_MS, Schedule
from console.poll.state import Post, State
from console.poll.verdicts import LimitReached, PollError, Refused, TokenRejected
from schemas.matching import Links, link_of
from schemas.platforms.reading import ItemError
from schemas.snapshots import Snapshot

_LIST_OVERLAP_MS: Final = HOUR_MS
"""So far before the end of the last listing the next begins: lists lag behind posts."""

Send = Callable[[Sequence[Snapshot]], Awaitable[None]]


@dataclass
class Result:
    """What became of a round. `error` is why it did not end well; `rests_until_s`, when its limit is over."""

    state: str = "ok"
    error: str = ""
    rests_until_s: float = 0.0
    posts_asked: int = 0
    snapshots: int = 0
    matched: int = 0
    gone: int = 0
    complaints: list[str] = field(default_factory=list)


class Round:
    """A round of `poller`'s account."""

    def __init__(
        self,
        poller: AnyPoller,
        state: State,
        schedule: Schedule,
        *,
        links: Links,
        send: Send,
        metrics: PollMetrics,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> None:
        self._poller: Final = poller
        self._state: Final = state
        self._schedule: Final = schedule
        self._links: Final = links
        self._send: Final = send
        self._metrics: Final = metrics
        self._progress: Final = progress
        self._result: Final = Result()

    async def run(self, wanted: Iterable[Post]) -> Result:
        """All of it, as far as the platform lets us. Raises TransientError: Kafka does not take the numbers."""
        result = self._result
        try:
            if self._poller.of_whole_account:
                await self._settle([], await self._poller.numbers([]))
            else:
                self._state.learn(wanted, self._poller.now_ms)
                refused = await self._list()
                await self._ask_what_is_due()
                if refused:
                    result.state, result.error = "failing", refused
        except LimitReached as error:
            result.state, result.error, result.rests_until_s = "limited", str(error), error.until_s
        except TokenRejected as error:
            result.state, result.error = "token", str(error)
        except (PollError, ItemError) as error:
            result.state, result.error = "failing", str(error)
        return result

    async def _list(self) -> str:
        """Learn the account's new posts, as often as the newest are asked for. Why not, or "": others go on."""
        if not self._poller.lists_posts:
            return ""
        began_ms, until_ms = self._poller.now_ms, self._state.listed_until_ms()
        if began_ms - until_ms < self._schedule.shortest_pause_ms:
            return ""
        since_ms = until_ms or began_ms - self._schedule.longest_age_ms + _LIST_OVERLAP_MS
        try:
            async for posts in self._poller.own_posts(max(0, since_ms - _LIST_OVERLAP_MS)):
                self._state.learn(posts, began_ms)
        except (Refused, ItemError) as error:
            return f"its list of posts cannot be read: {error}"
        self._state.listed(began_ms)
        return ""

    def due(self) -> list[Post]:
        """The posts to ask for now, the newest first: what a limit cuts off is what changes least."""
        now_ms = self._poller.now_ms
        oldest_ms = now_ms - (self._poller.longest_age_ms or now_ms)
        due = [
            post
            for post in self._state.posts().values()
            if post.born_ms >= oldest_ms
            and self._schedule.is_due(post.born_ms, post.asked_ms, now_ms, gone=post.gone)
        ]
        return sorted(due, key=lambda post: (-post.born_ms, post.id))

    async def _ask_what_is_due(self) -> None:
        due, refusals, calls = self.due(), [], 0
        for batch in _batches(due, self._poller.batch):
            calls += 1
            try:
                numbers = await self._poller.numbers(batch)
            except Refused as error:
                # These wait for their next turn; the others are not to wait with them.
                refusals.append(error)
                self._result.complaints.append(f"{batch[0].id}{' and others' * (len(batch) > 1)}: {error}")
                numbers = Numbers([], [])
            await self._settle(batch, numbers)
            self._progress(self._result.posts_asked, len(due))
        if refusals and len(refusals) == calls:
            raise refusals[0]

    async def _settle(self, posts: Sequence[Post], numbers: Numbers) -> None:
        platform, result = self._poller.platform, self._result
        by_id = {post.id: post for post in posts}
        snapshots = [self._completed(one, by_id.get(one.post)) for one in numbers.snapshots]
        await self._send(snapshots)
        counted = {one.post for one in snapshots}
        published = {one.post: one.published_ms for one in snapshots}
        now_ms = self._poller.now_ms
        self._state.keep_asked(
            [
                replace(
                    post,
                    asked_ms=now_ms,
                    gone=post.id in numbers.gone,
                    counted=post.counted or post.id in counted,
                    published_ms=post.published_ms or published.get(post.id, 0),
                )
                for post in posts
            ]
        )
        matched = sum(bool(one.link) for one in snapshots)
        result.posts_asked += len(posts)
        result.snapshots += len(snapshots)
        result.matched += matched
        result.gone += len(numbers.gone)
        result.complaints += [f"{one.place}: {one.error}" if one.place else one.error for one in numbers.complaints]
        for outcome, names in (("counted", counted), ("gone", numbers.gone - counted)):
            self._metrics.posts.labels(platform, outcome).inc(len(names & by_id.keys()))
        without = by_id.keys() - counted - numbers.gone
        self._metrics.posts.labels(platform, "without").inc(len(without))
        self._metrics.snapshots.labels(platform, "yes").inc(matched)
        self._metrics.snapshots.labels(platform, "no").inc(len(snapshots) - matched)
        self._metrics.unread.labels(platform).inc(len(numbers.complaints))

    def _completed(self, snapshot: Snapshot, post: Post | None) -> Snapshot:
        """The snapshot with what the account's list told of its post, and with its link."""
        if post is not None:
            snapshot = msgspec.structs.replace(
                snapshot,
                published_ms=snapshot.published_ms or post.published_ms,
                permalink=snapshot.permalink or post.permalink,
                urls=snapshot.urls or post.urls,
            )
        return msgspec.structs.replace(snapshot, link=link_of(snapshot, self._links))


def _batches(posts: Sequence[Post], size: int) -> Iterator[Sequence[Post]]:
    for start in range(0, len(posts), size):
        yield posts[start : start + size]
