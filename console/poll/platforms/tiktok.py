"""TikTok: `/v2/video/query/` twenty videos a call, `/v2/video/list/` by cursor. The error's code tells, always."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from console.poll.accounts import TikTokAccount
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.state import Post
from console.poll.verdicts import TOO_MANY, Answer, Verdict, body_as, by_status, expected, shown
from schemas.platforms import tiktok

RENEW: Final = (
    "exchange the refresh token at https://open.tiktokapis.com/v2/oauth/token/, access tokens live a day, and write"
    " the new one to token_file"
)

_WINDOW_S: Final = 60.0
_FIELDS: Final = "id,create_time,share_url,title,video_description,view_count"
_LIST_PAGE: Final = 20


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Body(msgspec.Struct):
    error: _Error | None = None


class _Video(msgspec.Struct):
    id: str
    create_time: int = 0


class _Videos(msgspec.Struct):
    videos: list[_Video] = []
    cursor: int = 0
    has_more: bool = False


class _Answer(msgspec.Struct):
    data: _Videos = msgspec.field(default_factory=_Videos)


def judge(answer: Answer, now_s: float) -> Verdict:
    """`ok` is success, whatever is beside it."""
    error = (body_as(answer, _Body) or _Body()).error or _Error()
    why = shown(": ".join(filter(None, (error.code, error.message))))
    match error.code:
        case "rate_limit_exceeded":
            return Verdict(outcome="limited", why=why, until_s=now_s + _WINDOW_S)
        case "access_token_invalid" | "access_token_expired":
            return Verdict(outcome="token", why=why)
        case "internal_error":
            return Verdict(outcome="again", why=why)
        case "ok" | "":
            if answer.status == TOO_MANY:
                return Verdict(outcome="limited", why="too many requests", until_s=now_s + _WINDOW_S)
            return by_status(answer, "")
        case _:
            verdict = by_status(answer, why)
            return Verdict(outcome="refused", why=why) if verdict.outcome == "ok" else verdict


class TikTokPoller(PlatformPoller[TikTokAccount]):
    """Videos of the user whom the token is of."""

    platform = tiktok.PLATFORM
    batch = 20
    lists_posts = True

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The user's videos since, the newest first."""
        cursor: int | None = None
        while True:
            query = {"max_count": _LIST_PAGE, **({} if cursor is None else {"cursor": cursor})}
            body = await self.client.post("/v2/video/list/?fields=id,create_time", msgspec.json.encode(query))
            page = expected(body, _Answer, "TikTok").data
            posts = [Post(id=one.id, published_ms=one.create_time * 1000) for one in page.videos]
            yield [post for post in posts if post.published_ms >= since_ms]
            if not page.has_more or all(post.published_ms < since_ms for post in posts):
                return
            cursor = page.cursor

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """A video that is not in the answer was deleted, or is not this user's."""
        query = {"filters": {"video_ids": [post.id for post in posts]}}
        body = await self.client.post(f"/v2/video/query/?fields={_FIELDS}", msgspec.json.encode(query))
        there = {one.id for one in expected(body, _Answer, "TikTok").data.videos}
        gone = frozenset(post.id for post in posts if post.id not in there)
        return self.numbers_of(tiktok.read, body, self.unsaid(), gone)
