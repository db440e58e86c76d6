"""LinkedIn: statistics of a page's posts, twenty a call; a member's posts, one metric a call.

Quotas are by day and end at midnight UTC; nothing in an answer tells how much is left.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from console.poll.accounts import LinkedInAccount
from console.poll.client import Client
from console.poll.platforms.asking import Numbers, PlatformPoller
from console.poll.settings import PollSettings
from console.poll.state import Post
from console.poll.verdicts import TOO_MANY, Answer, PostGone, Refused, Verdict, body_as, by_status, expected, shown
from schemas.matching import urls_in
from schemas.platforms import linkedin
from schemas.platforms.times import DAY_MS

RENEW: Final = (
    "make another at https://www.linkedin.com/developers/tools/oauth, they live 60 days,"
    " and put it where this one is"
)

_DAY_S: Final = 86_400
_SUNSET: Final = 426
_LIST_PAGE: Final = 100
_SIDE: Final = ("MEMBERS_REACHED", "LINK_CLICKS")
_CLICKS_SINCE: Final = "202604"


class _Body(msgspec.Struct):
    message: str = ""


class _Listed(msgspec.Struct):
    id: str
    publishedAt: int = 0  # noqa: N815 - the same
    createdAt: int = 0  # noqa: N815 - the same
    commentary: str = ""


class _Page(msgspec.Struct):
    elements: list[_Listed] = []


def judge(answer: Answer, now_s: float) -> Verdict:
    """A 429 lasts until midnight UTC; a 426 means that the version is no more."""
    body = body_as(answer, _Body) or _Body()
    why = shown(body.message)
    if answer.status == TOO_MANY:
        midnight_s = (int(now_s) // _DAY_S + 1) * _DAY_S
        return Verdict(outcome="limited", why=why or "the day's quota is used up", until_s=float(midnight_s))
    if answer.status == _SUNSET:
        return Verdict(
            outcome="refused",
            why=f"{why or 'HTTP 426'}: this version of the API is no more: set CLICKTALLY_POLL_LINKEDIN_VERSION to"
            " one of the last months",
        )
    return by_status(answer, why)


class LinkedInPoller(PlatformPoller[LinkedInAccount]):
    """What both kinds of posts share: the version."""

    platform = linkedin.PLATFORM

    @property
    def version(self) -> str:
        """A month, such as 202610."""
        return self.settings.linkedin_version


class LinkedInPagePoller(LinkedInPoller):
    """A page's posts, organic numbers."""

    batch = 20
    lists_posts = True
    longest_age_ms = 360 * DAY_MS
    """Statistics are of a rolling year: an older post's total would shrink to nothing."""

    @property
    def _page(self) -> str:
        return quote(f"urn:li:organization:{self.account.organization}", safe="")

    async def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The page's posts since, the newest first."""
        start = 0
        while True:
            body = await self.client.get(
                f"/rest/posts?author={self._page}&q=author&count={_LIST_PAGE}&start={start}&sortBy=CREATED"
            )
            elements = expected(body, _Page, "LinkedIn").elements
            posts = [
                Post(id=one.id, published_ms=one.publishedAt or one.createdAt, urls=urls_in(one.commentary))
                for one in elements
            ]
            yield [post for post in posts if post.published_ms >= since_ms]
            start += _LIST_PAGE
            if len(elements) < _LIST_PAGE or all(post.published_ms < since_ms for post in posts):
                return

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """Two calls where there are posts of both kinds."""
        parts = [
            await self._numbers_of_kind(parameter, some)
            for parameter, kind in (("shares", "urn:li:share:"), ("ugcPosts", "urn:li:ugcPost:"))
            if (some := [post for post in posts if post.id.startswith(kind)])
        ]
        return Numbers(
            [snapshot for part in parts for snapshot in part.snapshots],
            [complaint for part in parts for complaint in part.complaints],
            frozenset[str]().union(*(part.gone for part in parts)),
        )

    async def _numbers_of_kind(self, parameter: str, posts: Sequence[Post]) -> Numbers:
        """A post that is not in the answer has 0, so LinkedIn says; if it had more before, it is gone.

        One more is asked for than there can be, so that the answer shows itself to be whole.
        """
        urns = ",".join(quote(post.id, safe="") for post in posts)
        body = await self.client.get(
            "/rest/organizationalEntityShareStatistics?q=organizationalEntity"
            f"&organizationalEntity={self._page}&{parameter}=List({urns})&count={len(posts) + 1}"
        )
        never = tuple(post.id for post in posts if not post.counted)
        numbers = self.numbers_of(linkedin.read, body, self.unsaid(version=self.version, posts=never))
        there = {name for one in numbers.snapshots for name in (one.post, *one.other_ids)}
        return numbers._replace(gone=frozenset(post.id for post in posts if post.counted and post.id not in there))


class LinkedInMemberPoller(LinkedInPoller):
    """The posts of whom the token is of, one by one."""

    def __init__(
        self, client: Client, account: LinkedInAccount, settings: PollSettings, warn: Callable[[str], None]
    ) -> None:
        super().__init__(client, account, settings, warn)
        self._refused: Final[set[str]] = set()

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """IMPRESSION, and what is kept beside it as far as it is given."""
        (post,) = posts
        try:
            answers = [await self._ask(post, "IMPRESSION")]
        except PostGone:
            return Numbers([], [], frozenset({post.id}))
        for metric in self._side():
            try:
                answers.append(await self._ask(post, metric))
            except Refused as error:
                self._leave_out(metric, str(error))
        body = b"[" + b",".join(answers) + b"]"
        return self.numbers_of(linkedin.read, body, self.unsaid(version=self.version))

    def _side(self) -> list[str]:
        given = _SIDE if self.version >= _CLICKS_SINCE else _SIDE[:1]
        return [metric for metric in given if metric not in self._refused]

    def _leave_out(self, metric: str, why: str) -> None:
        self._refused.add(metric)
        self.client.dropped(1)
        self.warn(f"{metric} is refused and no longer asked for: {why}")

    async def _ask(self, post: Post, metric: str) -> bytes:
        kind = "share" if post.id.startswith("urn:li:share:") else "ugc"
        entity = f"({kind}:{quote(post.id, safe='')})"
        return await self.client.get(
            f"/rest/memberCreatorPostAnalytics?q=entity&entity={entity}&queryType={metric}&aggregation=TOTAL"
        )
