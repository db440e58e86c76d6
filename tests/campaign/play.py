"""The campaign from its first day to the moment when everything is counted."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tests.campaign.cast import DAY_MS, Post, Scale, cast, link_of
from tests.campaign.counted import Difference, Numbers, compare, counted, log_of, unmatched
from tests.campaign.expected import day_of
from tests.campaign.polls import Polls
from tests.campaign.sending import Doors, Sent, Shop
from tests.campaign.stack import CampaignStack
from tests.campaign.traffic import mails, visits
from tests.campaign.wanted import wanted, wanted_unmatched
from tests.chaos.http import NoAnswerError

COUNTED_WITHIN_S: Final = 180.0
QUIET_S: Final = 3.0
"""How long the numbers must stay right: longer than a look of the matcher and a flush."""
SERVED_WITHIN_S: Final = 120.0
VICTIMS: Final = ("stream-1", "relay", "stream-2")


@dataclass
class Played:
    """What came of a campaign."""

    posts: list[Post]
    sent: Sent
    kills: Counter[str]
    numbers: Numbers
    difference: Difference


class Campaign:
    """One run on a stack that is up."""

    def __init__(
        self,
        stack: CampaignStack,
        *,
        seed: int,
        scale: Scale,
        now_ms: int,
        tell: Callable[[str], None],
        tamper: Callable[[CampaignStack], None],
    ) -> None:
        self._stack: Final = stack
        self._scale: Final = scale
        self._tell: Final = tell
        self._tamper: Final = tamper
        self._rng: Final = random.Random(seed)
        self._today: Final = day_of(now_ms)
        self._start_ms: Final = now_ms // DAY_MS * DAY_MS - scale.days * DAY_MS
        self._posts: Final = cast(self._rng, scale, self._start_ms)
        self._polls: Final = Polls(self._posts, scale, self._start_ms)
        self._sent: Final = Sent()
        self._doors: Final = Doors(stack.port, self._sent)
        self._kills: Final[Counter[str]] = Counter()

    async def play(self) -> Played:
        """Send everything, wait until it is counted. Raises NotTakenError."""
        early = [post for post in self._posts if post.how in ("url", "sender")]
        later = [post for post in self._posts if post.how == "later"]
        await self._make_links(early)
        days = self._polls.days(self._rng)
        mailings = list(mails(self._rng, early, self._scale.recipients, self._start_ms))
        self._rng.shuffle(mailings)
        shop = Shop(self._stack.bootstrap, self._sent, self._rng)
        await shop.start()
        kills = self._kill_days()
        try:
            for number, calls in enumerate(days):
                began = time.monotonic()
                if number >= self._scale.days // 2 and later:
                    await self._make_links([later.pop()])
                killing = asyncio.create_task(self._kill(kills.count(number)))
                await shop.day(visits(self._rng, early, self._scale.clicks_a_day), self._start_ms + number * DAY_MS)
                some = mailings[number :: len(days)]
                await self._doors.all_of(calls, some, visits(self._rng, early, self._scale.clicks_a_day // 4))
                await killing
                await self._import_files(number)
                self._tell(f"day {number + 1} of {len(days)}: {len(calls)} calls, {len(some)} mailings")
                await asyncio.sleep(max(0.0, self._scale.pace_s - (time.monotonic() - began)))
        finally:
            await shop.stop()
        numbers, difference = await self._settled()
        return Played(self._posts, self._sent, self._kills, numbers, difference)

    def _kill_days(self) -> list[int]:
        return sorted(self._rng.randrange(1, self._scale.days) for _ in range(self._scale.kills))

    async def _kill(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(self._rng.uniform(0.1, 0.5) * self._scale.pace_s)
            victim = VICTIMS[self._kills.total() % len(VICTIMS)]
            self._stack.supervisor.units[victim].send(signal.SIGKILL)
            self._kills[victim] += 1

    async def _make_links(self, posts: list[Post]) -> None:
        await asyncio.to_thread(self._stack.publish, [link_of(post) for post in posts])
        async with asyncio.timeout(SERVED_WITHIN_S):
            for post in posts:
                while not await self._doors.is_served(post.slug):  # noqa: ASYNC110 - asks another process
                    await asyncio.sleep(0.05)
        self._sent.amounts["links"] += len(posts)

    async def _import_files(self, number: int) -> None:
        """Two downloads of overlapping days, each imported twice."""
        if number not in (self._scale.days * 2 // 3, self._scale.days - 1):
            return
        text, stated = self._polls.file(number)
        path = self._stack.place / f"ads-{number}.csv"
        path.write_text(text)
        observed = datetime.fromtimestamp(self._polls.file_ms(number) / 1000, UTC).isoformat()
        arguments = ("impressions", "import", str(path), "--time-zone", "Europe/Berlin", "--observed-at", observed)
        for _ in range(2):
            await asyncio.to_thread(self._stack.console, *arguments)
            self._sent.amounts["files"] += 1
        self._sent.stated += stated

    async def _settled(self) -> tuple[Numbers, Difference]:
        """The numbers once they are right and stay so, or when the deadline is over."""
        deadline = time.monotonic() + COUNTED_WITHIN_S
        right_since: float | None = None
        while True:
            try:
                numbers, difference = await asyncio.to_thread(self._compare)
            except NoAnswerError:
                numbers, difference = Counter(), Difference(missing=1)
            now = time.monotonic()
            right_since = (right_since or now) if difference.is_none else None
            if (right_since is not None and now - right_since > QUIET_S) or now > deadline:
                break
            await asyncio.sleep(0.3)
        await asyncio.to_thread(self._tamper, self._stack)
        numbers, difference = await asyncio.to_thread(self._compare)
        listed = await asyncio.to_thread(unmatched, self._stack)
        return Counter({**numbers, **listed}), difference.plus(
            compare(wanted_unmatched(self._sent, self._posts), listed)
        )

    def _compare(self) -> tuple[Numbers, Difference]:
        log = log_of(self._stack)
        numbers = counted(self._stack, log, self._today)
        return numbers, compare(wanted(self._sent, self._posts, log, self._today), numbers)
