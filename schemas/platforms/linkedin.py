"""LinkedIn: `organizationalEntityShareStatistics` (posts of pages) and `memberCreatorPostAnalytics` (of members).

A post has several names: `urn:li:share:…` or `urn:li:ugcPost:…`, and on its address `urn:li:activity:…` with
another number. All that are told are kept.
"""

from datetime import UTC, date
from typing import Any, Final

import msgspec

from schemas.platforms.reading import (
    Collector,
    ItemError,
    PayloadError,
    Reading,
    Unsaid,
    opening,
    payload_of,
    side_of,
)
from schemas.platforms.times import DAY_MS, Period, days
from schemas.series import series_name

PLATFORM: Final = "linkedin"

_LONGEST_DAY_MS: Final = 25 * 3_600_000
_SIDE_NAMES: Final = {
    "MEMBERS_REACHED": "reach",
    "LINK_CLICKS": "link_clicks",
    "PROFILE_VIEW_FROM_CONTENT": "profile_visits",
    "RESHARE": "reshares",
    "REACTION": "reactions",
    "COMMENT": "comments",
    "POST_SAVE": "saves",
    "POST_SEND": "sends",
    "PREMIUM_CTA_CLICKS": "premium_cta_clicks",
    "FOLLOWER_GAINED_FROM_CONTENT": "followers_gained",
}


class _Further(msgspec.Struct):
    rel: str = ""


class _Paging(msgspec.Struct):
    count: int = 0
    links: list[_Further] = []

    def is_last(self, elements: int) -> bool:
        """Whether there can be no more of them on another page."""
        return not any(link.rel == "next" for link in self.links) and (not self.count or elements < self.count)


class _Answer(msgspec.Struct):
    elements: list[msgspec.Raw] | None = None
    paging: _Paging = msgspec.field(default_factory=_Paging)
    status: int = 0
    message: str = ""


class _Range(msgspec.Struct):
    start: int
    end: int


class _PageTotals(msgspec.Struct):
    impressionCount: int | None = None  # noqa: N815 - LinkedIn's name
    uniqueImpressionsCount: int | None = None  # noqa: N815 - the same
    clickCount: int | None = None  # noqa: N815 - the same


class _Day(msgspec.Struct):
    year: int
    month: int
    day: int


class _Days(msgspec.Struct):
    start: _Day
    end: _Day


class _Element(msgspec.Struct):
    totalShareStatistics: _PageTotals | None = None  # noqa: N815 - the same
    organizationalEntity: str = ""  # noqa: N815 - the same
    share: str = ""
    ugcPost: str = ""  # noqa: N815 - the same
    activity: str = ""
    timeRange: _Range | None = None  # noqa: N815 - the same
    metricType: str | dict[str, str] | None = None  # noqa: N815 - the same
    count: int | None = None
    targetEntity: dict[str, str] = {}  # noqa: N815 - the same
    dateRange: _Days | None = None  # noqa: N815 - the same


_answer: Final = msgspec.json.Decoder(_Answer).decode
_answers: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_element: Final = msgspec.json.Decoder(_Element).decode

