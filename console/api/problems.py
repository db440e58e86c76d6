"""What is wrong, where, and what to do: problem details (RFC 9457), the one form of every error."""

import re
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

CONTENT_TYPE: Final = "application/problem+json"

_MEANINGS: Final = {
    "bad-request": (400, "The request cannot be understood"),
    "unauthorized": (401, "Nobody is known by this token"),
    "share-ended": (401, "This share has ended"),
    "forbidden": (403, "The token may not do this"),
    "not-found": (404, "There is nothing by this name"),
    "method-not-allowed": (405, "This cannot be done here"),
    "timeout": (408, "The request took too long to arrive"),
    "exists": (409, "There is one already"),
    "precondition-failed": (412, "It was changed meanwhile"),
    "too-large": (413, "The request is too large"),
    "unsupported-media-type": (415, "The body is not of a kind that is read here"),
    "invalid": (422, "A value cannot be taken"),
    "key-reused": (422, "The Idempotency-Key was used for something else"),
    "too-many-requests": (429, "Too many requests"),
    "failed": (500, "A fault of ours"),
    "unavailable": (503, "Not possible at the moment"),
    "unknown-outcome": (503, "Whether it was done is not known"),
}
"""The status and title of each type of problem."""
_PLACE: Final = re.compile(r"at `\$((?:\.\w+|\[[\d.]+\])+)`")
TYPES: Final = tuple(_MEANINGS)


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as it is sent."""

    type: Annotated[str, Meta(description="which kind of problem: /problems/ and its name")]
    title: Annotated[str, Meta(description="what the kind means, always the same")]
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: Annotated[str, Meta(description="what is wrong here, and what to do")]
    pointer: Annotated[str, Meta(description="the field that is meant, as a JSON pointer (RFC 6901)")] = ""
    parameter: Annotated[str, Meta(description="the parameter of the query, or the header, that is meant")] = ""


class Problem(Exception):  # noqa: N818 - as the RFC calls it
    """Ends a request. `name` is one of TYPES; `headers` go with the answer."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        pointer: str = "",
        parameter: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(detail)
        status, title = _MEANINGS[name]
        self.name: Final = name
        self.status: Final = status
        self.headers: Final = headers
        self.details: Final = ProblemDetails(
            type=f"/problems/{name}",
            title=title,
            status=status,
            detail=detail,
            pointer=pointer,
            parameter=parameter,
        )

    def response(self) -> web.Response:
        """As aiohttp sends it."""
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(self.details),
            content_type=CONTENT_TYPE,
            headers=dict(self.headers),
        )


def about_problem(name: str) -> tuple[int, str]:
    """The status and title of a type of problem."""
    return _MEANINGS[name]


def problem_of(error: web.HTTPException) -> Problem:
    """What aiohttp says of a request by itself, in this form."""
    if error.status == HTTPStatus.NOT_FOUND:
        return Problem("not-found", "there is nothing at this address: /v1/openapi.json lists what there is")
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = error.headers.get("Allow", "")
        return Problem("method-not-allowed", f"only {allowed} can be done here", headers=(("Allow", allowed),))
    if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return Problem("too-large", "the body is larger than is read here: send less at once")
    return Problem("bad-request", error.reason)


def unavailable(detail: str, retry_after_s: int = 1) -> Problem:
    """The problem of a request that may be sent again as it is, after so many seconds."""
    return Problem("unavailable", detail, headers=(("Retry-After", str(retry_after_s)),))


def pointer_in(message: str) -> str:
    """The place that a message of msgspec names, `$.tags[3]` say, as a JSON pointer."""
    place = _PLACE.search(message)
    if place is None:
        return ""
    return re.sub(r"[.\[]", "/", place[1].replace("[...]", "")).replace("]", "")
