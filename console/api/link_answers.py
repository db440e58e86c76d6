"""What can be asked about one link: where it would lead somebody, and its QR code."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from console.api.judge import Judge, NoVerdictError
from console.api.led_to import AnswerQuery, AnswerView, CountedAs, answer_of
from console.api.link_operations import LinkOperations
from console.api.link_urls import link_url
from console.api.operations import JSON, MERGE_PATCH, Answer, Operation, body_of, file_of, json_answer, query_of
from console.api.qr_code import LOGO_MEDIA, QrQuery, draw
from console.api.wire import LinkPatch
from schemas.links import Link

SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
_IN_A_PATH: Final = "/~!$&'()*+,;=:@-._"
_ONLY_A_PICTURE: Final = "default-src 'none'; img-src data:; sandbox"


class LinkAnswers:
    """Answers about links, on this console."""

    def __init__(
        self,
        links: LinkOperations,
        threads: Executor,
        judge: Judge,
        *,
        scan_parameter: str,
        opt_out_parameter: str,
        urls: Mapping[str, str],
    ) -> None:
        """`urls`: as `read_link_urls` gives them."""
        self._links: Final = links
        self._threads: Final = threads
        self._judge: Final = judge
        self._scan_parameter: Final = scan_parameter
        self._opt_out_parameter: Final = opt_out_parameter
        self._urls: Final = urls

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Where somebody would be led, and as what it would be counted."""
        return await self._answer(request, await self._links.link(request))

    async def answer_with(self, request: web.Request) -> web.StreamResponse:
        """The same by the link with the changes in the body."""
        body, _ = await body_of(request, LinkPatch, (MERGE_PATCH, JSON))
        return await self._answer(request, await self._links.link_with(request, body))

    async def _answer(self, request: web.Request, link: Link) -> web.StreamResponse:
        query = query_of(request, AnswerQuery)
        view = answer_of(
            link,
            query,
            time.time_ns() // 1_000_000,
            scan_parameter=self._scan_parameter,
            opt_out_parameter=self._opt_out_parameter,
        )
        if view.counted_as is not None:
            counted_as = await self._judged(query, view.counted_as)
            view = msgspec.structs.replace(view, counted_as=counted_as)
        return json_answer(view)

    async def _judged(self, query: AnswerQuery, counted_as: CountedAs) -> CountedAs:
        try:
            verdict = await self._judge.verdict(ua=query.ua, purpose=query.purpose, network=query.network)
        except NoVerdictError as error:
            return msgspec.structs.replace(counted_as, unjudged=str(error))
        return msgspec.structs.replace(
            counted_as, traffic_class=verdict.traffic_class, reason=verdict.reason, rules=verdict.rules
        )

    async def code(self, request: web.Request) -> web.StreamResponse:
        """The link's QR code; with a body, that is the logo in its middle."""
        look = query_of(request, QrQuery)
        link = await self._links.link(request)
        logo = await file_of(request, LOGO_MEDIA) if request.method == "POST" else b""
        text = self.address(link)
        picture = await asyncio.get_running_loop().run_in_executor(self._threads, lambda: draw(text, look, logo))
        return web.Response(
            body=picture,
            content_type=SVG if look.format == "svg" else PNG,
            headers={"Content-Security-Policy": _ONLY_A_PICTURE},
        )

    def address(self, link: Link) -> str:
        """What the code says: the link's URL with the mark of a scan."""
        mark = f"?{quote(self._scan_parameter)}=1" if self._scan_parameter else ""
        return f"{link_url(link.domain, self._urls)}/{quote(link.slug, safe=_IN_A_PATH)}{mark}"


def link_answer_operations(answers: LinkAnswers) -> tuple[Operation, ...]:
    """The table of what can be asked about one link."""
    link_path = "/v1/links/{domain}/{slug:[^/]*}"
    picture = {200: Answer(meaning="the picture", media=(SVG, PNG))}
    return (
        Operation(
            name="testLink",
            method="GET",
            path=f"{link_path}/answer",
            role="links:read",
            summary="Where a link would lead somebody, by which rule, and as what it would be counted",
            act=answers.answer,
            query=AnswerQuery,
            answers={200: Answer(meaning="what a redirector would answer", kind=AnswerView)},
            problems=("not-found",),
            about="Nothing is counted, and no redirector is asked. The class is that of the rules that count, by"
            " what the request says of itself; that a click repeats another, or is one of too many, is found among"
            " the clicks as they come, and cannot be foretold.",
        ),
        Operation(
            name="testEdits",
            method="POST",
            path=f"{link_path}/answer",
            role="links:read",
            summary="The same, if the link had what the body says: before it is saved",
            act=answers.answer_with,
            query=AnswerQuery,
            body=LinkPatch,
            body_media=(MERGE_PATCH, JSON),
            answers={200: Answer(meaning="what a redirector would answer", kind=AnswerView)},
            problems=("not-found", "invalid"),
            about="Nothing is changed and nothing is counted. What a change would be refused for is answered 422.",
        ),
        Operation(
            name="drawCode",
            method="GET",
            path=f"{link_path}/qr",
            role="links:read",
            summary="The QR code of a link, whose scans are told apart",
            act=answers.code,
            query=QrQuery,
            answers=picture,
            problems=("not-found",),
        ),
        Operation(
            name="drawCodeWithLogo",
            method="POST",
            path=f"{link_path}/qr",
            role="links:read",
            summary="The same with a logo in its middle, which is the body",
            act=answers.code,
            query=QrQuery,
            file_media=LOGO_MEDIA,
            answers=picture,
            problems=("not-found", "invalid"),
        ),
    )
