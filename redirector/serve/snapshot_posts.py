"""The door for platforms' totals: `POST /v1/snapshots/{platform}`; docs/contracts/snapshots-api.md describes it."""

from typing import Final

from aiohttp import web

from redirector.serve import answers, posting
from redirector.serve.access import Caller, Refusal, needs_token, why_not_role
from redirector.serve.answers import Answer
from redirector.serve.bodies import read_body
from redirector.serve.body_errors import BodyError
from redirector.serve.counts import Outcome
from redirector.serve.key_book import Counted, KeyedRequest
from redirector.serve.parts import ServeParts
from redirector.serve.posted_snapshots import PostedFacts, PostedSnapshots, StatedLinks, take_snapshots
from redirector.serve.settings import ServeSettings
from redirector.serve.snapshot_query import Posted, read_envelope, read_query
from schemas.event_times import DoorTimes
from schemas.links import LinkError, NewerLinkError
from schemas.platforms.known import READERS
from schemas.platforms.reading import PayloadError, Reading, Unsaid

SNAPSHOTS_PREFIX: Final = "/v1/snapshots/"

_ALLOW: Final = ("Allow", "POST, OPTIONS")


class SnapshotPosts:
    """Takes what platforms answer: all good parts of a payload are kept, or none where there is no room.

    Under an Idempotency-Key all totals of the payload are kept, or none is; what is no total is told either way.
    """

    def __init__(self, parts: ServeParts, settings: ServeSettings, keys: posting.Keys) -> None:
        self._parts: Final = parts
        self._settings: Final = settings
        self._keys: Final = keys
        self._times: Final = DoorTimes.within(
            max_skew_s=settings.max_skew_s, max_age_days=settings.snapshot_max_age_days
        )

    async def answer(self, request: web.BaseRequest, path: str) -> posting.PostAnswer:
        """What to answer."""
        if request.method == "OPTIONS":
            return posting.PostAnswer("options", Answer(204, (_ALLOW,)), close=False)
        outcome, answer = await self._answer(request, path.removeprefix(SNAPSHOTS_PREFIX))
        return posting.PostAnswer(outcome, answer, close=not request.content.is_eof())

    async def _answer(self, request: web.BaseRequest, platform: str) -> tuple[Outcome, Answer]:
        if request.method != "POST":
            return "method_not_allowed", answers.text(405, "Snapshots are sent with POST.", _ALLOW)
        caller = self._caller(request)
        if isinstance(caller, Refusal):
            return posting.refused(self._parts.counts, caller)
        try:
            _check_known(platform)
            body = await read_body(request, self._settings.max_body_bytes, self._settings.body_timeout_s)
            # A body may take its time, and a token be revoked meanwhile.
            caller = self._caller(request)
            if isinstance(caller, Refusal):
                return posting.refused(self._parts.counts, caller)
            return await self._keep(request, platform, body, caller)
        except BodyError as error:
            return posting.not_taken(error)

    def _caller(self, request: web.BaseRequest) -> Caller | Refusal:
        parts = self._parts
        address = parts.address(request.headers, request.remote or "")
        caller = parts.access.identify(request.headers.getall("Authorization", ()), address, parts.clock())
        if isinstance(caller, Refusal):
            return caller
        if caller.is_anonymous:
            return needs_token("a snapshot")
        return why_not_role(caller, "impressions:write") or caller

    async def _keep(
        self, request: web.BaseRequest, platform: str, body: bytes, caller: Caller
    ) -> tuple[Outcome, Answer]:
        parts, counts = self._parts, self._parts.counts
        if not parts.lookup.loaded():
            return "unavailable", answers.json(503, posting.NOT_LOADED, answers.RETRY_AFTER)
        now_ms = parts.clock()
        unsaid = read_query(request.query, caller, now_ms)
        meaning = b"%b\0%b" % (request.query_string.encode("utf-8", "surrogateescape"), body)
        keyed = posting.keyed_request(request, f"{SNAPSHOTS_PREFIX}{platform}\0{caller.token_id}", meaning)
        known = None if keyed is None else self._keys.find(keyed.name, now_ms // 1000)
        if keyed is not None and known is not None:
            lists: dict[str, object] = {"unmatched": [], "rejected": []}
            return posting.already_counted(counts, keyed, known, "snapshots", lists)
        posted = read_envelope(body)
        facts = PostedFacts(
            caller=caller,
            times=self._times,
            now_ms=now_ms,
            stated=_stated_links(platform, posted, request.query.get("link", "")),
            spool="" if keyed is None else keyed.spool,
        )
        try:
            taken = take_snapshots(self._read(platform, posted, unsaid), parts.lookup.link, facts)
        except NewerLinkError as error:
            return "unavailable", answers.json(503, {"error": f"nothing was kept: {error}"}, posting.RETRY_AFTER)
        if taken.rejected and (not taken.accepted or (keyed is not None and taken.refused)):
            return self._rejected(taken, keyed)
        counts.snapshots["rejected"] += len(taken.rejected)
        if not parts.recorder.record(taken.accepted, refused=True):
            counts.snapshots["rejected"] += len(taken.accepted)
            return "unavailable", answers.json(503, posting.NO_ROOM, posting.RETRY_AFTER)
        counts.snapshots["unmatched"] += len(taken.unmatched)
        counts.snapshots["matched"] += len(taken.accepted) - len(taken.unmatched)
        if keyed is not None:
            counts.keyed["counted"] += 1
            await self._keys.enter(keyed.name, Counted(keyed.meaning, len(taken.accepted), now_ms // 1000))
        return "snapshots", answers.json(202, _answer_lists(taken, len(taken.accepted)))

    def _read(self, platform: str, posted: Posted, unsaid: Unsaid) -> Reading:
        try:
            reading = READERS[platform](posted.payload, unsaid)
        except PayloadError as error:
            raise BodyError(f"nothing was counted: {error}", 422) from error
        size = len(reading.placed) + len(reading.complaints)
        if size > self._settings.max_items:
            raise BodyError(
                f"{size} totals in one request, at most {self._settings.max_items} are taken: split it", 413
            )
        return reading

    def _rejected(self, taken: PostedSnapshots, keyed: KeyedRequest | None) -> tuple[Outcome, Answer]:
        counts, bad = self._parts.counts, len(taken.rejected)
        counts.snapshots["rejected"] += bad + len(taken.accepted)
        problem = f"nothing was counted: {bad} parts of the payload cannot be, see rejected"
        if keyed is not None:
            counts.keyed["rejected"] += 1
            problem += (
                "; under a key all are or none is: correct them, the same key will do, or send it without one"
            )
        return "rejected", answers.json(422, {"error": problem, **_answer_lists(taken, 0)})


def _check_known(platform: str) -> None:
    if platform not in READERS:
        raise BodyError(f"platform {platform[:40]!r} is none of {', '.join(sorted(READERS))}", 404)


def _answer_lists(taken: PostedSnapshots, accepted: int) -> dict[str, object]:
    return {"accepted": accepted, "unmatched": taken.unmatched if accepted else [], "rejected": taken.rejected}


def _stated_links(platform: str, posted: Posted, default: str) -> StatedLinks:
    try:
        return StatedLinks(platform, posted.links, default)
    except LinkError as error:
        raise BodyError(f"a link that was named is none: {error}") from error
