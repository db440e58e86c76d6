"""Hands changes to the console that writes, as they came, and its answers back."""

from collections.abc import AsyncIterator
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from console.api.election import Election
from console.api.metrics import ApiMetrics
from console.api.operations import FORWARDED, end_to_end
from console.api.problems import Problem, unavailable

_CONNECT_S: Final = 2.0
_CHUNK_BYTES: Final = 64 * 1024


class Forwarding:
    """The way to the writer on another console."""

    def __init__(
        self, client: aiohttp.ClientSession, election: Election, metrics: ApiMetrics, *, within_s: float
    ) -> None:
        self._client: Final = client
        self._election: Final = election
        self._metrics: Final = metrics
        self._within_s: Final = within_s

    async def hand_over(self, request: web.Request, content: bytes) -> web.Response:
        """The writer's answer to a request with this body. Raises Problem."""
        try:
            async with self._client.request(
                request.method,
                self._url(request),
                data=_once(content),
                headers=self._headers(request),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._within_s, sock_connect=_CONNECT_S),
            ) as answer:
                body = await answer.read()
                self._metrics.forwarded.labels("answered").inc()
                return web.Response(status=answer.status, body=body, headers=end_to_end(answer.headers))
        except aiohttp.ClientConnectorError as error:
            self._metrics.forwarded.labels("failed").inc()
            raise unavailable("the console that writes cannot be reached: send it again") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._metrics.forwarded.labels("failed").inc()
            raise _unknown(
                "the console that writes did not say whether it was done: read it, or send it again with the same"
                " Idempotency-Key"
            ) from error

    async def hand_over_lines(self, request: web.Request) -> web.StreamResponse:
        """A stream to the writer, and its stream back, both as they come. Raises Problem before the first byte."""

        async def lines() -> AsyncIterator[bytes]:
            async for chunk in request.content.iter_chunked(_CHUNK_BYTES):
                yield chunk

        response = web.StreamResponse()
        try:
            async with self._client.request(
                request.method,
                self._url(request),
                data=lines(),
                headers=self._headers(request),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            ) as answer:
                response.set_status(answer.status)
                response.headers.update(end_to_end(answer.headers))
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            self._metrics.forwarded.labels("failed").inc()
            if response.prepared:
                raise ConnectionResetError("the console that writes broke off") from error
            if isinstance(error, aiohttp.ClientConnectorError):
                raise unavailable("the console that writes cannot be reached: send it again") from error
            raise _unknown(
                "the console that writes did not say which lines were done: send all again, what was done is not"
                " done twice"
            ) from error
        self._metrics.forwarded.labels("answered").inc()
        await response.write_eof()
        return response

    def _url(self, request: web.Request) -> URL:
        base = self._election.writer_url
        if not base:
            raise unavailable("no console is known to write at the moment: send it again")
        return URL(base.rstrip("/") + request.raw_path, encoded=True)

    def _headers(self, request: web.Request) -> dict[str, str]:
        return end_to_end(request.headers) | {FORWARDED: "1"}


async def _once(content: bytes) -> AsyncIterator[bytes]:
    """A body that cannot be read again: aiohttp's client sends others anew with a DELETE whose connection broke,
    and who is told of the second one does not hear of the first.
    """
    if content:
        yield content


def _unknown(detail: str) -> Problem:
    return Problem("unknown-outcome", detail, headers=(("Retry-After", "1"),))
