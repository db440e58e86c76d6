"""A request's body: all of it, within limits, or the reason why it is none."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion11

CLIENT_GONE: Final = 499  # nobody reads it; nginx's number


class BodyError(ValueError):
    """The body as a whole cannot be read; the message says why. `status` is HTTP's for it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status: Final = status


async def read_body(request: web.BaseRequest, max_body_bytes: int, timeout_s: float) -> bytes:
    """The whole body. Raises BodyError when it is too long, broken, or does not come."""
    try:
        await _expect(request, max_body_bytes)
        async with asyncio.timeout(timeout_s):
            return await _read_all(request, max_body_bytes)
    except web.RequestPayloadError as error:
        raise BodyError(f"the body cannot be read: {error}") from error
    except ConnectionError as error:
        raise BodyError("the client left before the body was whole", CLIENT_GONE) from error
    except TimeoutError as error:
        raise BodyError("the body took too long to arrive", HTTPStatus.REQUEST_TIMEOUT) from error


async def _expect(request: web.BaseRequest, max_body_bytes: int) -> None:
    """Ask a client that waits for it to go on with the body. Raises BodyError when there is no need to."""
    length = request.content_length
    if length is not None and length > max_body_bytes:
        raise _too_large(max_body_bytes)
    expect = request.headers.get("Expect", "").strip().lower()
    if not expect or request.version < HttpVersion11:
        return
    if expect != "100-continue":
        raise BodyError(f"Expect: {expect} is nothing we can do; 100-continue is", 417)
    if not request.content.is_eof() and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _read_all(request: web.BaseRequest, max_body_bytes: int) -> bytes:
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > max_body_bytes:
            raise _too_large(max_body_bytes)
        parts.append(part)
    return b"".join(parts)


def _too_large(max_body_bytes: int) -> BodyError:
    return BodyError(f"the body is longer than the {max_body_bytes} bytes that are taken: split it", 413)
