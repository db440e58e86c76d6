"""`clicktally poll` as an operator runs it: platforms on this machine, the real Kafka."""

import asyncio
import contextlib
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiohttp.test_utils import TestServer

from console.link_topic import LinkTopic
from deploy.local.ports import free_port
from deploy.local.processes import Kafka
from schemas.links import Link
from schemas.snapshots import Snapshot
from tests.integration.shared_topics import snapshots_sent
from tests.platform_servers.linkedin import LinkedInServer
from tests.platform_servers.server import TOKEN
from tests.platform_servers.x import XServer

EXPIRED = "expired-and-never-shown"


@contextlib.asynccontextmanager
async def platforms(
    kafka: Kafka, x: XServer, linkedin: LinkedInServer, tmp_path: Path
) -> AsyncIterator[dict[str, str]]:
    """X and LinkedIn; the environment of a poller of theirs."""
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(
        f'[[x]]\nname = "acme"\ntoken = "{TOKEN}"\n[[x]]\nname = "late"\ntoken = "{EXPIRED}"\n'
        f'[[linkedin]]\nname = "page"\norganization = "111"\ntoken = "{TOKEN}"\n'
    )
    async with TestServer(x.app()) as x_runs, TestServer(linkedin.app()) as linkedin_runs:
        yield {
            **os.environ,
            "COLUMNS": "200",
            "CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "CLICKTALLY_POLL_ACCOUNTS_FILE": str(accounts),
            "CLICKTALLY_POLL_STATE_FILE": str(tmp_path / "poll.sqlite3"),
            "CLICKTALLY_POLL_X_URL": str(x_runs.make_url("")),
            "CLICKTALLY_POLL_LINKEDIN_URL": str(linkedin_runs.make_url("")),
        }


async def poll(environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console", "poll", *arguments),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode, out.decode(), errors.decode()


async def sent(kafka: Kafka, domain: str) -> list[Snapshot]:
    """The snapshots of links of this domain."""
    under_it = await snapshots_sent(kafka, lambda record: (record.key or b"").startswith(domain.encode()))
    return [one.snapshot for one in under_it]


async def test_posts_of_links_are_polled_into_the_topic_under_their_links_once_and_as_a_service(
    broker: Kafka, tmp_path: Path
) -> None:
    domain = f"{uuid.uuid4().hex}.example"
    # As X numbers posts: the time in milliseconds since its epoch, and 22 bits; this one is of an hour ago.
    post = str((int(time.time() * 1000) - 3_600_000 - 1_288_834_974_657) << 22)
    share = "urn:li:share:7000000000000000001"
    async with LinkTopic(broker.bootstrap) as topic:
        for link in (
            Link(domain=domain, slug="x", destination="https://example.com", post_id=post, channel="x"),
            Link(
                domain=domain,
                slug="late",
                destination="https://example.com",
                post_url=f"https://x.com/late/status/{int(post) + 1}",
                profile="late",
            ),
            Link(domain=domain, slug="in", destination="https://example.com", post_id=share),
        ):
            await topic.put(link)
        await topic.flush()
    x, linkedin = XServer(), LinkedInServer()
    x.posts, linkedin.posts = {post: 42}, {share: 900}
    async with platforms(broker, x, linkedin, tmp_path) as environment:
        status, planned, _ = await poll(environment, "--plan")
        assert (status, x.requests, linkedin.requests) == (0, [], []), "a plan asks nobody"
        assert "0.29" in planned, "dollars of the one post of the first account"

        before_ms = int(time.time() * 1000)
        status, table, errors = await poll(environment, "--once")
        assert status == 1, "an account failed"
        assert "x late: its token is not taken" in errors
        assert EXPIRED not in table + errors
        assert TOKEN not in table + errors
        snapshots = {one.link: one for one in await sent(broker, domain)}
        assert {link: (one.total, one.source) for link, one in snapshots.items()} == {
            f"{domain}/x": (42, "poll/x"),
            f"{domain}/in": (900, "poll/linkedin"),
        }
        assert all(one.observed_ms >= before_ms for one in snapshots.values())

        requests_before = len(x.requests)
        await poll(environment, "x", "--once")
        assert len(x.requests) == requests_before + 1, "only the account whose post has no number yet asks again"

        port = free_port()
        service = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "console", "poll", "linkedin"),
            env={
                **environment,
                "CLICKTALLY_POLL_METRICS_PORT": str(port),
                "CLICKTALLY_POLL_STATE_FILE": str(tmp_path / "another.sqlite3"),
            },
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            metrics = await _ready(port)
        finally:
            service.send_signal(signal.SIGTERM)
            _, logged = await service.communicate()
    assert service.returncode == 0
    assert logged == b"", "a round that works is quiet"
    assert 'clicktally_poll_accounts{platform="linkedin",state="ok"} 1.0' in metrics
    assert 'clicktally_poll_posts_total{outcome="counted",platform="linkedin"} 1.0' in metrics
    assert len(await sent(broker, domain)) == 3, "another poller's, which changes no count"


async def _ready(port: int) -> str:
    """What the service exports once its first round is over."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.ok:
                        break
            await asyncio.sleep(0.1)
        async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
            return await answer.text()
