"""Rounds of all accounts, once or again and again. Accounts go on by themselves: what stops one stops no other."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from console.impressions.known_links import KnownLinks
from console.impressions.topic import ImpressionTopic
from console.link_snapshot import LinkSnapshot
from console.poll.accounts import Account, AccountsError
from console.poll.metrics import ACCOUNT_STATES, PollMetrics
from console.poll.platforms.asking import AnyPoller
from console.poll.platforms.known import Maker
from console.poll.rounds import Result, Round
from console.poll.schedule import Schedule
from console.poll.settings import PollSettings
from console.poll.state import Post, State
from console.poll.wanted import Unaskable, Wanted, posts_of_file, posts_of_links
from console.settings import ConsoleSettings
from schemas.matching import Links
from schemas.snapshots import Snapshot

logger = logging.getLogger(__name__)

_COMPLAINTS_SHOWN: Final = 5
_LOGGED_MOST: Final = 10_000

Accounts = Mapping[str, Sequence[Account]]
Progress = Callable[[str, int, int], None]


class WarnOnce:
    """Says a thing once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say: Final = say
        self._logged: set[str] = set()

    def __call__(self, text: str) -> None:
        """Say it, unless it was said."""
        if text not in self._logged:
            if len(self._logged) >= _LOGGED_MOST:
                self._logged.clear()
            self._logged.add(text)
            self._say(text)


@dataclass(kw_only=True)
class World:
    """What the links tell at the beginning of a round: which posts there are, and which link a post carries."""

    links: Links
    wanted: Mapping[str, Sequence[Wanted]] = field(default_factory=dict)
    unaskable: Mapping[str, Sequence[Unaskable]] = field(default_factory=dict)


@contextlib.asynccontextmanager
async def world_of(
    console: ConsoleSettings, platforms: Iterable[str], posts_file: Path | None
) -> AsyncIterator[World]:
    """Read the links that exist. Raises TransientError, and OSError and ValueError of a file of posts."""
    async with LinkSnapshot.taken(console) as snapshot:
        naming = [] if posts_file else [link for link in snapshot.links() if link.post_id or link.post_url]
        wanted: dict[str, list[Wanted]] = {}
        unaskable: dict[str, list[Unaskable]] = {}
        for platform in platforms:
            if platform == "google-ads":
                continue
            named = posts_of_links(naming, platform) if posts_file is None else posts_of_file(posts_file, platform)
            for one in named:
                if isinstance(one, Wanted):
                    wanted.setdefault(platform, []).append(one)
                else:
                    unaskable.setdefault(platform, []).append(one)
        yield World(links=KnownLinks(snapshot), wanted=wanted, unaskable=unaskable)


def shared_out(wanted: Iterable[Wanted], accounts: Sequence[Account]) -> dict[str, list[Post]]:
    """The posts by the account that asks for them: whose name, profile or account the link has; else the first."""
    shares: dict[str, list[Post]] = {account.name: [] for account in accounts}
    for one in wanted:
        owners = set(filter(None, one.owners))
        owner = next(
            (account for account in accounts if owners & {account.name, account.profile, account.account}),
            accounts[0],
        )
        shares[owner.name].append(one.post)
    return shares


class Pollers:
    """All accounts, from round to round."""

    def __init__(
        self,
        accounts: Accounts,
        settings: PollSettings,
        *,
        maker: Maker,
        metrics: PollMetrics,
        topic: ImpressionTopic,
        warn: WarnOnce,
    ) -> None:
        self._accounts: Final = accounts
        self._settings: Final = settings
        self._schedule: Final = Schedule.of(settings.schedule)
        self._maker: Final = maker
        self._metrics: Final = metrics
        self._topic: Final = topic
        self._sending: Final = asyncio.Lock()
        self._warn: Final = warn
        self._pollers: Final[dict[tuple[str, str], AnyPoller]] = {}

    async def round(
        self, world: World, progress: Progress = lambda _name, _done, _of: None
    ) -> dict[tuple[str, str], Result]:
        """A round of all accounts at once, by platform and name. Raises TransientError when Kafka takes nothing."""
        names: list[tuple[str, str]] = []
        rounds = []
        for platform, accounts in self._accounts.items():
            self._tell_unaskable(platform, world.unaskable.get(platform, ()))
            shares = shared_out(world.wanted.get(platform, ()), accounts)
            for account in accounts:
                names.append((platform, account.name))
                rounds.append(self._round(platform, account, world.links, shares[account.name], progress))
        done: list[Result | BaseException] = await asyncio.gather(*rounds, return_exceptions=True)
        results = {}
        for name, result in zip(names, done, strict=True):
            if isinstance(result, BaseException):
                raise result
            results[name] = result
        self._measure(results)
        return results

    async def _round(
        self, platform: str, account: Account, links: Links, wanted: Sequence[Post], progress: Progress
    ) -> Result:
        key, shown = (platform, account.name), f"{platform} {account.name}"
        try:
            if key not in self._pollers:
                self._pollers[key] = self._maker.poller(platform, account)
            else:
                self._maker.renew_token(self._pollers[key])
        except AccountsError as error:
            return Result(state="token", error=str(error))
        poller = self._pollers[key]
        with State(self._settings.state_file, platform, account.name) as state:
            one = Round(
                poller,
                state,
                self._schedule,
                links=links,
                send=self._send,
                metrics=self._metrics,
                progress=lambda done, of: progress(shown, done, of),
            )
            result = await one.run(wanted)
        for complaint in result.complaints[:_COMPLAINTS_SHOWN]:
            self._warn(f"{shown}: {complaint}")
        if result.state == "ok":
            self._metrics.succeeded.labels(platform).set(poller.client.waits.now())
        return result

    async def _send(self, snapshots: Sequence[Snapshot]) -> None:
        async with self._sending:
            async for _ in self._topic.put(snapshots):
                pass

    def _tell_unaskable(self, platform: str, posts: Sequence[Unaskable]) -> None:
        if posts:
            few = ", ".join(post.name for post in posts[:3])
            self._warn(f"{platform}: {len(posts)} posts cannot be asked for, such as {few}: {posts[0].advice}")

    def _measure(self, results: Mapping[tuple[str, str], Result]) -> None:
        for platform in self._accounts:
            states = [result.state for (name, _), result in results.items() if name == platform]
            for state in ACCOUNT_STATES:
                self._metrics.accounts.labels(platform, state).set(states.count(state))
