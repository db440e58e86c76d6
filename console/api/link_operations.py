"""The operations on links."""

import asyncio
import io
import time
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta
from itertools import islice
from typing import Final, Literal, TypeVar

import msgspec
from aiohttp import web

from console.api.bulk import bulk
from console.api.changes import Create, Delete, Patch, Restore, Situation, existing, link_with
from console.api.changing import IDEMPOTENCY_KEY, Changing
from console.api.deciding import PendingView
from console.api.following import TopicFollower
from console.api.index import Index
from console.api.link_search import LinkSearch
from console.api.link_views import etag_of, time_of, view_of
from console.api.operations import (
    CALLER,
    CSV,
    JSON,
    MERGE_PATCH,
    NDJSON,
    Answer,
    Operation,
    body_of,
    json_answer,
    query_of,
)
from console.api.policy import Policy
from console.api.problems import Problem, unavailable
from console.api.records import DELETED_PREFIX, DeletedLink
from console.api.settings import ApiSettings
from console.api.wire import (
    BulkAnswer,
    BulkLine,
    DeletedLinkView,
    DeletedPage,
    DeletedQuery,
    ExportQuery,
    LinkPage,
    LinkPatch,
    LinkView,
    ListQuery,
    NewLink,
)
from console.link_export import write_links
from schemas.links import Link, LinkError, read_domain, slug_of_path

Result = TypeVar("Result")

_IF_MATCH: Final = {"If-Match": "ETag of the state that is to be changed: any other is answered 412"}
_KEY: Final = {
    IDEMPOTENCY_KEY: "any text of up to 255 characters: the same request under the same key is done once"
}
_SERVED: Final = {
    "Clicktally-Served": "yes: this host's redirector answers with it; no: not within the set time (then 202)",
    "Clicktally-Link": "domain/slug, percent-encoded",
}
_ETAG: Final = {"ETag": "names this state of the link, for If-Match"}
_LATER: Final = Answer(
    meaning="durable, and not yet answered by this host's redirector", kind=LinkView, headers=_ETAG | _SERVED
)
_EXPORTED_AT_ONCE: Final = 500


