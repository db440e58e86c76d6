"""X: `GET /2/tweets` and timelines (lifetime totals), `GET /2/tweets/analytics` (totals of hours, days, weeks)."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

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
from schemas.platforms.times import DAY_MS, HOUR_MS, iso_ms
from schemas.series import series_name

PLATFORM: Final = "x"
VERSION: Final = "v2"

_COUNTED_SINCE_MS: Final = 1_671_062_400_000
"""15 December 2022: what was posted before has no impressions, or 0, which says nothing."""
_SPANS_MS: Final = {"hour": HOUR_MS, "day": DAY_MS, "week": 7 * DAY_MS}
_SCOPES: Final = {"hourly": "hour", "daily": "day", "weekly": "week"}


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    resource_id: str = ""
    value: str = ""
    message: str = ""


class _Answer(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    errors: list[_Problem] = []
    title: str = ""
    detail: str = ""


class _Url(msgspec.Struct):
    expanded_url: str = ""
    unwound_url: str = ""


class _Entities(msgspec.Struct):
    urls: list[_Url] = []


class _Note(msgspec.Struct):
    entities: _Entities | None = None


class _Metrics(msgspec.Struct):
    impression_count: int | None = None
    url_link_clicks: int | None = None
    user_profile_clicks: int | None = None
    engagements: int | None = None


class _Post(msgspec.Struct):
    id: str
    created_at: str | None = None
    author_id: str | None = None
    entities: _Entities | None = None
    note_tweet: _Note | None = None
    public_metrics: _Metrics | None = None
    non_public_metrics: _Metrics | None = None
    organic_metrics: _Metrics | None = None
    promoted_metrics: _Metrics | None = None
    timestamped_metrics: list[msgspec.Raw] | None = None


class _OfPeriod(msgspec.Struct):
    impressions: int | None = None
    url_clicks: int | None = None
    user_profile_clicks: int | None = None
    engagements: int | None = None


class _Period(msgspec.Struct):
    timestamp: str
    metrics: _OfPeriod


_answer: Final = msgspec.json.Decoder(_Answer).decode
_posts: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_post: Final = msgspec.json.Decoder(_Post).decode
_period: Final = msgspec.json.Decoder(_Period).decode


def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
    """The posts of an answer, those that X gives an error for as complaints. Raises PayloadError."""
    answer = payload_of(raw, _answer, "X: an object with data or errors")
    if not opening(answer.data) and not answer.errors:
        reason = ": ".join(filter(None, (answer.title, answer.detail)))
        raise PayloadError(
            f"X answered with an error: {reason}" if reason else "this is no answer of X: it has no data"
        )
    collector = Collector(PLATFORM, unsaid)
    for place, post in _each(answer.data):
        with collector.part(place):
            _read_post(collector, place, _post(post))
    for index, problem in enumerate(answer.errors):
        name = problem.resource_id or problem.value
        reason = ": ".join(filter(None, (problem.title or problem.message, problem.detail))) or "no reason given"
        collector.complain(f"errors[{index}]", f"X has no numbers for post {name or 'without id'}: {reason}")
    return collector.reading()


def _each(answer_data: msgspec.Raw) -> Iterator[tuple[str, msgspec.Raw]]:
    """The posts of a list, or the one of `/2/tweets/:id`."""
    first = opening(answer_data)
    if not first:
        return
    if first == b"{":
        yield "data", answer_data
        return
    posts = payload_of(answer_data, _posts, "X: data is a list of posts")
    yield from ((f"data[{index}]", post) for index, post in enumerate(posts))


def _read_post(collector: Collector, place: str, post: _Post) -> None:
    if post.timestamped_metrics is not None:
        _read_periods(collector, place, post.id, post.timestamped_metrics)
        return
    published_ms = iso_ms(post.created_at, "created_at")
    private = post.non_public_metrics or _Metrics()
    metric, total = "impression_count", post.public_metrics and post.public_metrics.impression_count
    if total is None:
        metric, total = "non_public_metrics.impression_count", private.impression_count
    if total is None:
        raise ItemError(f"post {post.id} has no impression_count: ask with tweet.fields=public_metrics")
    if total == 0 and 0 < published_ms < _COUNTED_SINCE_MS:
        raise ItemError(f"post {post.id} is older than X's counting (15 December 2022): its 0 says nothing")
    organic, promoted = post.organic_metrics or _Metrics(), post.promoted_metrics or _Metrics()
    collector.add(
        place,
        post=post.id,
        series=series_name(metric, collector.unsaid.version or VERSION),
        total=total,
        published_ms=published_ms,
        profile=collector.unsaid.profile or post.author_id,
        permalink=f"https://x.com/i/status/{post.id}",
        urls=[*_urls(post.note_tweet.entities if post.note_tweet else None), *_urls(post.entities)],
        side=side_of(
            link_clicks=private.url_link_clicks,
            profile_visits=private.user_profile_clicks,
            engagements=private.engagements,
            organic_impressions=organic.impression_count,
            promoted_impressions=promoted.impression_count,
        ),
    )


def _urls(entities: _Entities | None) -> Iterator[str]:
    for url in entities.urls if entities else ():
        yield url.expanded_url
        yield url.unwound_url


def _read_periods(collector: Collector, place: str, post: str, raws: list[msgspec.Raw]) -> None:
    periods: list[tuple[str, _Period, int]] = []
    for index, raw in enumerate(raws):
        inner = f"{place}.timestamped_metrics[{index}]"
        with collector.part(inner):
            period = _period(raw)
            periods.append((inner, period, iso_ms(period.timestamp, "timestamp")))
    if not periods:
        return
    scope = _scope(collector.unsaid.granularity, [start_ms for *_, start_ms in periods])
    for inner, period, start_ms in periods:
        with collector.part(inner):
            metrics = period.metrics
            if metrics.impressions is None:
                raise ItemError("it has no impressions: ask with analytics.fields=impressions")
            collector.add(
                inner,
                post=post,
                series=series_name("impressions", collector.unsaid.version or VERSION, scope),
                total=metrics.impressions,
                start_ms=start_ms,
                end_ms=start_ms + _SPANS_MS[scope],
                permalink=f"https://x.com/i/status/{post}",
                side=side_of(
                    link_clicks=metrics.url_clicks,
                    profile_visits=metrics.user_profile_clicks,
                    engagements=metrics.engagements,
                ),
            )


def _scope(granularity: str, starts_ms: list[int]) -> str:
    """How long the periods are: as asked for, or as far apart as two of them."""
    if granularity in _SCOPES:
        return _SCOPES[granularity]
    if granularity:
        raise ItemError(f"granularity {granularity[:40]!r} is none of {', '.join(_SCOPES)}: ask X for one of them")
    starts = sorted(set(starts_ms))
    apart = min((after - before for before, after in pairwise(starts)), default=0)
    for scope, span_ms in _SPANS_MS.items():
        if apart == span_ms:
            return scope
    raise ItemError(f"nothing says how long its periods are: say granularity={', '.join(_SCOPES)} as you asked X")
