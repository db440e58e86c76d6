"""Take in a whole HTTP request, whatever form its body has."""

from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web
from multidict import MultiDict

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.reading import Call

_FORM: Final = "multipart/form-data"


async def received(request: web.Request, version: str, most_bytes: int | None) -> Call:
    """Wait for the whole request: fields of a form are parameters, its files are tables.

    Raises:
        StatementError: a form that cannot be read, a body of more than `most_bytes`; None: it may have any length.
    """
    limited = request if most_bytes is None else request.clone(client_max_size=most_bytes)
    try:
        return await _received(limited, most_bytes)
    except web.HTTPRequestEntityTooLarge as error:
        message = f"a request of this user may have a body of {most_bytes} bytes, this one is longer"
        raise raised(errors.QUERY_IS_TOO_LARGE, message, "QUERY_IS_TOO_LARGE", version) from error
    except ValueError as error:
        message = f"the form cannot be read: {error}"
        raise raised(errors.BAD_ARGUMENTS, message, "BAD_ARGUMENTS", version) from error


async def _received(request: web.BaseRequest, most_bytes: int | None) -> Call:
    query = MultiDict(request.query)
    if request.content_type != _FORM:
        return Call(request.method, request.headers, query, await request.read(), most_bytes=most_bytes)
    files: dict[str, bytes] = {}
    all_bytes = 0
    async for part in await request.multipart():
        all_bytes += await _take(part, query, files)
        if most_bytes is not None and all_bytes > most_bytes:
            raise web.HTTPRequestEntityTooLarge(most_bytes)
    return Call(request.method, request.headers, query, files=files, most_bytes=most_bytes)


async def _take(
    part: MultipartReader | BodyPartReader | None, query: MultiDict[str], files: dict[str, bytes]
) -> int:
    """Its bytes."""
    if not isinstance(part, BodyPartReader):
        raise ValueError("a form in a form")  # noqa: TRY004 - the client's mistake, not ours
    name, rows = part.name or "", bytes(await part.read(decode=True))
    if part.filename is None:
        query.add(name, rows.decode())
    else:
        files[name] = rows
    return len(rows)
