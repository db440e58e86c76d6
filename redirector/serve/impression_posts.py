"""The door for impressions: `POST /v1/impressions`."""

from typing import Final

from aiohttp import web

from redirector.serve import answers, impressions
from redirector.serve.answers import Answer
from redirector.serve.bodies import CLIENT_GONE, read_body
from redirector.serve.body_errors import BodyError
from redirector.serve.counts import Outcome
from redirector.serve.door import Door
from redirector.serve.impressions import Circumstances
from redirector.serve.settings import ServeSettings
from schemas.events import IMPRESSION_SOURCES, ImpressionSource

IMPRESSIONS_PATH: Final = "/v1/impressions"

_ANY_ORIGIN: Final = ("Access-Control-Allow-Origin", "*")
_IMPRESSIONS_ALLOW: Final = ("Allow", "POST, OPTIONS")
_PREFLIGHT: Final = Answer(
    204,
    (
        _IMPRESSIONS_ALLOW,
        _ANY_ORIGIN,
        ("Access-Control-Allow-Methods", "POST"),
        ("Access-Control-Allow-Headers", "Content-Type, Idempotency-Key"),
        ("Access-Control-Max-Age", "86400"),
    ),
)
_OUTCOME_OF_STATUS: Final[dict[int, Outcome]] = {408: "timeout", 413: "too_large", CLIENT_GONE: "gone"}
_RETRY_AFTER: Final = ("Retry-After", "5")
_NOT_LOADED: Final = {"error": "the links are being loaded; send it again in a moment"}


class ImpressionPosts:
    """Takes impressions: all good items of a request are kept, or none where there is no room."""

    def __init__(self, door: Door, settings: ServeSettings) -> None:
        self._door: Final = door
        self._settings: Final = settings

    async def answer(self, request: web.BaseRequest) -> tuple[Outcome, Answer, bool]:
        """What to answer, and whether to close: what is left of the body is not worth reading."""
        if request.method == "OPTIONS":
            return "options", _PREFLIGHT, False
        if request.method != "POST":
            answer = answers.text(405, "Impressions are sent with POST.", _IMPRESSIONS_ALLOW, _ANY_ORIGIN)
            return "method_not_allowed", answer, False
        try:
            outcome, answer = self._count(request, await self._body(request))
        except BodyError as error:
            outcome = _OUTCOME_OF_STATUS.get(error.status, "bad_request")
            # What a client sent may stand in it, and need not be text.
            told = str(error).encode("utf-8", "backslashreplace").decode()
            answer = answers.json(error.status, {"error": told}, _ANY_ORIGIN, *error.headers)
        return outcome, answer, not request.content.is_eof()

    async def _body(self, request: web.BaseRequest) -> bytes:
        return await read_body(request, self._settings.max_body_bytes, self._settings.body_timeout_s)

    def _count(self, request: web.BaseRequest, body: bytes) -> tuple[Outcome, Answer]:
        door = self._door
        if not door.lookup.loaded():
            return "unavailable", answers.json(503, _NOT_LOADED, _ANY_ORIGIN, answers.RETRY_AFTER)
        items = impressions.split(body, request.headers.get("Content-Type", ""), self._settings.max_items)
        key = request.headers.get("Idempotency-Key")
        spool = "" if key is None else impressions.spool_of_key(IMPRESSIONS_PATH, key)
        now_ms = door.clock()
        peer = request.remote or ""
        observed = door.observe(request.headers, peer, now_ms, trusted_peer=door.proxies.trusts(peer))
        around = Circumstances(now_ms, spool, _source(request), observed)
        read = impressions.read(items, door.lookup.link, around)
        counts = door.counts
        counts.items_rejected += len(read.rejected)
        if not door.recorder.record_all(read.accepted, refused=True):
            counts.items_rejected += len(read.accepted)
            problem = {"error": "nothing was kept: there is no room for it now; send it again later"}
            return "unavailable", answers.json(503, problem, _ANY_ORIGIN, _RETRY_AFTER)
        counts.items_accepted += len(read.accepted)
        told = {"accepted": len(read.accepted), "rejected": read.rejected}
        return "impressions", answers.json(202, told, _ANY_ORIGIN)


def _source(request: web.BaseRequest) -> ImpressionSource | None:
    source = request.query.get("source")
    if source is None:
        return None
    for known in IMPRESSION_SOURCES:
        if source == known:
            return known
    raise BodyError(f"source={source} is none of {', '.join(IMPRESSION_SOURCES)}")