_Member = dict[tuple[str, Period | None], dict[str, tuple[str, int]]]
"""Of a member's posts, by their entity and period: each metric's place and value."""


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The posts of an answer, or of several in an array: a member's metrics come one an answer, and the others
    are kept beside IMPRESSION only together with it. Raises PayloadError.
    """
    collector = Collector(PLATFORM, unsaid)
    member: _Member = {}
    answered: set[str] = set()
    is_whole = True
    is_array = opening(raw) == b"["
    answers = payload_of(raw, _answers, "LinkedIn") if is_array else [raw]
    for number, one in enumerate(answers):
        try:
            answer, elements = _elements_of(one)
        except PayloadError as error:
            if not is_array:
                raise
            collector.complain(f"[{number}]", str(error))
            is_whole = False
            continue
        for index, raw_element in enumerate(elements):
            place = f"[{number}].elements[{index}]" if is_array else f"elements[{index}]"
            is_life = False
            with collector.part(place):
                element = _element(raw_element)
                if element.metricType is None:
                    _read_page_post(collector, place, element)
                    answered |= {element.share, element.ugcPost, element.activity}
                    is_life = element.timeRange is None
                else:
                    _note_member(member, place, element)
            is_whole = is_whole and is_life
        is_whole = is_whole and bool(elements) and answer.paging.is_last(len(elements))
    _add_members(collector, member)
    if is_whole:  # lifetimes of a page's posts, all of them read and on one page: what is not among them has none
        _add_absent(collector, [name for name in dict.fromkeys(unsaid.posts) if name not in answered])
    return collector.reading()


def _elements_of(raw: bytes | msgspec.Raw) -> tuple[_Answer, list[msgspec.Raw]]:
    answer = payload_of(raw, _answer, "LinkedIn: an object with elements")
    if answer.elements is None:
        error_text = f"LinkedIn answered with an error: {answer.status} {answer.message}"
        raise PayloadError(error_text if answer.message else "this is no answer of LinkedIn: it has no elements")
    return answer, answer.elements


def _read_page_post(collector: Collector, place: str, element: _Element) -> None:
    names = list(filter(None, (element.share, element.ugcPost, element.activity)))
    if not names:
        raise ItemError("it is the whole page's total, of no post: ask with shares=List(…) or ugcPosts=List(…)")
    totals = element.totalShareStatistics
    if totals is None or totals.impressionCount is None:
        raise ItemError(f"post {names[0]} has no totalShareStatistics.impressionCount")
    scope, period = "", {}
    if element.timeRange is not None:
        start_ms, end_ms = element.timeRange.start, element.timeRange.end
        if start_ms >= end_ms:
            raise ItemError(f"its timeRange ends, {end_ms}, before it begins, {start_ms}")
        scope = "day" if end_ms - start_ms <= _LONGEST_DAY_MS else "month"
        period = {"start_ms": start_ms, "end_ms": end_ms}
    _add(
        collector,
        place,
        names,
        metric="impressionCount",
        scope=scope,
        total=totals.impressionCount,
        profile=collector.unsaid.profile or element.organizationalEntity,
        side=side_of(unique_impressions=totals.uniqueImpressionsCount, clicks=totals.clickCount),
        **period,
    )


def _note_member(member: _Member, place: str, element: _Element) -> None:
    """Before 202605 the metric stands under the name of its type, since then by itself."""
    metric_type = element.metricType
    metric = metric_type if isinstance(metric_type, str) else next(iter((metric_type or {}).values()), "")
    entity = next(filter(None, element.targetEntity.values()), "")
    if not entity:
        raise ItemError("it is of all the member's posts together: ask with q=entity for one post")
    if element.count is None:
        raise ItemError(f"{metric[:64]} of {entity[:64]} has no count")
    if metric != "IMPRESSION" and metric not in _SIDE_NAMES:
        raise ItemError(f"metric {metric[:64]!r} is not known: IMPRESSION is what counts displays")
    period = None if element.dateRange is None else _period(element.dateRange)
    metrics = member.setdefault((entity, period), {})
    if metrics.setdefault(metric, (place, element.count))[1] != element.count:
        raise ItemError(f"{metric} of {entity[:64]} is here twice with two counts: ask for it once")


def _add_members(collector: Collector, member: _Member) -> None:
    for (entity, period), metrics in member.items():
        place, total = metrics.get("IMPRESSION", ("", 0))
        if not place:
            for metric, (lonely, _) in metrics.items():
                collector.complain(
                    lonely, f"{metric} of {entity} is kept beside IMPRESSION only: send both answers in one array"
                )
            continue
        with collector.part(place):
            scope = ""
            if period is not None:
                scope = "day" if period.end_ms - period.start_ms <= DAY_MS else "period"
            _add(
                collector,
                place,
                [entity],
                metric="IMPRESSION",
                scope=scope,
                total=total,
                side={_SIDE_NAMES[name]: count for name, (_, count) in metrics.items() if name in _SIDE_NAMES},
                **({} if period is None else period._asdict()),
            )


def _add_absent(collector: Collector, names: list[str]) -> None:
    """Posts of a page that were asked for and are not in the answer have no impressions: so LinkedIn says."""
    for index, name in enumerate(names):
        place = f"posts[{index}]"
        with collector.part(place):
            _add(collector, place, [name], metric="impressionCount", scope="", total=0)


def _add(collector: Collector, place: str, names: list[str], *, metric: str, scope: str, **fields: Any) -> None:
    post, *others = dict.fromkeys(names)
    collector.add(
        place,
        post=post,
        other_ids=tuple(others),
        series=series_name(metric, collector.unsaid.version, scope),
        permalink=f"https://www.linkedin.com/feed/update/{post}",
        **fields,
    )


def _period(date_range: _Days) -> Period:
    """The end is the first day that is no longer in it; an answer for one day may name that as both."""
    try:
        first, end = (date(day.year, day.month, day.day) for day in (date_range.start, date_range.end))
    except (ValueError, OverflowError) as error:
        raise ItemError(f"its dateRange has a day that is none: {error}") from error
    if first == end:
        end = date.fromordinal(min(first.toordinal() + 1, date.max.toordinal()))
    return days(first, end, UTC, "dateRange")
