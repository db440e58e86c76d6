"""What is fetched from Amazon for SNS: certificates, each once, and the confirmation of a subscription.

Certificates are kept for as long as the process lives. A stranger who names others cannot make us ask more often
than now and then.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp
from cryptography.x509 import Certificate, load_pem_x509_certificate

from schemas.errors import TransientError

TIMEOUT_S: Final = 5.0
ANSWER_MAX_BYTES: Final = 64 * 1024
CERTIFICATES_KEPT: Final = 16
FETCHES_A_MINUTE: Final = 10

_MINUTE_MS: Final = 60_000
_OK: Final = 200
_log: Final = logging.getLogger(__name__)


class Amazon:
    """Asks Amazon, seldom. `new_session` makes an HTTP client; tests give one that finds Amazon elsewhere."""

    def __init__(self, new_session: Callable[[], aiohttp.ClientSession] | None = None) -> None:
        self._new_session: Final = new_session or aiohttp.ClientSession
        self._certificates: Final[dict[str, Certificate]] = {}
        self._fetches_ms: list[int] = []
        self._fetching: Final = asyncio.Lock()

    async def certificate(self, url: str, now_ms: int) -> Certificate:
        """The certificate at a checked address. Raises TransientError when it is not to be had now."""
        if url in self._certificates:
            return self._certificates[url]
        async with self._fetching:
            if url in self._certificates:
                return self._certificates[url]
            text = await self._fetch(url, now_ms)
            try:
                certificate = load_pem_x509_certificate(text)
            except ValueError as error:
                raise TransientError(f"{url} is no certificate") from error
            if len(self._certificates) >= CERTIFICATES_KEPT:
                del self._certificates[next(iter(self._certificates))]
            self._certificates[url] = certificate
            return certificate

    async def confirm(self, url: str, now_ms: int) -> None:
        """Confirm a subscription at a checked address. Raises TransientError when that cannot be done now."""
        async with self._fetching:
            await self._fetch(url, now_ms)
        _log.info("a subscription of SNS was confirmed")

    async def _fetch(self, url: str, now_ms: int) -> bytes:
        self._fetches_ms = [at_ms for at_ms in self._fetches_ms if 0 <= now_ms - at_ms < _MINUTE_MS]
        if len(self._fetches_ms) >= FETCHES_A_MINUTE:
            raise TransientError(f"Amazon was asked {FETCHES_A_MINUTE} times in a minute: send it again later")
        self._fetches_ms.append(now_ms)
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._new_session() as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                content = await answer.content.read(ANSWER_MAX_BYTES + 1)
                while len(content) <= ANSWER_MAX_BYTES and (more := await answer.content.read(ANSWER_MAX_BYTES)):
                    content += more
                if answer.status != _OK or len(content) > ANSWER_MAX_BYTES:
                    raise TransientError(f"Amazon answered {answer.status}, {len(content)} bytes")
                return content
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransientError(f"Amazon does not answer: {type(error).__name__}") from error
