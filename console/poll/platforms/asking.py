"""What every platform's poller is: how many posts it asks for at once, its list, the numbers of some posts."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from typing import Any, ClassVar, Final, Generic, NamedTuple, TypeVar

from console.poll.accounts import Account
from console.poll.client import Client
from console.poll.settings import PollSettings
from console.poll.state import Post
from schemas.platforms.reading import Complaint, PayloadError, Reading, Unsaid
from schemas.snapshots import Snapshot

Kind = TypeVar("Kind", bound=Account)


class Numbers(NamedTuple):
    """What a platform said of some posts; those in `gone`, by id, it does not have, or not for us."""

    snapshots: list[Snapshot]
    complaints: list[Complaint]
    gone: frozenset[str] = frozenset()


class PlatformPoller(Generic[Kind]):
    """Asks a platform for the numbers of one account's posts. `warn` says something that is worth saying once."""

    platform: ClassVar[str]
    batch: ClassVar[int] = 1
    lists_posts: ClassVar[bool] = False
    of_whole_account: ClassVar[bool] = False
    """Numbers come for all of the account at once, whatever posts there are."""
    longest_age_ms: ClassVar[int | None] = None
    """From this age on the platform's numbers are no longer those of the post's life."""

    def __init__(self, client: Client, account: Kind, settings: PollSettings, warn: Callable[[str], None]) -> None:
        self.client: Final = client
        self.account: Final = account
        self.settings: Final = settings
        self.warn: Final = warn

    @property
    def now_ms(self) -> int:
        """Now, milliseconds since 1970 UTC."""
        return int(self.client.waits.now() * 1000)

    def own_posts(self, since_ms: int) -> AsyncIterator[list[Post]]:
        """The account's posts published since, a page at a time. Raises PollError."""
        del since_ms
        return _nothing()

    async def numbers(self, posts: Sequence[Post]) -> Numbers:
        """The totals of at most `batch` posts. Raises PollError."""
        raise NotImplementedError

    def unsaid(
        self, *, version: str = "", post: str = "", posts: tuple[str, ...] = (), zone: tzinfo | None = None
    ) -> Unsaid:
        """What an answer that has just come does not say of itself."""
        return Unsaid(
            observed_ms=self.now_ms,
            source=f"poll/{self.platform}",
            version=version,
            account=self.account.account,
            profile=self.account.profile,
            post=post,
            posts=posts,
            zone=zone,
        )

    def numbers_of(
        self,
        read: Callable[[bytes, Unsaid], Reading],
        body: bytes,
        unsaid: Unsaid,
        gone: frozenset[str] = frozenset(),
    ) -> Numbers:
        """An answer as it is read; one that is none is a complaint, and the others go on."""
        try:
            reading = read(body.strip(), unsaid)
        except PayloadError as error:
            return Numbers([], [Complaint("", str(error))], gone)
        return Numbers(reading.snapshots, reading.complaints, gone)


AnyPoller = PlatformPoller[Any]


async def _nothing() -> AsyncIterator[list[Post]]:
    none: tuple[list[Post], ...] = ()
    for page in none:
        yield page
