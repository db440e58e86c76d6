"""When the pollers ask: each day's calls, as two pollers make them, some twice, in no order."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from tests.campaign import payloads
from tests.campaign.cast import DAY_MS, HOUR_MS, Post, Scale
from tests.campaign.stated import Call, StatedTotal

SECOND_POLLER_MS: Final = 20_000
"""How far the second poller of a campaign is behind the first."""
TWICE_SHARE: Final = 0.1
LATE_SHARE: Final = 0.15
"""Of calls that are made once more, and of those that wait for one of the next days."""
REPORT_DAYS: Final = 9


@dataclass(frozen=True)
class Polls:
    """Who is asked when. `by_files`: the ads whose report is downloaded."""

    posts: Sequence[Post]
    scale: Scale
    start_ms: int

    def of(self, platform: str) -> list[Post]:
        """A platform's posts."""
        return [post for post in self.posts if post.platform == platform]

    def days(self, rng: random.Random) -> list[list[Call]]:
        """What is sent on each day of the campaign, shuffled; the last day has all that was left."""
        days: list[list[Call]] = [[] for _ in range(self.scale.days)]
        for number in range(self.scale.days):
            for call in self._day(number):
                later = rng.randrange(1, 4) if rng.random() < LATE_SHARE else 0
                for _ in range(2 if rng.random() < TWICE_SHARE else 1):
                    days[min(number + later, self.scale.days - 1)].append(call)
        for calls in days:
            rng.shuffle(calls)
        return days

    def ads_by_api(self) -> list[Post]:
        """All ads but the last: the one before it comes by both ways."""
        return self.of("google-ads")[:-1]

    def file(self, number: int) -> tuple[str, list[StatedTotal]]:
        """The report of the last two ads, downloaded in the evening of a day."""
        at_ms = self.start_ms + number * DAY_MS + 20 * HOUR_MS
        return payloads.google_file(self.of("google-ads")[-2:], self._report_days(number), at_ms)

    def file_ms(self, number: int) -> int:
        """When that was."""
        return self.start_ms + number * DAY_MS + 20 * HOUR_MS

    def _report_days(self, number: int) -> list[date]:
        today = datetime.fromtimestamp(self.start_ms / 1000, UTC).date() + timedelta(days=number)
        return [today - timedelta(days=ago) for ago in range(min(number, REPORT_DAYS), 0, -1)]

    def _day(self, number: int) -> Iterator[Call]:
        midnight_ms = self.start_ms + number * DAY_MS
        for hour in range(0, 24, self.scale.poll_every_h):
            at_ms = midnight_ms + hour * HOUR_MS
            yield from self._hourly(at_ms, number)
            if hour % (4 * self.scale.poll_every_h) == 0:
                yield from self._hourly(at_ms + SECOND_POLLER_MS, number)
        yield from self._daily(midnight_ms + 23 * HOUR_MS, number)

    def _hourly(self, at_ms: int, number: int) -> Iterator[Call]:
        """X and Facebook, each profile by itself; Facebook's retired metric until half of the days are over."""
        by_days = self.of("x")[2]
        lives = [post for post in self.of("x") if post != by_days or number >= self.scale.days // 2]
        yield from (payloads.x(group, at_ms) for group in _by_profile(lives, at_ms))
        metrics = ["post_media_view"] if number > self.scale.days // 2 else ["post_impressions"]
        if number == self.scale.days // 2:  # one poller was upgraded, the other was not
            metrics.append("post_media_view")
        for group in _by_profile(self.of("facebook"), at_ms):
            yield from (payloads.facebook(group, at_ms, metric) for metric in metrics)

    def _daily(self, at_ms: int, number: int) -> Iterator[Call]:
        for group in _by_profile(self.of("linkedin"), at_ms):
            is_member = group[0].profile == "member"
            yield (payloads.linkedin_member if is_member else payloads.linkedin_page)(group, at_ms)
        yield from (payloads.instagram(group, at_ms) for group in _by_profile(self.of("instagram"), at_ms))
        yield from payloads.mailchimp(self.of("mailchimp"), at_ms)
        by_days = self.of("x")[2]
        if by_days.born_ms + DAY_MS < at_ms and number <= self.scale.days // 2:
            yield payloads.x_days(by_days, at_ms)
        if number:
            yield payloads.google_ads(self.ads_by_api(), self._report_days(number), at_ms)


def _by_profile(posts: Sequence[Post], at_ms: int) -> Iterator[list[Post]]:
    """Those that are published, by who published them."""
    for profile in dict.fromkeys(post.profile for post in posts):
        group = [post for post in posts if post.profile == profile and post.born_ms < at_ms]
        if group:
            yield group
