"""All accounts from round to round: one that fails stops no other, what is wrong is said once."""

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner

from console.__main__ import app
from console.impressions.topic import ImpressionTopic
from console.poll.accounts import read_accounts
from console.poll.client import Waits
from console.poll.metrics import PollMetrics
from console.poll.platforms.known import Maker
from console.poll.rounds import Result
from console.poll.running import Changes
from console.poll.service import Pollers, WarnOnce, World
from console.poll.settings import PollSettings
from console.poll.state import Post, State
from console.poll.wanted import Unaskable, Wanted
from schemas.snapshots import Snapshot
from tests.platform_servers.server import TOKEN, Fault
from tests.platform_servers.x import XServer
from tests.unit.console.poll.polling import HOUR_MS, START_MS, START_S, Clock, SomeLinks

POST, OTHER = "1900000000000000001", "1900000000000000002"
TWO = f'x = [{{name = "first", token = "expired"}}, {{name = "second", token = "{TOKEN}"}}]'


class Topic:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[Snapshot] = []

    async def put(self, snapshots: Sequence[Snapshot]) -> AsyncIterator[int]:
        self.sent.extend(snapshots)
        yield len(snapshots)


class Service:
    """The pollers of some accounts of X."""

    def __init__(self, pollers: Pollers, topic: Topic, registry: CollectorRegistry, warned: list[str]) -> None:
        self.pollers = pollers
        self.topic = topic
        self.registry = registry
        self.warned = warned
        self.clock: Clock

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"clicktally_poll_{name}", labels)


@contextlib.asynccontextmanager
async def service(server: XServer, accounts: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with TestServer(server.app()) as running, aiohttp.ClientSession() as session:
        settings = PollSettings.load(
            {
                "CLICKTALLY_POLL_X_URL": str(running.make_url("")),
                "CLICKTALLY_POLL_STATE_FILE": str(tmp_path / "poll.sqlite3"),
            }
        )
        clock, registry, topic, warned = Clock(), CollectorRegistry(), Topic(), list[str]()
        metrics, once = PollMetrics(registry), WarnOnce(warned.append)
        maker = Maker(session, settings, metrics, Waits(now=clock.now, sleep=clock.sleep), once)
        made = Service(
            Pollers(
                read_accounts(accounts, "accounts.toml"),
                settings,
                maker=maker,
                metrics=metrics,
                topic=cast(ImpressionTopic, topic),
                warn=once,
            ),
            topic,
            registry,
            warned,
        )
        made.clock = clock
        yield made


def world(*posts: tuple[str, str]) -> World:
    wanted = [Wanted(Post(id=post, published_ms=START_MS - HOUR_MS), (owner,)) for post, owner in posts]
    return World(links=SomeLinks(), wanted={"x": wanted})


async def test_an_expired_token_stops_its_account_alone(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {POST: 5, OTHER: 6}
    async with service(server, TWO, tmp_path) as running:
        running.clock.now_s += 60
        results = await running.pollers.round(world((POST, "first"), (OTHER, "second")))
    assert {name: result.state for (_, name), result in results.items()} == {"first": "token", "second": "ok"}
    assert [one.post for one in running.topic.sent] == [OTHER]
    assert running.value("accounts", platform="x", state="token") == 1
    assert running.value("accounts", platform="x", state="ok") == 1
    assert running.value("last_success_timestamp_seconds", platform="x") == START_S + 60


async def test_a_platform_of_which_every_account_fails_has_no_success(tmp_path: Path) -> None:
    server = XServer()
    server.faults = [Fault(403, {"title": "Client Forbidden"})]
    async with service(server, f'x = [{{name = "a", token = "{TOKEN}"}}]', tmp_path) as running:
        await running.pollers.round(world((POST, "")))
    assert running.value("accounts", platform="x", state="failing") == 1
    assert running.value("last_success_timestamp_seconds", platform="x") is None


async def test_a_token_file_that_is_not_there_is_the_trouble_of_its_account(tmp_path: Path) -> None:
    server = XServer()
    server.posts = {POST: 5}
    token = tmp_path / "token"
    async with service(server, f"x = [{{name = 'a', token_file = '{token}'}}]", tmp_path) as running:
        (result,) = (await running.pollers.round(world((POST, "")))).values()
        assert result.state == "token"
        assert str(token) in result.error
        token.write_text(TOKEN)
        (result,) = (await running.pollers.round(world((POST, "")))).values()
        assert result.state == "ok"


async def test_posts_that_cannot_be_asked_for_are_told_once(tmp_path: Path) -> None:
    unaskable = {"x": [Unaskable("nothing", "X has no such ids"), Unaskable("nor this", "X has no such ids")]}
    async with service(XServer(), f'x = [{{name = "a", token = "{TOKEN}"}}]', tmp_path) as running:
        for _ in range(2):
            await running.pollers.round(World(links=SomeLinks(), unaskable=unaskable))
    assert running.warned == ["x: 2 posts cannot be asked for, such as nothing, nor this: X has no such ids"]


def test_trouble_is_logged_when_it_begins_changes_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "console.poll.running")
    changes, key = Changes(), ("x", "a")
    for error in ("", "one", "one", "two", "", ""):
        changes.tell({key: Result(state="failing" if error else "ok", error=error)})
    assert [record.getMessage() for record in caplog.records] == [
        "x a is failing: one",
        "x a is failing: two",
        "x a works again",
    ]


def test_a_state_file_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    with pytest.raises(OSError, match=r"CLICKTALLY_POLL_STATE_FILE .*/s cannot be used"):
        State(tmp_path / "s", "x", "a")
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(OSError, match="cannot be used"):
        State(tmp_path / "text", "x", "a")


@pytest.mark.parametrize(
    ("arguments", "environment", "why"),
    [
        (["myspace"], {}, "there is no poller for 'myspace'"),
        ([], {}, "there is no account of any platform"),
        (["linkedin"], {"CLICKTALLY_POLL_ACCOUNTS": TWO}, "there is no account of linkedin"),
        (
            ["--posts", __file__],
            {"CLICKTALLY_POLL_ACCOUNTS": TWO + "\ntiktok = [{name='a', token='t'}]"},
            "name the",
        ),
        ([], {"CLICKTALLY_POLL_ACCOUNTS_FILE": "/nowhere.toml"}, "/nowhere.toml"),
        ([], {"CLICKTALLY_POLL_ACCOUNTS": "x = [{name = 'a'}]"}, "needs token or token_file"),
    ],
)
def test_what_is_missing_or_wrong_is_told_before_anybody_is_asked(
    arguments: list[str], environment: dict[str, Any], why: str
) -> None:
    done = CliRunner().invoke(app, ["poll", "--once", *arguments], env={"COLUMNS": "400", **environment})
    assert done.exit_code == 2
    assert why in done.output
    assert TOKEN not in done.output