class LinkOperations:
    """What can be done with links, on this console."""

    def __init__(
        self,
        *,
        settings: ApiSettings,
        policy: Policy,
        index: Index,
        changing: Changing,
        followers: dict[str, TopicFollower],
        threads: Executor,
    ) -> None:
        self._settings: Final = settings
        self._policy: Final = policy
        self._index: Final = index
        self._changing: Final = changing
        self._followers: Final = followers
        self._threads: Final = threads
        self._search: Final = LinkSearch(index, within_s=settings.search_within_s)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """A page of links."""
        query = query_of(request, ListQuery)
        account = request[CALLER].account
        page = await self._read(
            lambda: self._search.page(query, account=account, limit=query.limit, cursor=query.cursor)
        )
        return json_answer(LinkPage(links=[view_of(link) for link in page.links], next=page.cursor))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """One new link."""
        body, content = await body_of(request, NewLink)
        change = Create(
            body=body, caller=request[CALLER], policy=self._policy, slug_length=self._settings.slug_length
        )
        return await self._changing.change(request, change, content)

    async def read(self, request: web.Request) -> web.StreamResponse:
        """One link."""
        link = await self.link(request)
        etag = etag_of(link)
        if etag in [one.strip() for one in request.headers.get("If-None-Match", "").split(",")]:
            return web.Response(status=304, headers={"ETag": etag})
        return json_answer(view_of(link), headers={"ETag": etag})

    async def link(self, request: web.Request) -> Link:
        """The link that a path means, as far as the caller may see it. Raises Problem."""
        key, caller = key_of(request), request[CALLER]
        return await self._read(lambda: existing(PendingView(self._index), key, caller))

    async def link_with(self, request: web.Request, body: LinkPatch) -> Link:
        """The link that a path means as it would be with what a body says; nothing is written. Raises Problem."""
        key, caller = key_of(request), request[CALLER]
        view, now_ms = PendingView(self._index), time.time_ns() // 1_000_000
        situation = Situation(caller, self._policy, view, now_ms)
        return await self._read(lambda: link_with(body, existing(view, key, caller), situation))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """A merge patch of one link."""
        body, content = await body_of(request, LinkPatch, (MERGE_PATCH, JSON))
        change = Patch(
            key=key_of(request),
            body=body,
            caller=request[CALLER],
            policy=self._policy,
            if_match=request.headers.get("If-Match", ""),
        )
        return await self._changing.change(request, change, content)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Delete one link."""
        change = Delete(key=key_of(request), caller=request[CALLER], if_match=request.headers.get("If-Match", ""))
        return await self._changing.change(request, change, b"")

    async def restore(self, request: web.Request) -> web.StreamResponse:
        """Bring one deleted link back."""
        change = Restore(key=key_of(request), caller=request[CALLER], policy=self._policy)
        return await self._changing.change(request, change, b"")

    async def deleted(self, request: web.Request) -> web.StreamResponse:
        """A page of deleted links."""
        query, caller = query_of(request, DeletedQuery), request[CALLER]

        def read_page() -> DeletedPage:
            kept: list[DeletedLinkView] = []
            after = f"{DELETED_PREFIX}{query.cursor}" if query.cursor else ""
            while True:
                records = self._index.records(DELETED_PREFIX, after=after, limit=query.limit)
                for key, value in records:
                    after = key
                    one = msgspec.json.decode(value, type=DeletedLink)
                    if caller.speaks_for(one.link.account):
                        kept.append(self._deleted_view(one))
                        if len(kept) == query.limit:
                            return DeletedPage(links=kept, next=after.removeprefix(DELETED_PREFIX))
                if len(records) < query.limit:
                    return DeletedPage(links=kept, next=None)

        return json_answer(await self._read(read_page))

    async def bulk(self, request: web.Request) -> web.StreamResponse:
        """Many links, a line each."""
        return await bulk(
            request,
            self._changing,
            self._policy,
            line_bytes=self._settings.max_body_bytes,
            within_s=self._settings.body_timeout_s,
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Every link that fits, as an import file."""
        query, account = query_of(request, ExportQuery), request[CALLER].account
        links = self._search.all(query, account=account)
        first = await self._read(lambda: list(islice(links, _EXPORTED_AT_ONCE)))
        response = web.StreamResponse(
            headers={
                "Content-Type": f"{CSV}; charset=utf-8" if query.format == "csv" else NDJSON,
                "Content-Disposition": f'attachment; filename="links.{query.format}"',
            }
        )
        await response.prepare(request)
        await response.write(_lines(first, query.format, first=True))
        while part := await self._read(lambda: list(islice(links, _EXPORTED_AT_ONCE))):
            await response.write(_lines(part, query.format, first=False))
        await response.write_eof()
        return response

    def _deleted_view(self, deleted: DeletedLink) -> DeletedLinkView:
        deleted_at = time_of(deleted.deleted_at_ms)
        if deleted_at is None:
            raise Problem("failed", "a deleted link has no time that a calendar has")
        until = deleted_at + timedelta(days=self._settings.deleted_kept_days)
        return DeletedLinkView(deleted_at=deleted_at, restorable_until=until, link=view_of(deleted.link))

    async def _read(self, read: Callable[[], Result]) -> Result:
        """Read the index, in a thread. Raises Problem."""
        if not all(follower.ready for follower in self._followers.values()):
            raise unavailable("the links are being read from Kafka: send it again in a moment", retry_after_s=5)
        return await asyncio.get_running_loop().run_in_executor(self._threads, read)


def key_of(request: web.Request) -> str:
    """The name of the link that a path means. Raises Problem."""
    try:
        domain = read_domain(request.match_info["domain"])
    except LinkError as error:
        raise Problem("not-found", f"there is no such link: {error}") from error
    return f"{domain}/{slug_of_path('/' + request.match_info['slug'])}"


def _lines(links: list[Link], kind: Literal["ndjson", "csv"], *, first: bool) -> bytes:
    """A part of an export; CSV has its header in the first one only."""
    out = io.StringIO(newline="")
    write_links(links, kind, out)
    text = out.getvalue()
    return (text if first or kind == "ndjson" else text.partition("\r\n")[2]).encode()


