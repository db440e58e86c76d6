"""The door for impressions: `POST /v1/impressions`."""

from typing import Final

from aiohttp import web

from redirector.serve import answers, cors, impressions
from redirector.serve.access import Caller, Refusal, needs_token, why_not_role
from redirector.serve.answers import Answer
from redirector.serve.bodies import CLIENT_GONE, read_body
from redirector.serve.body_errors import BodyError
from redirector.serve.counts import Outcome
from redirector.serve.door import Door
from redirector.serve.impressions import Circumstances
from redirector.serve.sayings import Situation
from redirector.serve.settings import ServeSettings
from schemas.events import IMPRESSION_SOURCES, ImpressionSource

IMPRESSIONS_PATH: Final = "/v1/impressions"

_ALLOW: Final = ("Allow", "POST, OPTIONS")
_OUTCOME_OF_STATUS: Final[dict[int, Outcome]] = {
    401: "unauthorized",
    403: "forbidden",
    408: "timeout",
    413: "too_large",
    429: "too_many_tries",
    503: "unavailable",
    CLIENT_GONE: "gone",
}
_RETRY_AFTER: Final = ("Retry-After", "5")
_NOT_LOADED: Final = {"error": "the links are being loaded; send it again in a moment"}


class ImpressionPosts:
    """Takes impressions: all good items of a request are kept, or none where there is no room."""

    def __init__(self, door: Door, settings: ServeSettings) -> None:
        self._door: Final = door
        self._settings: Final = settings

    async def answer(self, request: web.BaseRequest) -> tuple[Outcome, Answer, bool]:
        """What to answer, and whether to close: what is left of the body is not worth reading."""
        origin = request.headers.get("Origin", "")
        if request.method == "OPTIONS":
            return "options", cors.preflight(origin, "POST"), False
        outcome, answer = await self._answer(request)
        return outcome, answer.with_headers(*cors.headers_for(origin)), not request.content.is_eof()

    async def _answer(self, request: web.BaseRequest) -> tuple[Outcome, Answer]:
        if request.method != "POST":
            return "method_not_allowed", answers.text(405, "Impressions are sent with POST.", _ALLOW)
        caller = self._caller(request)
        if isinstance(caller, Refusal):
            return self._refused(caller)
        try:
            body = await self._body(request)
            # A body may take its time, and a token be revoked meanwhile.
            caller = self._caller(request)
            return self._refused(caller) if isinstance(caller, Refusal) else self._count(request, body, caller)
        except BodyError as error:
            outcome = _OUTCOME_OF_STATUS.get(error.status, "bad_request")
            # What a client sent may stand in it, and need not be text.
            told = str(error).encode("utf-8", "backslashreplace").decode()
            return outcome, answers.json(error.status, {"error": told}, *error.headers)

    def _caller(self, request: web.BaseRequest) -> Caller | Refusal:
        door, headers = self._door, request.headers
        address = door.address(headers, request.remote or "")
        caller = door.access.identify(headers.getall("Authorization", ()), address, door.clock())
        if isinstance(caller, Refusal):
            return caller
        if caller.is_anonymous and "Idempotency-Key" in headers:
            return needs_token("an Idempotency-Key")
        return why_not_role(caller, "impressions:write") or caller

    def _refused(self, refusal: Refusal) -> tuple[Outcome, Answer]:
        self._door.counts.refused[refusal.reason] += 1
        answer = answers.json(refusal.status, {"error": refusal.error}, *refusal.headers)
        return _OUTCOME_OF_STATUS[refusal.status], answer

    async def _body(self, request: web.BaseRequest) -> bytes:
        return await read_body(request, self._settings.max_body_bytes, self._settings.body_timeout_s)

    def _count(self, request: web.BaseRequest, body: bytes, caller: Caller) -> tuple[Outcome, Answer]:
        door = self._door
        if not door.lookup.loaded():
            return "unavailable", answers.json(503, _NOT_LOADED, answers.RETRY_AFTER)
        items = impressions.split(body, request.headers.get("Content-Type", ""), self._settings.max_items)
        if caller.is_anonymous and len(items) > self._settings.anonymous_items:
            raise BodyError(
                f"{len(items)} impressions in one request without a token, at most"
                f" {self._settings.anonymous_items} are taken: split it, or send a token",
                413,
            )
        key = request.headers.get("Idempotency-Key")
        spool = "" if key is None else impressions.spool_of_key(IMPRESSIONS_PATH, key)
        now_ms = door.clock()
        peer = request.remote or ""
        observed = door.observe(request.headers, peer, "", now_ms)
        situation = Situation(
            now_ms, request.headers.get("Origin", ""), int(self._settings.anonymous_skew_s * 1000)
        )
        around = Circumstances(caller, situation, spool, _source(request), observed)
        read = impressions.read(items, door.lookup.link, around)
        counts = door.counts
        counts.items_rejected += len(read.rejected)
        if not door.recorder.record(read.accepted, refused=True):
            counts.items_rejected += len(read.accepted)
            problem = {"error": "nothing was kept: there is no room for it now; send it again later"}
            return "unavailable", answers.json(503, problem, _RETRY_AFTER)
        counts.items_accepted += len(read.accepted)
        return "impressions", answers.json(202, {"accepted": len(read.accepted), "rejected": read.rejected})


def _source(request: web.BaseRequest) -> ImpressionSource | None:
    source = request.query.get("source")
    if source is None:
        return None
    for known in IMPRESSION_SOURCES:
        if source == known:
            return known
    raise BodyError(f"source={source} is none of {', '.join(IMPRESSION_SOURCES)}")
