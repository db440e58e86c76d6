"""A request's body: all of it, unpacked, within limits, or the reason why it is none."""

import asyncio
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http import HttpVersion11

from redirector.serve.body_errors import BodyError
from redirector.serve.codings import coding_of, decoded, too_large

CLIENT_GONE: Final = 499  # nobody reads it; nginx's number


async def read_body(request: web.BaseRequest, max_body_bytes: int, timeout_s: float) -> bytes:
    """The whole body. A part of it is never returned: what was cut short is no body.

    `max_body_bytes` holds for what is sent and for what it unpacks to. Raises BodyError when it is too long,
    broken, in a coding that is not understood, or does not come.
    """
    coding = coding_of(request.headers.getall("Content-Encoding", ()))
    try:
        await _expect(request, max_body_bytes)
        async with asyncio.timeout(timeout_s):
            body = await _read_all(request, max_body_bytes)
    except web.RequestPayloadError as error:
        raise BodyError(f"the body cannot be read: {error}") from error
    except ConnectionError as error:
        raise BodyError("the client left before the body was whole", CLIENT_GONE) from error
    except TimeoutError as error:
        raise BodyError("the body took too long to arrive", HTTPStatus.REQUEST_TIMEOUT) from error
    return decoded(body, coding, max_body_bytes)


async def _expect(request: web.BaseRequest, max_body_bytes: int) -> None:
    """Ask a client that waits for it to go on with the body. Raises BodyError when there is no need to."""
    length = request.content_length
    if length is not None and length > max_body_bytes:
        raise too_large(max_body_bytes)
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
            raise too_large(max_body_bytes)
        parts.append(part)
    return b"".join(parts)
