"""X: `GET /2/tweets` a hundred posts at a time, and the account's timeline from where it was last read.

Each post read costs money, once a UTC day: https://docs.x.com/x-api/getting-started/pricing.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from console.poll.accounts import XAccount
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.state import Post
from console.poll.verdicts import TOO_MANY, Answer, Verdict, body_as, by_status, expected, number, shown
from schemas.platforms import x
from schemas.platforms.times import DAY_MS, iso_ms

RENEW: Final = "make another in the app's settings at https://console.x.com, and put it where this one is"

_WINDOW_S: Final = 900.0
_CAPPED_S: Final = 86_400.0
_PRIVATE_FOR_MS: Final = 30 * DAY_MS
_PUBLIC: Final = "public_metrics,entities,note_tweet,created_at,author_id"
_PRIVATE: Final = f"{_PUBLIC},non_public_metrics,organic_metrics"


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    title: str = ""
    type: str = ""
    resource_id: str = ""
    value: str = ""

    @property
    def post(self) -> str:
        """Which one it is of."""
        return self.resource_id or self.value


class _Body(msgspec.Struct):
    title: str = ""
    detail: str = ""
    type: str = ""
    errors: list[_Error] = []


class _Listed(msgspec.Struct):
    id: str
    created_at: str = ""


class _Meta(msgspec.Struct):
    next_token: str = ""


class _Timeline(msgspec.Struct):
    data: list[_Listed] = []
    meta: _Meta = msgspec.field(default_factory=_Meta)


class _Ids(msgspec.Struct):
    data: list[_Listed] = []
    errors: list[_Error] = []


def judge(answer: Answer, now_s: float) -> Verdict:
    """X tells its limits by `x-rate-limit-reset`, never by Retry-After; a used-up cap is none of these limits."""
    reset_s = number(answer.headers.get("x-rate-limit-reset")) or 0.0
    if answer.status < TOO_MANY and answer.headers.get("x-rate-limit-remaining") == "0":
        verdict = by_status(answer, _why(answer))
        if verdict.outcome == "ok":
            return Verdict(outcome="ok", until_s=reset_s)
        return verdict
    if answer.status != TOO_MANY:
        return by_status(answer, _why(answer))
    body = body_as(answer, _Body) or _Body()
    if "usage-capped" in body.type or body.title == "UsageCapExceeded":
        return Verdict(
            outcome="limited",
            why=f"the usage cap is reached ({_why(answer)}): raise it, or wait for the next period",
            until_s=now_s + _CAPPED_S,
        )
    until_s = reset_s if reset_s > now_s else now_s + _WINDOW_S
    return Verdict(outcome="limited", why=_why(answer) or "too many requests", until_s=until_s)


def _why(answer: Answer) -> str:
    body = body_as(answer, _Body)
    if body is None:
        return ""
    parts = body.title, body.detail, *(error.message or error.title for error in body.errors[:1])
    return shown(": ".join(dict.fromkeys(filter(None, parts))))


class XPoller(PlatformPoller[XAccount]):
    """Public numbers of anybody's posts; of the owner's, clicks too, as long as X gives them."""

    platform = x.PLATFORM
    batch = 100
    lists_posts = True

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The timeline since; nothing where the account names no user."""
        user = self.account.user_id
        if user is None:
            return
        query = {"max_results": "100", "exclude": "retweets", "tweet.fields": "created_at"}
        if since_ms:
            since = datetime.fromtimestamp(since_ms // 1000, UTC)
            query["start_time"] = since.strftime("%Y-%m-%dT%H:%M:%SZ")
        while True:
            body = await self.client.get(f"/2/users/{user}/tweets?{urlencode(query)}")
            page = expected(body, _Timeline, "X")
            yield [Post(id=one.id, published_ms=iso_ms(one.created_at, "created_at")) for one in page.data]
            if not page.meta.next_token:
                return
            query["pagination_token"] = page.meta.next_token

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """One call, or two: with the owner's numbers for posts that still have them."""
        young = [post for post in posts if self._has_private(post)]
        other = [post for post in posts if not self._has_private(post)]
        parts = []
        if young:
            with_private, refused = await self._numbers_with(young, _PRIVATE)
            parts.append(with_private)
            other += [post for post in young if post.id in refused]
        if other:
            parts.append((await self._numbers_with(other, _PUBLIC))[0])
        return Numbers(
            [snapshot for part in parts for snapshot in part.snapshots],
            [complaint for part in parts for complaint in part.complaints],
            frozenset[str]().union(*(part.gone for part in parts)),
        )

    def _has_private(self, post: Post) -> bool:
        return self.account.owner and self.now_ms - post.published_ms < _PRIVATE_FOR_MS

    async def _numbers_with(self, posts: Sequence[Post], fields: str) -> tuple[Numbers, set[str]]:
        """The numbers, and the posts whose private fields are not ours to see and that are not in the answer."""
        query = urlencode({"ids": ",".join(post.id for post in posts), "tweet.fields": fields}, safe=",")
        body = await self.client.get(f"/2/tweets?{query}")
        answer = expected(body, _Ids, "X")
        there = {one.id for one in answer.data}
        missing = {error.post: error for error in answer.errors if (error.post) not in there}
        not_ours = {post for post, error in missing.items() if error.type.endswith("not-authorized-for-field")}
        gone = frozenset(post for post in missing if post and post not in not_ours)
        numbers = self.numbers_of(x.read, body, self.unsaid(), gone)
        # Errors of fields that we asked for on trial, and posts that are gone, are no complaints.
        complaints = [one for one in numbers.complaints if not one.place.startswith("errors[")]
        return numbers._replace(complaints=complaints), not_ours
