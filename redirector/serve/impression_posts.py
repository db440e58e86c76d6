"""The door for impressions: `POST /v1/impressions`; docs/contracts/impressions-api.md describes it."""

from typing import Final

from aiohttp import web

from redirector.serve import answers, cors, posting
from redirector.serve.access import Caller, Refusal, needs_token, why_not_role
from redirector.serve.answers import Answer
from redirector.serve.bodies import read_body
from redirector.serve.body_errors import BodyError
from redirector.serve.claims import ClaimContext
from redirector.serve.counts import Outcome
from redirector.serve.impressions import PostedImpressions, PostFacts, read_impressions
from redirector.serve.items import split
from redirector.serve.key_book import Counted, KeyedRequest
from redirector.serve.parts import ServeParts
from redirector.serve.settings import ServeSettings
from schemas.event_times import DoorTimes
from schemas.events import IMPRESSION_SOURCES, ImpressionSource
from schemas.links import NewerLinkError

IMPRESSIONS_PATH: Final = "/v1/impressions"

_ALLOW: Final = ("Allow", "POST, OPTIONS")
_ANONYMOUS_BYTES_AN_ITEM: Final = 4096


class ImpressionPosts:
    """Takes impressions: all good items of a request are kept, or none where there is no room.

    Under an Idempotency-Key all of them are good, or none is kept.
    """

    def __init__(self, parts: ServeParts, settings: ServeSettings, keys: posting.Keys) -> None:
        self._parts: Final = parts
        self._settings: Final = settings
        self._keys: Final = keys
        self._times: Final = DoorTimes.within(max_skew_s=settings.max_skew_s, max_age_days=settings.max_age_days)

    async def answer(self, request: web.BaseRequest) -> posting.PostAnswer:
        """What to answer."""
        origin = request.headers.get("Origin", "")
        if request.method == "OPTIONS":
            return posting.PostAnswer("options", cors.preflight(origin, "POST"), close=False)
        outcome, answer = await self._answer(request)
        return posting.PostAnswer(
            outcome, answer.with_headers(*cors.headers_for(origin)), close=not request.content.is_eof()
        )

    async def _answer(self, request: web.BaseRequest) -> tuple[Outcome, Answer]:
        if request.method != "POST":
            return "method_not_allowed", answers.text(405, "Impressions are sent with POST.", _ALLOW)
        caller = self._caller(request)
        if isinstance(caller, Refusal):
            return posting.refused(self._parts.counts, caller)
        try:
            body = await self._body(request, caller)
            # A body may take its time, and a token be revoked meanwhile.
            caller = self._caller(request)
            if isinstance(caller, Refusal):
                return posting.refused(self._parts.counts, caller)
            return await self._count(request, body, caller)
        except BodyError as error:
            return posting.not_taken(error)

    def _caller(self, request: web.BaseRequest) -> Caller | Refusal:
        parts, headers = self._parts, request.headers
        address = parts.address(headers, request.remote or "")
        caller = parts.access.identify(headers.getall("Authorization", ()), address, parts.clock())
        if isinstance(caller, Refusal):
            return caller
        if caller.is_anonymous and "Idempotency-Key" in headers:
            return needs_token("an Idempotency-Key")
        return why_not_role(caller, "impressions:write") or caller

    async def _body(self, request: web.BaseRequest, caller: Caller) -> bytes:
        limit = self._settings.max_body_bytes
        if caller.is_anonymous:
            limit = min(limit, self._settings.anonymous_items * _ANONYMOUS_BYTES_AN_ITEM)
        return await read_body(request, limit, self._settings.body_timeout_s)

    async def _count(self, request: web.BaseRequest, body: bytes, caller: Caller) -> tuple[Outcome, Answer]:
        parts = self._parts
        if not parts.lookup.loaded():
            return "unavailable", answers.json(503, posting.NOT_LOADED, answers.RETRY_AFTER)
        items = split(body, request.headers.get("Content-Type", ""), self._settings.max_items)
        if caller.is_anonymous and len(items) > self._settings.anonymous_items:
            raise BodyError(
                f"{len(items)} impressions in one request without a token, at most"
                f" {self._settings.anonymous_items} are taken: split it, or send a token",
                413,
            )
        source = _source(request)
        keyed = _keyed(request, caller, source, body)
        now_ms = parts.clock()
        known = None if keyed is None else self._keys.find(keyed.name, now_ms // 1000)
        if keyed is not None and known is not None:
            return posting.already_counted(parts.counts, keyed, known, "impressions", {"rejected": []})
        peer = request.remote or ""
        request_facts = parts.observe(request.headers, peer, "", now_ms)
        context = ClaimContext(
            now_ms, request.headers.get("Origin", ""), int(self._settings.anonymous_skew_s * 1000)
        )
        post = PostFacts(
            caller=caller,
            context=context,
            times=self._times,
            spool="" if keyed is None else keyed.spool,
            source=source,
            request_facts=request_facts,
        )
        try:
            posted = read_impressions(items, parts.lookup.link, post)
        except NewerLinkError as error:
            return "unavailable", answers.json(503, {"error": f"nothing was kept: {error}"}, posting.RETRY_AFTER)
        counts = parts.counts
        if posted.rejected and (keyed is not None or not posted.accepted):
            return self._rejected(posted, keyed)
        counts.items_rejected += len(posted.rejected)
        if not parts.recorder.record(posted.accepted, refused=True):
            counts.items_rejected += len(posted.accepted)
            return "unavailable", answers.json(503, posting.NO_ROOM, posting.RETRY_AFTER)
        counts.items_accepted += len(posted.accepted)
        if keyed is not None:
            counts.keyed["counted"] += 1
            await self._keys.enter(keyed.name, Counted(keyed.meaning, len(posted.accepted), now_ms // 1000))
        return "impressions", answers.json(202, {"accepted": len(posted.accepted), "rejected": posted.rejected})

    def _rejected(self, posted: PostedImpressions, keyed: KeyedRequest | None) -> tuple[Outcome, Answer]:
        counts, bad, items = self._parts.counts, len(posted.rejected), len(posted.rejected) + len(posted.accepted)
        counts.items_rejected += items
        problem = f"nothing was counted: {bad} of {items} items cannot be, see rejected; correct them"
        if keyed is not None:
            counts.keyed["rejected"] += 1
            problem += " and send all of them again, the same key will do"
        return "rejected", answers.json(422, {"error": problem, "accepted": 0, "rejected": posted.rejected})


def _keyed(
    request: web.BaseRequest, caller: Caller, source: ImpressionSource | None, body: bytes
) -> KeyedRequest | None:
    meaning = b"%b\0%b" % ((source or "").encode(), body)
    return posting.keyed_request(request, f"{IMPRESSIONS_PATH}\0{caller.token_id}", meaning)


def _source(request: web.BaseRequest) -> ImpressionSource | None:
    source = request.query.get("source")
    if source is None:
        return None
    for known in IMPRESSION_SOURCES:
        if source == known:
            return known
    raise BodyError(f"source={source} is none of {', '.join(IMPRESSION_SOURCES)}")
