"""Fills a running stack: links, campaigns and posts by the API, totals at the door for snapshots, clicks of the
past as another producer sends them into Kafka, for serve stamps its own clicks now (docs/contracts/producers.md),
clicks of now by HTTP.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2

from deploy.local.demo.cast import CAMPAIGNS, DAY_MS, DOMAIN, HOUR_MS, Post, cast
from deploy.local.demo.traffic import BOTS, BROWSERS, clicks, lines, told
from deploy.local.stack.settings import Stack
from schemas.topics import CLICKS

_A_RECORD: Final = 500
_NOW_CLICKS: Final = 40
_UNKNOWN: Final = ("sprng-sale", "spring", "launch", "wp-login.php", "field-guide.pdf", "sprng-sale")
_WITHIN_S: Final = 60.0
_LOOK_S: Final = 0.2


class DemoError(Exception):
    """The demo cannot be filled; the message says what to do."""


async def is_filled(session: aiohttp.ClientSession, stack: Stack) -> bool:
    """Whether an earlier run made the demo's campaigns."""
    path = f"{stack.console_url}/v1/campaigns/{quote(CAMPAIGNS[0].name)}"
    async with session.get(path) as answer:
        return answer.status == HTTPStatus.OK


async def fill(
    stack: Stack, session: aiohttp.ClientSession, *, seed: int, days: int, now_ms: int, tell: Callable[[str], None]
) -> dict[str, int]:
    """Everything, in half a minute; how much of each. `session` shows a token for all of it. Raises DemoError."""
    start_ms = (now_ms - days * DAY_MS) // HOUR_MS * HOUR_MS
    posts = cast(seed, start_ms, days)
    tell(f"{len(posts)} links, {len(CAMPAIGNS)} campaigns and their posts")
    await _make(session, stack, posts)
    await _until_served(session, stack, posts[-1])
    tell("what platforms said, every six hours")
    totals = 0
    for rows in told(posts, start_ms, now_ms):
        totals += await _tell_totals(session, stack, rows)
    tell("clicks of the past, as another producer sends them")
    rng = random.Random(seed)  # noqa: S311 - a story, no secret
    past = [clicks(post, rng, now_ms) for post in posts]
    sent = await _send_clicks(stack, past, spool=f"demo-{seed}-{start_ms // HOUR_MS}")
    tell("clicks of now")
    await _click_now(session, stack, posts, rng)
    await _until_counted(session, stack, sent + _NOW_CLICKS, since_ms=start_ms)
    return {
        "links": len(posts),
        "totals": totals,
        "clicks": sent,
        "clicks_now": _NOW_CLICKS,
        "unknown": len(_UNKNOWN),
    }


async def _make(session: aiohttp.ClientSession, stack: Stack, posts: Sequence[Post]) -> None:
    content = b"\n".join(json.dumps(_line(post)).encode() for post in posts)
    media = {"Content-Type": "application/x-ndjson"}
    async with session.post(f"{stack.console_url}/v1/links/bulk", data=content, headers=media) as answer:
        text = await answer.text()
    wrong = [line for line in text.splitlines() if json.loads(line)["status"] not in (200, 201)]
    if answer.status != HTTPStatus.OK or wrong:
        raise DemoError(f"the links were not taken: {(wrong or [text])[0]}")
    for campaign in CAMPAIGNS:
        body = {"aim": campaign.aim, "state": campaign.state, "note": campaign.note}
        await _patch(session, f"{stack.console_url}/v1/campaigns/{quote(campaign.name)}", body)
    for post in posts:
        path = f"/v1/campaigns/{quote(post.campaign)}/posts/{post.channel.name}/{quote(post.name, safe='')}"
        body = {"text": post.text, "profile": post.profile, "published_at": _iso(post.published_ms)}
        await _patch(session, f"{stack.console_url}{path}", body)


def _line(post: Post) -> dict[str, Any]:
    return {
        "domain": DOMAIN,
        "slug": post.slug,
        "destination": f"https://example.com/{post.slug}",
        "title": post.name,
        "campaign": post.campaign,
        "post": post.name,
        "channel": post.channel.name,
        "profile": post.profile,
        "experiment": post.experiment,
        "variant": post.variant,
        "aim": post.aim,
        "published_at": _iso(post.published_ms),
    }


