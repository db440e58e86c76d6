"""The first links and the first counted click."""

import asyncio
import time
from http import HTTPStatus
from typing import Final

import aiohttp
from clickhouse_connect.driver.asyncclient import AsyncClient

from deploy.local.stack.settings import Stack
from schemas.clickhouse.client import clickhouse_errors

DOMAIN: Final = "localhost"
SLUG: Final = "hello"
BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

_POLL_S: Final = 0.02


async def has_links(client: AsyncClient) -> bool:
    """Whether the demo's links were imported before."""
    with clickhouse_errors():
        count = await client.command(
            "SELECT count() FROM links FINAL WHERE domain = {domain:String} AND NOT deleted",
            parameters={"domain": DOMAIN},
        )
    return bool(count)


async def click(stack: Stack) -> float:
    """Wait until the demo link is served, follow it once; returns when it was answered (monotonic seconds)."""
    headers = {"Host": f"{DOMAIN}:{stack.run.port}", "User-Agent": BROWSER}
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{stack.base_url}/{SLUG}", headers=headers, allow_redirects=False) as answer:
                if answer.status == HTTPStatus.FOUND:
                    return time.monotonic()
            await asyncio.sleep(_POLL_S)


async def clicks(client: AsyncClient) -> int:
    """How many clicks of the demo link ctr_1m shows."""
    with clickhouse_errors():
        return int(
            str(
                await client.command(
                    "SELECT sum(gross_clicks) FROM ctr_1m WHERE link = {link:String}",
                    parameters={"link": f"{DOMAIN}/{SLUG}"},
                )
            )
        )


async def count_a_click(stack: Stack, client: AsyncClient) -> tuple[int, float]:
    """Follow the demo link and wait until the click is counted: how many there are, and the seconds it took."""
    before = await clicks(client)
    answered_at = await click(stack)
    while (counted := await clicks(client)) <= before:  # noqa: ASYNC110 - asks another process
        await asyncio.sleep(_POLL_S)
    return counted, time.monotonic() - answered_at
