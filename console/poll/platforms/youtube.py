"""YouTube: `videos.list` fifty videos a call; a channel's uploads are a playlist whose id follows from its own."""

from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from console.poll.accounts import YouTubeAccount
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.state import Post
from console.poll.verdicts import expected
from schemas.platforms import youtube
from schemas.platforms.times import iso_ms

RENEW: Final = (
    "make another API key at https://console.cloud.google.com/apis/credentials, and put it where this one is"
)


class _Details(msgspec.Struct, rename="camel"):
    video_id: str
    video_published_at: str = ""


class _Upload(msgspec.Struct, rename="camel"):
    content_details: _Details


class _Uploads(msgspec.Struct, rename="camel"):
    items: list[_Upload] = []
    next_page_token: str = ""


class _Video(msgspec.Struct):
    id: str


class _Videos(msgspec.Struct):
    items: list[_Video] = []


class YouTubePoller(PlatformPoller[YouTubeAccount]):
    """Public numbers of anybody's videos."""

    platform = youtube.PLATFORM
    batch = 50
    lists_posts = True

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The channel's uploads since, the newest first; nothing where the account names no channel."""
        channel = self.account.channel
        if channel is None:
            return
        query = {"part": "contentDetails", "playlistId": f"UU{channel[2:]}", "maxResults": "50"}
        while True:
            page = expected(
                await self.client.get(f"/youtube/v3/playlistItems?{urlencode(query)}"), _Uploads, "YouTube"
            )
            posts = [
                Post(
                    id=one.content_details.video_id,
                    published_ms=iso_ms(one.content_details.video_published_at, "videoPublishedAt"),
                )
                for one in page.items
            ]
            yield [post for post in posts if post.published_ms >= since_ms]
            if not page.next_page_token or all(post.published_ms < since_ms for post in posts):
                return
            query["pageToken"] = page.next_page_token

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """A video that is not in the answer was deleted, or made private."""
        query = urlencode({"part": "statistics,snippet", "id": ",".join(post.id for post in posts)}, safe=",")
        body = await self.client.get(f"/youtube/v3/videos?{query}")
        there = {one.id for one in expected(body, _Videos, "YouTube").items}
        gone = frozenset(post.id for post in posts if post.id not in there)
        return self.numbers_of(youtube.read, body, self.unsaid(), gone)
