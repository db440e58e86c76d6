"""What the API can do, as a table: routes, roles and the OpenAPI description all follow from it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin

import msgspec
from aiohttp import hdrs, web

from console.api.callers import Caller
from console.api.problems import Problem, pointer_in
from schemas.tokens import Role

Method = Literal["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
Access = Role | Literal["any"]
"""The role that an operation needs; any: whoever is known."""
Kind = TypeVar("Kind", bound=msgspec.Struct)

CALLER: Final = web.RequestKey("caller", Caller)
BODY_WITHIN_S: Final = web.AppKey("body_within_s", float)
"""How long a body may take to arrive."""

Act = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What answers a request. Raises Problem."""

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
MERGE_PATCH: Final = "application/merge-patch+json"
CSV: Final = "text/csv"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of an operation: a type's JSON, or lines, or text; nothing where there is no type and no media."""

    meaning: str
    kind: Any = None
    media: tuple[str, ...] = (JSON,)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One thing that can be done.

    `problems` are the names of those it may end in, beside what any request may. `headers` are those that a request
    may have, with their meaning. `file_media`: the body is a file of one of these. `changes`: only the writer can
    do it. `shared`: who opened a share may ask it, whatever the role, and is told what lies in the share's scope.
    `compares`: so may who opened one of a comparison, and is told of its sides.
    """

    name: str
    method: Method
    path: str
    role: Access | None
    summary: str
    act: Act
    answers: Mapping[int, Answer]
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    body_media: tuple[str, ...] = (JSON,)
    file_media: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    changes: bool = False
    shared: bool = False
    compares: bool = False
    about: str = ""


def query_of(request: web.Request, kind: type[Kind]) -> Kind:
    """The query's parameters. Raises Problem for one that is unknown, twice there and no list, or no value."""
    given: dict[str, str | list[str]] = {}
    lists = {one.encode_name for one in msgspec.structs.fields(kind) if _is_list(one.type)}
    for name, value in request.query.items():
        if name in lists:
            given[name] = [*given.get(name, ()), value]
            continue
        if name in given:
            raise Problem("bad-request", f"{name} is given twice: once is enough", parameter=name)
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        message = str(error)
        named = pointer_in(message).strip("/")
        if not named and "`" in message:
            named = message.split("`")[1]
        raise Problem("bad-request", f"{message}: correct this parameter", parameter=named) from error


def _is_list(kind: Any) -> bool:
    return get_origin(get_args(kind)[0] if get_origin(kind) is Annotated else kind) is list


async def body_of(request: web.Request, kind: type[Kind], media: tuple[str, ...] = (JSON,)) -> tuple[Kind, bytes]:
    """The body, decoded and as it came. Raises Problem."""
    content = await file_of(request, media)
    return decoded(content, kind), content


async def file_of(request: web.Request, media: tuple[str, ...]) -> bytes:
    """The body as it came. Raises Problem."""
    if request.content_type not in media:
        raise Problem(
            "unsupported-media-type", f"send the body as {' or '.join(media)}, and say so in Content-Type"
        )
    try:
        async with asyncio.timeout(request.app[BODY_WITHIN_S]):
            return await request.read()
    except web.RequestPayloadError as error:
        raise Problem("bad-request", f"the body cannot be read: {error}") from error
    except TimeoutError as error:
        raise Problem("timeout", "the body took too long to arrive") from error


def decoded(content: bytes | bytearray, kind: type[Kind]) -> Kind:
    """JSON as a type. Raises Problem."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        message = str(error)
        raise Problem("invalid", f"{message}: correct this value", pointer=pointer_in(message)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("bad-request", f"this is no JSON: {error}") from error


def json_answer(
    value: object, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A value as JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(value), content_type=JSON, headers=dict(headers or {})
    )


def compress(request: web.Request, response: web.StreamResponse) -> None:
    """Let a large JSON answer travel compressed, for who takes that: rows of reports become a tenth.

    Answers to GET alone, none of which holds a secret: a compressed length tells of the content. One with
    an ETag stays as it is, which is of its bytes.
    """
    if request.method != "GET" or not isinstance(response, web.Response) or response.content_type != JSON:
        return
    if "ETag" in response.headers or not isinstance(response.body, bytes):
        return
    response.headers["Vary"] = "Accept-Encoding"
    if len(response.body) >= _COMPRESSED_FROM_BYTES:
        response.enable_compression()


_COMPRESSED_FROM_BYTES: Final = 4096
FORWARDED: Final = "Clicktally-Forwarded"
OFFSET: Final = "Clicktally-Offsets"
_HOP: Final = frozenset(
    name.lower()
    for name in (
        *(
            hdrs.CONNECTION,
            hdrs.KEEP_ALIVE,
            hdrs.PROXY_AUTHENTICATE,
            hdrs.PROXY_AUTHORIZATION,
            hdrs.TE,
            hdrs.TRAILER,
        ),
        *(hdrs.TRANSFER_ENCODING, hdrs.UPGRADE, hdrs.HOST, hdrs.CONTENT_LENGTH, hdrs.CONTENT_ENCODING, hdrs.EXPECT),
    )
)
"""Headers of one connection, or of one coding of a body, which the next one says anew."""


def end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that go on to another console, or come back from it."""
    return {name: value for name, value in headers.items() if name.lower() not in _HOP}