async def _patch(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
    async with session.patch(url, json=body) as answer:
        if answer.status not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            raise DemoError(f"{url}: {answer.status} {await answer.text()}")


async def _until_served(session: aiohttp.ClientSession, stack: Stack, post: Post) -> None:
    """By HEAD, which is no click."""
    async with asyncio.timeout(_WITHIN_S):
        while True:
            url, host = f"{stack.base_url}/{post.slug}", {"Host": DOMAIN}
            async with session.head(url, headers=host, allow_redirects=False) as answer:
                if answer.status == HTTPStatus.FOUND:
                    return
            await asyncio.sleep(_LOOK_S)


async def _tell_totals(session: aiohttp.ClientSession, stack: Stack, rows: Sequence[dict[str, Any]]) -> int:
    url = f"{stack.base_url}/v1/snapshots/rows"
    async with session.post(url, json=rows, headers={"Host": DOMAIN}) as answer:
        said = await answer.json(content_type=None)
    if answer.status != HTTPStatus.ACCEPTED or said["accepted"] != len(rows):
        raise DemoError(f"totals were not taken: {answer.status} {said}")
    return len(rows)


async def _send_clicks(stack: Stack, past: Iterable[Sequence[dict[str, Any]]], *, spool: str) -> int:
    """The clicks of each link, in a spool of the demo's own: what is sent twice is counted once."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.bootstrap_servers, enable_idempotence=True, acks="all")
    await producer.start()
    seq, last_in = 0, dict[int, int]()
    try:
        partitions = len(await producer.partitions_for(CLICKS))
        for every in past:
            key = every[0]["link"].encode() if every else b""
            partition = (murmur2(key) & 0x7FFFFFFF) % partitions
            for some in (every[at : at + _A_RECORD] for at in range(0, len(every), _A_RECORD)):
                numbers = {"first": seq + 1, "last": seq + len(some), "prev": last_in.get(partition, 0)}
                headers = [("spool", spool.encode()), *((name, b"%d" % one) for name, one in numbers.items())]
                await producer.send_and_wait(
                    CLICKS, lines(some, seq + 1), key=key, partition=partition, headers=headers
                )
                seq += len(some)
                last_in[partition] = seq
    finally:
        await producer.stop()
    return seq


async def _click_now(
    session: aiohttp.ClientSession, stack: Stack, posts: Sequence[Post], rng: random.Random
) -> None:
    """Through the redirector, as anybody: people, previews, and slugs that there are not."""
    paths = [rng.choice(posts).slug for _ in range(_NOW_CLICKS)] + list(_UNKNOWN)
    for number, path in enumerate(paths):
        agent = rng.choice(BOTS if number % 8 == 0 else BROWSERS)
        headers = {"Host": DOMAIN, "User-Agent": agent, "Authorization": ""}
        async with session.get(f"{stack.base_url}/{path}", headers=headers, allow_redirects=False) as answer:
            await answer.read()


async def _until_counted(session: aiohttp.ClientSession, stack: Stack, clicks_sent: int, *, since_ms: int) -> None:
    """Until the report has all of the demo's clicks."""
    names = {campaign.name for campaign in CAMPAIGNS}
    query = {"since": _iso(since_ms - DAY_MS), "until": _iso(time.time_ns() // 1_000_000 + HOUR_MS)}
    counted = 0
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        async with session.get(f"{stack.console_url}/v1/reports/campaigns", params=query) as answer:
            if answer.status == HTTPStatus.OK:
                rows = (await answer.json())["rows"]
                counted = sum(row["gross_clicks"] for row in rows if row["campaign"] in names)
                if counted >= clicks_sent:
                    return
        await asyncio.sleep(_LOOK_S)
    raise DemoError(f"of {clicks_sent} clicks {counted} are counted after {_WITHIN_S:.0f} s: see the stream's log")


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()
