"""Take in a whole HTTP request, whatever form its body has."""

from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web
from multidict import MultiDict

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.reading import Call

_FORM: Final = "multipart/form-data"


async def received(request: web.Request, version: str) -> Call:
    """Wait for the whole request: fields of a form are parameters, its files are tables.

    Raises:
        StatementError: a form that cannot be read.
    """
    query = MultiDict(request.query)
    if request.content_type != _FORM:
        return Call(request.method, request.headers, query, await request.read())
    files: dict[str, bytes] = {}
    try:
        async for part in await request.multipart():
            await _take(part, query, files)
    except ValueError as error:
        message = f"the form cannot be read: {error}"
        raise raised(errors.BAD_ARGUMENTS, message, "BAD_ARGUMENTS", version) from error
    return Call(request.method, request.headers, query, b"", files)


async def _take(
    part: MultipartReader | BodyPartReader | None, query: MultiDict[str], files: dict[str, bytes]
) -> None:
    if not isinstance(part, BodyPartReader):
        raise ValueError("a form in a form")  # noqa: TRY004 - the client's mistake, not ours
    name, rows = part.name or "", bytes(await part.read(decode=True))
    if part.filename is None:
        query.add(name, rows.decode())
    else:
        files[name] = rows
