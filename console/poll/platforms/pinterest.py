"""Pinterest: the days of one pin a call, at most 90 days back; pins by bookmark."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from console.poll.accounts import PinterestAccount
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.state import Post
from console.poll.verdicts import TOO_MANY, Answer, PostGone, Verdict, body_as, by_status, expected, number, shown
from schemas.matching import urls_in
from schemas.platforms import pinterest
from schemas.platforms.times import iso_ms

RENEW: Final = (
    "make another at https://developers.pinterest.com/apps/, they live 30 days, and put it where this one is"
)
DAYS_BACK: Final = 90

_WINDOW_S: Final = 60.0
_MIDNIGHT_MARGIN: Final = timedelta(minutes=5)
"""So long before midnight UTC the first day is taken one later: it may be tomorrow when Pinterest reads it."""


class _Body(msgspec.Struct):
    message: str = ""


class _Pin(msgspec.Struct):
    id: str
    created_at: str = ""
    link: str | None = None
    description: str | None = None


class _Pins(msgspec.Struct):
    items: list[_Pin] = []
    bookmark: str | None = None


def judge(answer: Answer, now_s: float) -> Verdict:
    """A 429 lasts as long as `x-ratelimit-reset` says, in seconds from now."""
    why = shown((body_as(answer, _Body) or _Body()).message)
    if answer.status == TOO_MANY:
        wait_s = number(answer.headers.get("x-ratelimit-reset")) or _WINDOW_S
        return Verdict(outcome="limited", why=why or "too many requests", until_s=now_s + wait_s)
    return by_status(answer, why)


def first_and_last_day(published_ms: int, now_ms: int) -> tuple[date, date]:
    """The days to ask for: since the pin was made, but no more than 90 days back from today, UTC."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    oldest = (now + _MIDNIGHT_MARGIN).date() - timedelta(days=DAYS_BACK)
    published = datetime.fromtimestamp(published_ms / 1000, UTC).date()
    return min(max(oldest, published), now.date()), now.date()


class PinterestPoller(PlatformPoller[PinterestAccount]):
    """Pins of the user whom the token is of."""

    platform = pinterest.PLATFORM
    lists_posts = True

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The user's pins; they come in no order that could be relied on, so all pages are read."""
        query = {"page_size": "250"}
        while True:
            page = expected(await self.client.get(f"/v5/pins?{urlencode(query)}"), _Pins, "Pinterest")
            posts = [
                Post(
                    id=one.id,
                    published_ms=iso_ms(one.created_at, "created_at"),
                    urls=tuple(filter(None, (one.link, *urls_in(one.description or "")))),
                )
                for one in page.items
            ]
            yield [post for post in posts if post.published_ms >= since_ms]
            if not page.bookmark:
                return
            query["bookmark"] = page.bookmark

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """The days of one pin."""
        (post,) = posts
        first, last = first_and_last_day(post.published_ms, self.now_ms)
        query = urlencode(
            {"start_date": first, "end_date": last, "metric_types": "IMPRESSION,OUTBOUND_CLICK,PIN_CLICK,SAVE"},
            safe=",",
        )
        try:
            body = await self.client.get(f"/v5/pins/{quote(post.id)}/analytics?{query}")
        except PostGone:
            return Numbers([], [], frozenset({post.id}))
        return self.numbers_of(pinterest.read, body, self.unsaid(post=post.id))
