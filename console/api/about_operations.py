"""The operations that tell about the API: its description, a page that draws it, what each problem means."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web

from console.api.openapi import description
from console.api.operations import JSON, Act, Answer, Operation
from console.api.problems import TYPES, Problem, about_problem

_PAGES: Final = Path(__file__).with_name("pages")
_OWN_FILES_ONLY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_MEDIA: Final = {"api.html": "text/html", "api.css": "text/css", "api.js": "text/javascript"}


class ProblemMeaning(msgspec.Struct, frozen=True):
    """What a type of problem means."""

    type: str
    title: str
    status: int


def about_operations(others: Iterable[Operation]) -> tuple[Operation, ...]:
    """For the API of the `others`; they are part of what they describe."""

    async def openapi(_: web.Request) -> web.StreamResponse:
        return web.Response(body=document, content_type=JSON)

    async def problem(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in TYPES:
            raise Problem("not-found", f"there are problems of the types {', '.join(TYPES)}")
        status, title = about_problem(name)
        meaning = ProblemMeaning(f"/problems/{name}", title, status)
        return web.Response(body=msgspec.json.encode(meaning), content_type=JSON)

    own = (
        _page_operation(
            "describeApi", "/v1/openapi.json", "This description", openapi, Answer(meaning="OpenAPI 3.1")
        ),
        _page_operation(
            "describeProblem",
            "/problems/{name}",
            "What a type of problem means",
            problem,
            Answer(meaning="its title and status", kind=ProblemMeaning),
            problems=("not-found",),
        ),
        *(
            _page_operation(
                f"page{name.partition('.')[2].capitalize()}",
                "/docs" if name == "api.html" else f"/docs/{name}",
                "A page that draws this description",
                _file(name),
                Answer(meaning="a file of the page", media=(_MEDIA[name],)),
            )
            for name in _MEDIA
        ),
    )
    document: Final = msgspec.json.encode(description((*others, *own)))
    return own


def _page_operation(
    name: str,
    path: str,
    summary: str,
    act: Act,
    answer: Answer,
    *,
    problems: tuple[str, ...] = (),
) -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=path,
        role=None,
        summary=summary,
        act=act,
        answers={200: answer},
        problems=problems,
    )


def _file(name: str) -> Act:
    content = (_PAGES / name).read_bytes()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=content,
            content_type=_MEDIA[name],
            charset="utf-8",
            headers={"Content-Security-Policy": _OWN_FILES_ONLY},
        )

    return answer
