"""5,000 posts in one campaign: links and records by the API, a fortnight of counts by ClickHouse itself."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench.stack import BenchError
from deploy.local.stack.settings import Stack

POSTS: Final = 5_000
CAMPAIGN: Final = "everything"
DOMAIN: Final = "large.example"
DAYS: Final = 14
_CHANNELS: Final = ("linkedin", "x", "email", "instagram", "facebook", "search")
_PROFILES: Final = 4
_AT_ONCE: Final = 64
_COUNTED_WITHIN_S: Final = 120.0
_TEXT: Final = "five lessons from a year of pots and what we would do with the next one"
_WORDS: Final = tuple(_TEXT.split())
# Of a post's number n, by hashes: from dozens to thousands of impressions a day, CTR from 0 to 4 %, quiet nights.
_COUNTS: Final = f"""
INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)
SETTINGS insert_deduplicate = 0
SELECT 0, concat('{DOMAIN}/p', toString(n)), at, 'human', if(clicked, '', 'platform'),
       if(clicked, toInt64(shown * (intHash64(n + 7) % 400) / 10000), 0), if(clicked, 0, toInt64(shown))
FROM
(
    SELECT number % {POSTS} AS n, intDiv(number, {POSTS}) AS slot,
           toStartOfHour(now()) - toIntervalHour(6 * (slot % {DAYS * 4})) AS at,
           slot >= {DAYS * 4} AS clicked,
           exp(2 + (intHash64(n) % 500) / 100) * (1 + intHash64(n * 1000 + slot % {DAYS * 4}) % 100 / 100) AS shown
    FROM numbers({POSTS * DAYS * 4 * 2})
)
"""


def token_of(stack: Stack, account: str) -> str:
    """A token that reads and writes links and reads reports, of an account or of all."""
    roles = ("links:read", "links:write", "reports:read")
    arguments = ["tokens", "create", f"bench {account}", *(f"--role={role}" for role in roles), "--days", "1"]
    made = subprocess.run(
        [sys.executable, "-m", "console", *arguments, *([f"--account={account}"] if account else [])],
        env=stack.environment(stack.directory),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise BenchError(f"no token was made: {made.stderr[-1000:]}")
    return made.stdout.strip()


async def fill(stack: Stack, bearer: str, *, account: str, tell: Callable[[str], None]) -> None:
    """Links, posts' records and counts, until the report has all of them."""
    headers = {"Authorization": f"Bearer {bearer}"}
    async with aiohttp.ClientSession(stack.console_url, headers=headers) as session:
        tell(f"{POSTS:,} links by bulk")
        await _bulk(session)
        tell(f"{POSTS:,} posts' records")
        for start in range(0, POSTS, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, POSTS))
            await asyncio.gather(*(_record(session, number, account) for number in some))
        tell("their counts")
        await _count(stack)
        await _until_counted(session)


def _labels(number: int) -> dict[str, str]:
    channel = _CHANNELS[number % len(_CHANNELS)]
    return {"channel": channel, "post": f"post-{number}", "profile": f"{channel} {number % _PROFILES + 1}"}


async def _bulk(session: aiohttp.ClientSession) -> None:
    lines = (
        {
            "domain": DOMAIN,
            "slug": f"p{number}",
            "destination": f"https://shop.example/{number}",
            "campaign": CAMPAIGN,
            **_labels(number),
        }
        for number in range(POSTS)
    )
    content = "".join(f"{json.dumps(line)}\n" for line in lines)
    async with session.post(
        "/v1/links/bulk", data=content.encode(), headers={"Content-Type": "application/x-ndjson"}
    ) as answer:
        refused = [line async for line in answer.content if b'"status":201' not in line]
    if answer.status != 200 or refused:
        raise BenchError(f"links were refused: {answer.status} {refused[:1]!r}")


async def _count(stack: Stack) -> None:
    url = f"http://{stack.local.host}:{stack.local.clickhouse_port}/"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, params={"database": stack.run.database}, data=_COUNTS) as answer,
    ):
        if answer.status != 200:
            raise BenchError(f"ClickHouse refused the counts: {(await answer.text())[:1000]}")


async def _record(session: aiohttp.ClientSession, number: int, account: str) -> None:
    labels = _labels(number)
    published = datetime.now(UTC) - timedelta(hours=number % (DAYS * 24))
    start = number % len(_WORDS)
    body: dict[str, Any] = {
        "text": f"{number}: {' '.join((*_WORDS[start:], *_WORDS[:start]))}",
        "profile": labels["profile"],
        "published_at": f"{published:%Y-%m-%dT%H:%M:00Z}",
    }
    path = f"/v1/campaigns/{CAMPAIGN}/posts/{labels['channel']}/{labels['post']}"
    async with session.patch(path, params={"account": account}, json=body) as answer:
        if answer.status >= 300:
            raise BenchError(f"a record was refused: {answer.status} {(await answer.text())[:500]}")


async def _until_counted(session: aiohttp.ClientSession) -> None:
    rows = 0
    try:
        async with asyncio.timeout(_COUNTED_WITHIN_S):
            while rows < POSTS:
                query = {"campaign": CAMPAIGN, "limit": "100000"}
                async with session.get("/v1/reports/posts", params=query) as answer:
                    rows = len((await answer.json())["rows"]) if answer.status == 200 else rows
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise BenchError(f"of {POSTS} posts {rows} are in the report") from error
