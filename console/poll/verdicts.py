"""What a platform's answer means for whoever asked, in one vocabulary for all platforms. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeVar

import msgspec

Outcome = Literal["ok", "limited", "again", "token", "metric", "gone", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("ok", "limited", "again", "token", "metric", "gone", "refused")

TOO_MANY: Final = 429
UNAUTHORIZED: Final = 401
NOT_FOUND: Final = 404
ERRORS_FROM: Final = 400
SERVER_ERRORS_FROM: Final = 500

_SHOWN_CHARS: Final = 300

Shape = TypeVar("Shape")


class Answer(NamedTuple):
    """What came back. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`until_s`, seconds since 1970: before it, asking again is refused (`limited`) or would be soon (`ok`).

    `metric` is what a call was refused for, as far as the answer names it.
    """

    outcome: Outcome
    why: str = ""
    until_s: float = 0.0
    metric: str = ""


class PollError(Exception):
    """A platform gave no numbers; the message says why and what to do."""


class LimitReached(PollError):  # noqa: N818 - no fault of anybody: a limit
    """Nothing more for this account before `until_s`, seconds since 1970."""

    def __init__(self, message: str, until_s: float) -> None:
        super().__init__(message)
        self.until_s: Final = until_s


class TokenRejected(PollError):  # noqa: N818 - the same
    """The token has expired, or was taken back: somebody has to renew it."""


class Refused(PollError):  # noqa: N818 - the same
    """This call will not work as it is; others may."""


class MetricRefused(Refused):
    """The call names a metric that is retired or not given for this post; `metric` where the answer says which."""

    def __init__(self, message: str, metric: str) -> None:
        super().__init__(message)
        self.metric: Final = metric


class PostGone(Refused):
    """There is no such post, or not for us."""


class Unreachable(PollError):  # noqa: N818 - the same
    """The platform did not answer, or with errors of its own, for as long as we tried."""


def body_as(answer: Answer, shape: type[Shape]) -> Shape | None:
    """The body as `shape`; None for what is none, such as the HTML page of a proxy."""
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def by_status(answer: Answer, why: str) -> Verdict:
    """What the status alone says, where a platform's own words say nothing else."""
    why = shown(why) or f"HTTP {answer.status}"
    if answer.status < ERRORS_FROM:
        return Verdict(outcome="ok")
    if answer.status == UNAUTHORIZED:
        return Verdict(outcome="token", why=why)
    if answer.status == NOT_FOUND:
        return Verdict(outcome="gone", why=why)
    if answer.status >= SERVER_ERRORS_FROM or answer.status == 408:  # noqa: PLR2004 - request timeout
        return Verdict(outcome="again", why=why)
    return Verdict(outcome="refused", why=why)


def number(text: str | None) -> float | None:
    """A header's number; None where there is none."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < 1e11 else None  # noqa: PLR2004 - no NaN, no infinity, no time after the year 5000


def shown(text: str) -> str:
    """Of a platform's words as much as fits into a message, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN_CHARS else f"{words[:_SHOWN_CHARS]}…"


def expected(body: bytes, shape: type[Shape], platform: str) -> Shape:
    """A good answer as `shape`. Raises Refused: it is none, a proxy's page perhaps."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"this is no answer of {platform}: {shown(str(error))}") from error
