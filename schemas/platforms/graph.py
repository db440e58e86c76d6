"""Meta's insights, in one envelope for Facebook, Instagram and Threads: a list of metrics, each with its values.

They come for one post (`/{post}/insights`), for several by id (`?ids=`), inside a list of posts
(`/{page}/posts?fields=…,insights.metric(…)`), or as an array of any of these.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from schemas.matching import urls_in
from schemas.platforms.graph_values import Metric, entries_of, value_of
from schemas.platforms.reading import (
    Collector,
    ItemError,
    PayloadError,
    Reading,
    Unsaid,
    opening,
    payload_of,
    side_of_names,
)
from schemas.platforms.times import iso_ms
from schemas.series import rank_of, series_name


class Dialect(msgspec.Struct, frozen=True):
    """What one of Meta's platforms calls things. `side` says what a metric beside the displays is called here."""

    platform: str
    shown: str
    counted: tuple[str, ...]
    ask_for: str
    side: Mapping[str, str]
    maps: frozenset[str] = frozenset()
    """Metrics whose value is an open map, kept entry by entry."""


class _Refusal(msgspec.Struct):
    message: str = ""
    code: int = 0


class _Top(msgspec.Struct):
    data: list[msgspec.Raw] | None = None
    error: _Refusal | None = None
    insights: msgspec.Raw = msgspec.Raw()


class _Attachment(msgspec.Struct):
    url: str = ""
    unshimmed_url: str = ""


class _Attachments(msgspec.Struct):
    data: list[_Attachment] = []


class _Insights(msgspec.Struct):
    data: list[msgspec.Raw] = []


class _Post(msgspec.Struct):
    id: str = ""
    created_time: str | None = None
    timestamp: str | None = None
    message: str | None = None
    caption: str | None = None
    text: str | None = None
    permalink_url: str = ""
    permalink: str = ""
    link_attachment_url: str = ""
    attachments: _Attachments | None = None
    insights: _Insights | None = None


class _Kind(msgspec.Struct):
    name: str | None = None


_BAD_METRIC: Final = 100

_top: Final = msgspec.json.Decoder(_Top).decode
_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_by_id: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_metric: Final = msgspec.json.Decoder(Metric).decode
_post: Final = msgspec.json.Decoder(_Post).decode
_kind: Final = msgspec.json.Decoder(_Kind).decode


def reader(dialect: Dialect) -> Callable[[bytes | msgspec.Raw, Unsaid], Reading]:
    """The reader of one of the platforms. It raises PayloadError."""

    def read(raw: bytes | msgspec.Raw, unsaid: Unsaid) -> Reading:
        collector = Collector(dialect.platform, unsaid)
        _Reader(dialect, collector).payload(raw)
        return collector.reading()

    return read


