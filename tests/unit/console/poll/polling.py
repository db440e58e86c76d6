"""An account that polls a platform of this machine, at a time of the test's own."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from console.poll.accounts import KINDS
from console.poll.client import Waits
from console.poll.metrics import PollMetrics
from console.poll.platforms.asking import AnyPoller
from console.poll.platforms.known import Maker
from console.poll.rounds import Result, Round
from console.poll.schedule import Schedule
from console.poll.settings import PollSettings
from console.poll.state import Post, State
from schemas.snapshots import Snapshot
from tests.platform_servers.server import TOKEN, PlatformServer

START = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
START_S = START.timestamp()
START_MS = int(START_S * 1000)
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now_s = START_S
        self.slept: list[float] = []

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


class SomeLinks:
    """Links by name, and those that posts are named by."""

    def __init__(self, *names: str, posts: dict[str, str] | None = None) -> None:
        self.names = names
        self.posts = posts or {}

    def has(self, key: str) -> bool:
        return key in self.names

    def of_post(self, keys: Sequence[str]) -> str:
        return next((self.posts[key] for key in keys if key in self.posts), "")


class Polling:
    """The account, what it sent and what it said."""

    def __init__(self, poller: AnyPoller, clock: Clock, registry: CollectorRegistry, state_file: Path) -> None:
        self.poller = poller
        self.clock = clock
        self.registry = registry
        self.metrics: PollMetrics
        self.maker: Maker
        self.state_file = state_file
        self.schedule = Schedule.of(poller.settings.schedule)
        self.links = SomeLinks()
        self.sent: list[Snapshot] = []
        self.warned: list[str] = []

    async def round(self, *posts: Post | str) -> Result:
        """One round that wants these posts."""
        wanted = [
            Post(id=post, published_ms=START_MS - HOUR_MS) if isinstance(post, str) else post for post in posts
        ]
        with self.state() as state:
            one = Round(self.poller, state, self.schedule, links=self.links, send=self._send, metrics=self.metrics)
            return await one.run(wanted)

    def state(self) -> State:
        """What was asked when."""
        return State(self.state_file, self.poller.platform, self.poller.account.name)

    def totals(self) -> dict[str, int]:
        """The newest total sent of each post."""
        return {one.post: one.total for one in self.sent}

    def count(self, name: str, **labels: str) -> float:
        """A counter's value."""
        return self.registry.get_sample_value(f"clicktally_poll_{name}_total", labels) or 0.0

    async def _send(self, snapshots: Sequence[Snapshot]) -> None:
        self.sent.extend(snapshots)


@contextlib.asynccontextmanager
async def polling(
    server: PlatformServer, platform: str, tmp_path: Path, account: dict[str, Any] | None = None, **settings: str
) -> AsyncIterator[Polling]:
    """An account of a platform that is on this machine."""
    async with TestServer(server.app()) as running, aiohttp.ClientSession() as session:
        base = str(running.make_url("")).rstrip("/")
        urls = {f"CLICKTALLY_POLL_{platform.upper().replace('-', '_')}_URL": base}
        if platform == "google-ads":
            urls["CLICKTALLY_POLL_GOOGLE_TOKEN_URL"] = f"{base}/token"
        configured = PollSettings.load(
            {**urls, **{f"CLICKTALLY_POLL_{name.upper()}": value for name, value in settings.items()}}
        )
        clock, registry = Clock(), CollectorRegistry()
        metrics = PollMetrics(registry)
        warned: list[str] = []
        waits = Waits(now=clock.now, sleep=clock.sleep, longest_s=configured.longest_wait_s)
        maker = Maker(session, configured, metrics, waits, warned.append)
        fields = account or {}
        if "token_file" not in fields and platform != "google-ads":
            fields = {"token": TOKEN, **fields}
        poller = maker.poller(platform, KINDS[platform].model_validate({"name": "acme", **fields}))
        made = Polling(poller, clock, registry, tmp_path / "poll.sqlite3")
        made.metrics, made.maker, made.warned = metrics, maker, warned
        yield made
