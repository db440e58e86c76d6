"""Facebook: a page's posts with their insights, fifty a call."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlencode

from console.poll.accounts import FacebookAccount
from console.poll.platforms.asking import Numbers
from console.poll.platforms.meta import MetaPoller
from console.poll.state import Post
from console.poll.verdicts import MetricRefused, PostGone
from schemas.platforms import facebook
from schemas.platforms.times import iso_ms


class FacebookPoller(MetaPoller[FacebookAccount]):
    """A page's posts, fifty a call; one that fails all is found by asking for each alone."""

    platform = facebook.PLATFORM
    batch = 50
    metrics = ("post_media_view", "post_total_media_view_unique", "post_clicks", "post_clicks_by_type")

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The page's posts since, a page of the list at a time."""
        query = {"fields": "id,created_time", "limit": "100"}
        if since_ms:
            query["since"] = str(since_ms // 1000)
        async for page in self.pages(f"/{self.settings.graph_version}/{self.account.page}/posts", query):
            yield [
                Post(id=one.id.rpartition("_")[2], published_ms=iso_ms(one.created_time, "created_time"))
                for one in page
            ]

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """The totals; asked for with text, attachments and time, which tell the link."""
        try:
            body = await self.narrowed("", lambda metrics: self._ask(posts, metrics))
        except (MetricRefused, PostGone) as error:
            if len(posts) > 1:
                return await self._one_by_one(posts)
            if isinstance(error, PostGone):
                return Numbers([], [], frozenset({posts[0].id}))
            raise
        return self.numbers_of(facebook.read, body, self.unsaid(version=self.settings.graph_version))

    async def _one_by_one(self, posts: Sequence[Post]) -> Numbers:
        numbers, gone, refusals = Numbers([], []), set[str](), []
        for post in posts:
            try:
                part = await self.numbers([post])
            except MetricRefused as error:
                refusals.append(error)
                self.warn(f"post {post.id} has no numbers, it is a video perhaps: {error}")
                gone.add(post.id)
                continue
            numbers.snapshots.extend(part.snapshots)
            numbers.complaints.extend(part.complaints)
            gone |= part.gone
        if len(refusals) == len(posts):
            raise refusals[0]
        return numbers._replace(gone=frozenset(gone))

    async def _ask(self, posts: Sequence[Post], metrics: Sequence[str]) -> bytes:
        ids = ",".join(f"{self.account.page}_{post.id}" for post in posts)
        fields = (
            "id,created_time,message,permalink_url,attachments{url,unshimmed_url},"
            f"insights.metric({','.join(metrics)})"
        )
        query = urlencode({"ids": ids, "fields": fields}, safe=",{}()")
        return await self.client.get(f"/{self.settings.graph_version}/?{query}")