class _Reader:
    def __init__(self, dialect: Dialect, collector: Collector) -> None:
        self._dialect: Final = dialect
        self._collector: Final = collector

    def payload(self, raw: bytes | msgspec.Raw) -> None:
        """One answer, several in an array, or several by their posts' ids: what is none leaves the others alone."""
        if opening(raw) == b"[":
            answers = payload_of(raw, _list, self._dialect.shown)
            self._each({f"[{index}]": one for index, one in enumerate(answers)}, self._answer)
            return
        top = self._top(raw)
        if top.data is not None or opening(top.insights):
            self._answer("", raw)
            return
        by_id = payload_of(raw, _by_id, self._dialect.shown)
        if not by_id or not all(opening(one) == b"{" for one in by_id.values()):
            raise PayloadError(f"this is no answer of {self._dialect.shown}: it has no data")
        self._each(by_id, self._answer_of_post)

    def _each(self, answers: dict[str, msgspec.Raw], read: Callable[[str, msgspec.Raw], None]) -> None:
        for place, one in answers.items():
            try:
                read(place, one)
            except PayloadError as error:
                self._collector.complain(place, str(error))

    def _answer(self, place: str, raw: bytes | msgspec.Raw) -> None:
        top = self._top(raw)
        if opening(top.insights):
            self._post_with_insights(place or "post", raw)
        elif top.data is not None:
            self._data(place, top.data)
        else:
            raise PayloadError(f"this is no answer of {self._dialect.shown}: it has neither data nor insights")

    def _answer_of_post(self, post: str, raw: msgspec.Raw) -> None:
        top = self._top(raw)
        if top.data is not None and not opening(top.insights):
            self._metrics(post, post, top.data)
        else:
            self._answer(post, raw)

    def _top(self, raw: bytes | msgspec.Raw) -> _Top:
        shown = self._dialect.shown
        top = payload_of(raw, _top, f"{shown}: an object with data, or several in an array")
        if top.error is None:
            return top
        hint = ": one retired metric fails the whole call, ask without it" if top.error.code == _BAD_METRIC else ""
        raise PayloadError(f"{shown} answered with an error: {top.error.message} (code {top.error.code}){hint}")

    def _data(self, place: str, parts: list[msgspec.Raw]) -> None:
        """Either metrics, grouped by the post that their ids name, or posts with insights."""
        dot = f"{place}." if place else ""
        grouped: dict[str, list[tuple[str, Metric]]] = {}
        if not parts:
            self._collector.complain(
                f"{dot}data", f"it is empty: {self._dialect.shown} withholds the numbers, or has none yet"
            )
        for index, part in enumerate(parts):
            inner = f"{dot}data[{index}]"
            with self._collector.part(inner):
                if _kind(part).name is None:
                    self._post_with_insights(inner, part)
                    continue
                metric = _metric(part)
                post = metric.id.partition("/")[0] or self._collector.unsaid.post
                if not post:
                    raise ItemError(f"nothing says of which post {metric.name[:64]} is: say post=…")
                grouped.setdefault(post, []).append((inner, metric))
        for post, metrics in grouped.items():
            self._add(metrics[0][0], post, metrics)

    def _post_with_insights(self, place: str, raw: bytes | msgspec.Raw) -> None:
        with self._collector.part(place):
            post = _post(raw)
            if post.insights is None:
                raise ItemError(f"post {post.id or 'without id'} has no insights: ask for {self._dialect.ask_for}")
            links = [post.link_attachment_url]
            for attachment in post.attachments.data if post.attachments else ():
                links += [attachment.unshimmed_url, attachment.url]
            for text in (post.message, post.caption, post.text):
                links += urls_in(text or "")
            self._metrics(
                place,
                post.id,
                post.insights.data,
                published_ms=iso_ms(post.created_time or post.timestamp, "created_time"),
                permalink=post.permalink_url or post.permalink,
                urls=links,
            )

    def _metrics(self, place: str, post: str, parts: list[msgspec.Raw], **fields: Any) -> None:
        metrics: list[tuple[str, Metric]] = []
        for index, part in enumerate(parts):
            inner = f"{place}.insights.data[{index}]"
            with self._collector.part(inner):
                metrics.append((inner, _metric(part)))
        self._add(place, post or self._collector.unsaid.post, metrics, **fields)

    def _add(self, place: str, post: str, metrics: list[tuple[str, Metric]], **fields: Any) -> None:
        """One post's: of what counts displays the metric that ranks highest, the others beside it."""
        dialect, collector = self._dialect, self._collector
        totals: dict[str, int] = {}
        side: dict[str, int | str | None] = {}
        for inner, metric in metrics:
            with collector.part(inner):
                if metric.period != "lifetime":
                    raise ItemError(
                        f"{metric.name[:64]} is by {metric.period[:20]}: ask without a period, for the lifetime"
                    )
                value = value_of(metric)
                if metric.name in dialect.maps:
                    side |= entries_of(metric.name, value)
                elif not isinstance(value, int):
                    raise ItemError(f"{metric.name[:64]} is {value!r:.60}: it should be one whole number")
                elif metric.name in dialect.counted:
                    totals[metric.name] = value
                elif metric.name in dialect.side:
                    side[dialect.side[metric.name]] = value
        with collector.part(place):
            counted = max(totals, key=lambda name: rank_of(dialect.platform, name), default=None)
            if counted is None:
                raise ItemError(f"post {post[:64]} has no metric that counts displays: ask for {dialect.ask_for}")
            side |= {name: total for name, total in totals.items() if name != counted}
            collector.add(
                place,
                post=post,
                series=series_name(counted, collector.unsaid.version),
                total=totals[counted],
                side=side_of_names(side),
                **fields,
            )