def link_operations(links: LinkOperations) -> tuple[Operation, ...]:
    """The table of what can be done with links."""
    link_path = "/v1/links/{domain}/{slug:[^/]*}"
    return (
        Operation(
            name="listLinks",
            method="GET",
            path="/v1/links",
            role="links:read",
            summary="List and search links, the latest made first",
            act=links.list,
            query=ListQuery,
            answers={200: Answer(meaning="a page of links", kind=LinkPage)},
        ),
        Operation(
            name="createLink",
            method="POST",
            path="/v1/links",
            role="links:write",
            summary="Make a link, with a slug of your own or one that is made up",
            act=links.create,
            body=NewLink,
            headers=_KEY,
            answers={
                201: Answer(
                    meaning="made, and answered by this host's redirector, where one is asked",
                    kind=LinkView,
                    headers=_ETAG | _SERVED | {"Location": "path of the link in this API"},
                ),
                202: _LATER,
            },
            problems=("exists", "invalid", "key-reused", "unknown-outcome"),
            changes=True,
        ),
        Operation(
            name="bulkLinks",
            method="POST",
            path="/v1/links/bulk",
            role="links:write",
            summary="Make, change and delete many links, a line of JSON each, answered by a line each",
            act=links.bulk,
            body=BulkLine,
            body_media=(NDJSON,),
            answers={
                200: Answer(
                    meaning="a line for each line, in order, once it is durable", kind=BulkAnswer, media=(NDJSON,)
                )
            },
            problems=("unknown-outcome",),
            changes=True,
            about="A line that is sent again changes nothing. Answers come while the body is sent: a client need"
            " not read them before it is done.",
        ),
        Operation(
            name="exportLinks",
            method="GET",
            path="/v1/links/export",
            role="links:read",
            summary="All links that fit, as a file that can be imported",
            act=links.export,
            query=ExportQuery,
            answers={200: Answer(meaning="a line each, as the columns of an import file", media=(NDJSON, CSV))},
        ),
        Operation(
            name="readLink",
            method="GET",
            path=link_path,
            role="links:read",
            summary="Read a link",
            act=links.read,
            headers={"If-None-Match": "ETag of the state that is known: the same is answered 304"},
            answers={
                200: Answer(meaning="the link", kind=LinkView, headers=_ETAG),
                304: Answer(meaning="it is in the state that is known", media=(), headers=_ETAG),
            },
            problems=("not-found",),
        ),
        Operation(
            name="changeLink",
            method="PATCH",
            path=link_path,
            role="links:write",
            summary="Change what the body names of a link; archive it, or fetch it back",
            act=links.change,
            body=LinkPatch,
            body_media=(MERGE_PATCH, JSON),
            headers=_IF_MATCH | _KEY,
            answers={200: Answer(meaning="as it is now", kind=LinkView, headers=_ETAG | _SERVED), 202: _LATER},
            problems=("not-found", "precondition-failed", "invalid", "key-reused", "unknown-outcome"),
            changes=True,
        ),
        Operation(
            name="deleteLink",
            method="DELETE",
            path=link_path,
            role="links:write",
            summary="Delete a link; it can be restored for a while",
            act=links.delete,
            headers=_IF_MATCH | _KEY,
            answers={
                204: Answer(meaning="deleted", media=(), headers=_SERVED),
                202: Answer(meaning=_LATER.meaning, media=(), headers=_SERVED),
            },
            problems=("not-found", "precondition-failed", "key-reused", "unknown-outcome"),
            changes=True,
        ),
        Operation(
            name="restoreLink",
            method="POST",
            path=f"{link_path}/restore",
            role="links:write",
            summary="Bring a deleted link back as it was",
            act=links.restore,
            headers=_KEY,
            answers={200: Answer(meaning="as it is now", kind=LinkView, headers=_ETAG | _SERVED), 202: _LATER},
            problems=("not-found", "exists", "invalid", "key-reused", "unknown-outcome"),
            changes=True,
        ),
        Operation(
            name="listDeletedLinks",
            method="GET",
            path="/v1/deleted-links",
            role="links:read",
            summary="List deleted links that can be restored, by name",
            act=links.deleted,
            query=DeletedQuery,
            answers={200: Answer(meaning="a page of deleted links", kind=DeletedPage)},
        ),
    )
