"""What all readers share: what they are told, what they give back, and how one bad part leaves the others alone."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, tzinfo
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from schemas.events import NUMBER_LIMIT
from schemas.posts import post_id
from schemas.series import is_retired
from schemas.snapshots import SIDE_MAX, SIDE_NAME_MAX_CHARS, URL_MAX_CHARS, URLS_MAX, Snapshot

TOTAL_MAX: Final = 10**12
"""More displays than any post ever had, by far: a larger number is something else."""

_ERROR_MAX_CHARS: Final = 300
_PLACE_MAX_CHARS: Final = 300
_WHOLE: Final = re.compile(r"-?[0-9]{1,20}")
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Kind = TypeVar("Kind")


class PayloadError(ValueError):
    """The payload as a whole is not what its platform answers, or is the platform's refusal."""


class ItemError(ValueError):
    """One part of a payload is no snapshot; the message says why and what to do."""


class Unsaid(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload does not say of itself."""

    observed_ms: int
    """When the platform answered."""
    source: str = "api"
    version: str = ""
    """The version of the API that was asked: `v25.0`, `202605`."""
    account: str = ""
    profile: str = ""
    post: str = ""
    """Whose numbers these are, where the platform does not repeat it."""
    posts: tuple[str, ...] = ()
    """All that were asked for: where a platform leaves out what has none (LinkedIn pages), those are zero."""
    zone: tzinfo | None = None
    """The account's time zone, in which its days begin; None where nobody said it."""
    granularity: str = ""
    """How long the periods are that were asked for, in the platform's word: `daily`."""

    @property
    def day_zone(self) -> tzinfo:
        """`zone`, or UTC: for platforms whose days are those of UTC unless the account has another time zone."""
        return self.zone or UTC


class Complaint(msgspec.Struct, frozen=True):
    """Why the part at `place` is no snapshot."""

    place: str
    error: str


class PlacedSnapshot(NamedTuple):
    """A snapshot, and where in the payload it stood."""

    place: str
    snapshot: Snapshot


class Reading(NamedTuple):
    """What is in a payload. Each of its parts is in one of the lists, but for the repetition of a total."""

    placed: list[PlacedSnapshot]
    complaints: list[Complaint]

    @property
    def snapshots(self) -> list[Snapshot]:
        """Those that are there, in the payload's order."""
        return [one.snapshot for one in self.placed]


class Collector:
    """Gathers a reading: each part under its place, so that what one raises is its complaint alone."""

    def __init__(self, platform: str, unsaid: Unsaid) -> None:
        self.platform: Final = platform
        self.unsaid: Final = unsaid
        self._placed: Final[list[PlacedSnapshot]] = []
        self._complaints: Final[list[Complaint]] = []
        self._totals: Final[dict[tuple[str, str, str, str, int, int], PlacedSnapshot]] = {}

    @contextmanager
    def part(self, place: str) -> Iterator[None]:
        """Of what is raised inside for a reason in the payload, make a complaint."""
        try:
            yield
        except ItemError as error:
            self.complain(place, str(error))
        except _UNREADABLE as error:
            self.complain(place, _error_text(error))

    def complain(self, place: str, error: str) -> None:
        """A part is no snapshot."""
        self._complaints.append(Complaint(place[:_PLACE_MAX_CHARS], error[:_ERROR_MAX_CHARS]))

    def add(self, place: str, **fields: Any) -> None:
        """A part is a snapshot of these fields. What nobody said is filled in, the post's id written as everywhere.

        Raises ItemError.

        The same total twice is one; another total of the same post, series and period is a complaint.
        """
        unsaid = self.unsaid
        total = fields["total"]
        if isinstance(total, int) and total > TOTAL_MAX:
            raise ItemError(f"total {total} is more than anything was ever shown: it must be something else")
        fields = {
            "type": "snapshot",
            "platform": self.platform,
            "observed_ms": unsaid.observed_ms,
            "source": unsaid.source,
            "account": unsaid.account,
            "profile": unsaid.profile,
            "is_retired": is_retired(self.platform, fields["series"]),
            **{name: value for name, value in fields.items() if value is not None},
        }
        given = fields["post"]
        fields["post"] = post_id(fields["platform"], given)
        names = dict.fromkeys((*fields.get("other_ids", ()), given))
        fields["other_ids"] = tuple(name for name in names if name != fields["post"])
        fields["urls"] = tuple(
            dict.fromkeys(url for url in fields.get("urls", ()) if 0 < len(url) <= URL_MAX_CHARS)
        )
        fields["urls"] = fields["urls"][:URLS_MAX]
        if len(fields.get("permalink", "")) > URL_MAX_CHARS:
            fields["permalink"] = ""
        try:
            snapshot = msgspec.convert(fields, Snapshot)
        except msgspec.ValidationError as error:
            raise ItemError(_error_text(error)) from error
        self._keep(PlacedSnapshot(place[:_PLACE_MAX_CHARS], snapshot))

    def reading(self) -> Reading:
        """All of it."""
        return Reading(self._placed, self._complaints)

    def _keep(self, placed: PlacedSnapshot) -> None:
        snapshot = placed.snapshot
        identity = (
            snapshot.link,
            snapshot.platform,
            snapshot.post,
            snapshot.series,
            snapshot.start_ms,
            snapshot.end_ms,
        )
        before = self._totals.setdefault(identity, placed)
        if before is placed:
            self._placed.append(placed)
        elif before.snapshot.total != snapshot.total:
            raise ItemError(
                f"post {snapshot.post} is here with the total {snapshot.total}, and with"
                f" {before.snapshot.total} at {before.place}: ask for each post once, without further segments"
            )


def opening(raw: bytes | msgspec.Raw) -> bytes:
    """The first character of JSON text, which tells the kind of value; nothing for null and what is not there."""
    first = bytes(memoryview(raw)[:1])
    return b"" if first == b"n" else first


def payload_of(raw: bytes | msgspec.Raw, decode: Callable[[bytes | msgspec.Raw], Kind], wanted: str) -> Kind:
    """A payload's outermost part. Raises PayloadError, naming what is `wanted`."""
    try:
        return decode(raw)
    except _UNREADABLE as error:
        raise PayloadError(f"this is no answer of {wanted}: {_error_text(error)}") from error


def whole(value: int | str | None, name: str) -> int | None:
    """A whole number that a platform gives as one or as a text; None for None. Raises ItemError."""
    if value is None or isinstance(value, int):
        return value
    if not _WHOLE.fullmatch(value):
        raise ItemError(f"{name} is {value[:40]!r}: it should be a whole number")
    return int(value)


def side_of(**metrics: int | str | None) -> dict[str, int]:
    """Metrics kept beside a total, those that are there. Raises ItemError for what is no number."""
    return side_of_names(metrics)


def side_of_names(metrics: Mapping[str, int | str | None]) -> dict[str, int]:
    """The same, under names that a platform gives. The first that there is room for are kept."""
    side: dict[str, int] = {}
    for name, value in metrics.items():
        number = whole(value, name)
        if number is None or not 0 < len(name) <= SIDE_NAME_MAX_CHARS:
            continue
        if abs(number) >= NUMBER_LIMIT:
            raise ItemError(f"{name} is {number}: that is no count of anything")
        if len(side) < SIDE_MAX:
            side[name] = number
    return side


def _error_text(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "a text in it is not UTF-8"
    return str(error)[:_ERROR_MAX_CHARS]
