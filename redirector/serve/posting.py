"""What the doors share that take a body: who may, how a refusal is answered, and what a key was counted for."""

from typing import Final, NamedTuple, Protocol

from aiohttp import web

from redirector.serve import answers
from redirector.serve.access import Refusal
from redirector.serve.answers import Answer
from redirector.serve.bodies import CLIENT_GONE
from redirector.serve.body_errors import BodyError
from redirector.serve.counts import Counts, Outcome
from redirector.serve.key_book import Counted, KeyedRequest
from schemas.idempotency import KEY_MAX_CHARS

NO_ROOM: Final = {"error": "nothing was kept: there is no room for it now; send it again later"}
NOT_LOADED: Final = {"error": "the links are being loaded; send it again in a moment"}
RETRY_AFTER: Final = ("Retry-After", "5")

_OUTCOME_OF_STATUS: Final[dict[int, Outcome]] = {
    401: "unauthorized",
    403: "forbidden",
    408: "timeout",
    413: "too_large",
    422: "rejected",
    429: "too_many_tries",
    503: "unavailable",
    CLIENT_GONE: "gone",
}
_REPLAYED: Final = ("Idempotency-Replayed", "true")
_REUSED: Final = (
    "nothing of this was counted: another body came with this Idempotency-Key before, and was counted;"
    " send other content under another key"
)


class PostAnswer(NamedTuple):
    """What is answered to a POST. `close`: what is left of its body is not worth reading."""

    outcome: Outcome
    answer: Answer
    close: bool


class Keys(Protocol):
    """What of a KeyBook is used here."""

    def find(self, name: bytes, now_s: int) -> Counted | None:
        """What was counted under a key, as far as this host knows."""

    async def enter(self, name: bytes, counted: Counted) -> None:
        """Have the host know it."""


def refused(counts: Counts, refusal: Refusal) -> tuple[Outcome, Answer]:
    """Outcome and answer for a caller who is refused; counts the refusal by its reason."""
    counts.refused[refusal.reason] += 1
    answer = answers.json(refusal.status, {"error": refusal.error}, *refusal.headers)
    return _OUTCOME_OF_STATUS[refusal.status], answer


def not_taken(error: BodyError) -> tuple[Outcome, Answer]:
    """Outcome and answer for a body of which nothing is taken."""
    outcome = _OUTCOME_OF_STATUS.get(error.status, "bad_request")
    # What a client sent may stand in it, and need not be text.
    reason = str(error).encode("utf-8", "backslashreplace").decode()
    return outcome, answers.json(error.status, {"error": reason}, *error.headers)


def keyed_request(request: web.BaseRequest, whose: str, meaning: bytes) -> KeyedRequest | None:
    """What the request is known by where it has an Idempotency-Key; the key is one of `whose`. Raises BodyError."""
    keys = request.headers.getall("Idempotency-Key", ())
    if not keys:
        return None
    if len(keys) > 1:
        raise BodyError(f"{len(keys)} Idempotency-Key headers: send one")
    key = keys[0]
    if not 1 <= len(key) <= KEY_MAX_CHARS:
        raise BodyError(f"Idempotency-Key has {len(key)} characters, wanted are 1 to {KEY_MAX_CHARS}")
    return KeyedRequest.of(whose, key, meaning)


def already_counted(
    counts: Counts, keyed: KeyedRequest, known: Counted, outcome: Outcome, lists: dict[str, object]
) -> tuple[Outcome, Answer]:
    """The answer under a key that was counted: as before for the same bytes, whatever became of the links."""
    if keyed.meaning == known.meaning:
        counts.keyed["repeated"] += 1
        return outcome, answers.json(202, {"accepted": known.items, **lists}, _REPLAYED)
    counts.keyed["reused"] += 1
    return "rejected", answers.json(422, {"error": _REUSED, "accepted": 0, **lists})
