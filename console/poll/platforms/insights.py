"""Instagram and Threads: insights of one post a call; what else is told of it comes from the account's list."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar, Final
from urllib.parse import quote, urlencode

from console.poll.accounts import InstagramAccount, ThreadsAccount
from console.poll.platforms.asking import Numbers
from console.poll.platforms.meta import Listed, MetaPoller
from console.poll.platforms.meta_limits import is_withheld
from console.poll.state import Post
from console.poll.verdicts import PostGone, Refused
from schemas.matching import urls_in
from schemas.platforms import instagram, threads
from schemas.platforms.times import iso_ms


class _OneAtATime(MetaPoller[InstagramAccount | ThreadsAccount]):
    """What both share."""

    edge: ClassVar[str]
    list_fields: ClassVar[str]

    @property
    def version(self) -> str:
        """The version of the API."""
        return self.settings.graph_version

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The account's posts since; they come newest first, and what is older is not read on."""
        user = self.account.user_id
        query = {"fields": self.list_fields, "limit": "100"}
        async for page in self.pages(f"/{self.version}/{user}/{self.edge}", query):
            posts = [_listed_post(one) for one in page]
            yield [post for post in posts if post.published_ms >= since_ms]
            if posts and all(post.published_ms < since_ms for post in posts):
                return

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """The totals of one post."""
        (post,) = posts

        async def ask(metrics: Sequence[str]) -> bytes:
            query = urlencode({"metric": ",".join(metrics)}, safe=",")
            return await self.client.get(f"/{self.version}/{quote(post.id)}/insights?{query}")

        try:
            body = await self.narrowed(post.kind, ask)
        except PostGone:
            return Numbers([], [], frozenset({post.id}))
        except Refused as error:
            if is_withheld(str(error)):
                return Numbers([], [])
            raise
        read = instagram.read if self.platform == instagram.PLATFORM else threads.read
        return self.numbers_of(read, body, self.unsaid(version=self.version, post=post.id))


class InstagramPoller(_OneAtATime):
    """Which metrics a kind of media has changes: all are tried, those refused are left out for that kind."""

    platform = instagram.PLATFORM
    edge = "media"
    list_fields = "id,timestamp,caption,permalink,media_product_type"
    metrics = ("views", "reach", "total_interactions")
    _on_feed: Final = ("profile_visits",)

    def wanted_metrics(self, kind: str) -> tuple[str, ...]:
        """Visits of the profile are told of feed and stories only."""
        names = self.metrics + (self._on_feed if kind in ("FEED", "STORY") else ())
        return tuple(name for name in names if name not in self._refused.get(kind, ()))


class ThreadsPoller(_OneAtATime):
    """A profile's posts."""

    platform = threads.PLATFORM
    edge = "threads"
    list_fields = "id,timestamp,text,permalink,link_attachment_url"
    metrics = ("views",)

    @property
    def version(self) -> str:
        """The only version of the API that there is."""
        return "v1.0"


def _listed_post(listed: Listed) -> Post:
    links = [listed.link_attachment_url] if listed.link_attachment_url else []
    return Post(
        id=listed.id,
        published_ms=iso_ms(listed.timestamp, "timestamp"),
        kind=listed.media_product_type,
        permalink=listed.permalink,
        urls=tuple(dict.fromkeys([*links, *urls_in(listed.caption or listed.text or "")])),
    )
