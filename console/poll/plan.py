"""What a schedule asks for in a year, and what X bills for it. Pure.

X bills a post that is read once a UTC day, however often it is read that day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from console.poll.schedule import DAY_MS, Schedule
from console.poll.state import Post

YEAR_MS: Final = 365 * DAY_MS
X_READ_DOLLARS: Final = 0.005
X_OWNED_READ_DOLLARS: Final = 0.001
"""https://docs.x.com/x-api/getting-started/pricing, November 2026."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of some posts: readings, and those of them that X bills."""

    posts: int
    readings: int
    billed: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            posts=self.posts + other.posts,
            readings=self.readings + other.readings,
            billed=self.billed + other.billed,
        )

    def dollars(self, *, owned: bool) -> float:
        """What X takes for them."""
        return self.billed * (X_OWNED_READ_DOLLARS if owned else X_READ_DOLLARS)


NOTHING: Final = Cost(posts=0, readings=0, billed=0)


def cost_of(posts: Iterable[Post], schedule: Schedule, now_ms: int) -> Cost:
    """The year from now of posts that are there."""
    total = NOTHING
    for post in posts:
        times = list(schedule.readings(post.born_ms or now_ms, post.asked_ms, now_ms, now_ms + YEAR_MS))
        total += Cost(posts=1, readings=len(times), billed=len({time // DAY_MS for time in times}))
    return total


def cost_of_new(per_week: int, schedule: Schedule, now_ms: int) -> Cost:
    """The year from now of posts that will be published, evenly spread: what each costs until the year is over."""
    count = per_week * 52
    return cost_of(
        (
            Post(id=str(place), published_ms=now_ms + (2 * place + 1) * YEAR_MS // (2 * count))
            for place in range(count)
        ),
        schedule,
        now_ms,
    )
