"""Whether this host's redirector answers with a change already: it is asked, by HEAD, which counts no click."""

import asyncio
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from console.api.metrics import ApiMetrics
from schemas.links import Link
from schemas.rules import EARLY, EXPIRED
from schemas.ways import ways_of

_ASK_EVERY_S: Final = 0.02
_ANSWER_S: Final = 1.0
_IN_A_PATH: Final = "/~!$&'()*+,;=:@-._"


class Redirector:
    """A redirector of this host."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        url: str,
        *,
        refresh_s: float,
        within_s: float,
        metrics: ApiMetrics,
    ) -> None:
        """`refresh_s`: how much longer its other processes may take. Without a `url` nobody is asked."""
        self._client: Final = client
        self._url: Final = url.rstrip("/")
        self._refresh_s: Final = refresh_s
        self._within_s: Final = within_s
        self._metrics: Final = metrics

    async def serves(self, key: str, link: Link | None) -> bool | None:
        """Wait until the link of this name is answered as `link` says, or not at all; False when it takes too long.

        None where nobody is asked.
        """
        if not self._url:
            return None
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._within_s):
                while not await self._answers(key, link):  # noqa: ASYNC110 - asks another process
                    await asyncio.sleep(_ASK_EVERY_S)
                await asyncio.sleep(self._refresh_s)
        except TimeoutError:
            self._metrics.not_served.inc()
            return False
        self._metrics.served_seconds.observe(time.monotonic() - began)
        return True

    async def _answers(self, key: str, link: Link | None) -> bool:
        domain, _, slug = key.partition("/")
        url = URL(f"{self._url}/{quote(slug, safe=_IN_A_PATH)}", encoded=True)
        try:
            async with self._client.head(
                url,
                headers={"Host": domain},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_ANSWER_S),
            ) as answer:
                return is_answer_of(link, answer.status, answer.headers.get("Location", ""), time.time() * 1000)
        except (aiohttp.ClientError, OSError):
            return False


def is_answer_of(link: Link | None, status: int, location: str, now_ms: float) -> bool:
    """Whether a redirector that knows `link`, or knows that there is none, answers so.

    Which of several destinations it chose makes no difference.
    """
    if link is None:
        return status == HTTPStatus.NOT_FOUND
    if status == HTTPStatus.LOOP_DETECTED:
        return True
    ways, starts_at_ms = ways_of(link), link.said.starts_at_ms
    if link.expires_at_ms is not None and link.expires_at_ms <= now_ms:
        possible, otherwise = {EXPIRED}, HTTPStatus.GONE
    elif starts_at_ms is not None and now_ms < starts_at_ms:
        possible, otherwise = {EARLY}, HTTPStatus.NOT_FOUND
    else:
        possible, otherwise = ways.keys() - {EARLY, EXPIRED}, HTTPStatus.NOT_FOUND
    answers = {(ways[number].status, ways[number].to.url) for number in possible & ways.keys()}
    return (status, location) in answers if answers else status == otherwise
