"""Send an answer: short ones whole and with their length, long ones while the query runs."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from deploy.local.clickhouse.encoders import Encoder
from deploy.local.clickhouse.errors import StatementError

# Answers up to this size have a length, a summary and a proper status; a client may ask for more (buffer_size).
BUFFER_BYTES: Final = 1 << 20
_MOST_IN_MEMORY_BYTES: Final = 16 << 20
_CONTENT_TYPES: Final = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNames": "text/tab-separated-values; charset=UTF-8",
    "TabSeparatedWithNamesAndTypes": "text/tab-separated-values; charset=UTF-8",
    "Pretty": "text/plain; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one answer is sent; ``describe`` gives its headers once all is known that they say."""

    request: web.Request
    encoder: Encoder
    describe: Callable[[], dict[str, str]]
    summary: Callable[[], str]
    buffer_bytes: int = BUFFER_BYTES
    whole: bool = False

    async def send(self, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
        """Send the pieces.

        Raises:
            StatementError: the query failed before anything was sent.
        """
        with tempfile.SpooledTemporaryFile(max_size=min(self.buffer_bytes, _MOST_IN_MEMORY_BYTES)) as held:
            async for piece in pieces:
                held.write(piece)
                if held.tell() > self.buffer_bytes and not self.whole:
                    return await self._stream(held, pieces)
            return await self._whole(held)

    async def _whole(self, held: "tempfile.SpooledTemporaryFile[bytes]") -> web.StreamResponse:
        headers = self._headers(coded=held.tell() > 0)
        headers["X-ClickHouse-Summary"] = self.summary()
        if held.tell() <= BUFFER_BYTES:
            held.seek(0)
            return web.Response(body=held.read(), headers=headers)
        headers["Content-Length"] = str(held.tell())
        response = web.StreamResponse(headers=headers)
        await response.prepare(self.request)
        await _copy(held, response)
        await response.write_eof()
        return response

    async def _stream(
        self, held: "tempfile.SpooledTemporaryFile[bytes]", rest: AsyncIterator[bytes]
    ) -> web.StreamResponse:
        tag = secrets.token_hex(8)
        response = web.StreamResponse(headers={**self._headers(coded=True), "X-ClickHouse-Exception-Tag": tag})
        await response.prepare(self.request)
        try:
            await _copy(held, response)
            async for piece in rest:
                await response.write(piece)
        except StatementError as error:
            # The status is long gone: a server appends the error between marks that the client knows, and breaks
            # the transfer off, so that nobody takes what came for all there is.
            text = error.text + "\n"
            marked = f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n"
            await response.write(self.encoder.encode(marked.encode()) + self.encoder.finish())
            if self.request.transport is not None:
                self.request.transport.close()
            return response
        await response.write_eof()
        return response

    def _headers(self, *, coded: bool) -> dict[str, str]:
        headers = self.describe()
        headers["Content-Type"] = _CONTENT_TYPES.get(
            headers.get("X-ClickHouse-Format", ""), "application/octet-stream"
        )
        if coded and self.encoder.http_coding:
            headers["Content-Encoding"] = self.encoder.http_coding
        return headers


async def _copy(held: "tempfile.SpooledTemporaryFile[bytes]", response: web.StreamResponse) -> None:
    held.seek(0)
    while piece := held.read(BUFFER_BYTES):
        await response.write(piece)
