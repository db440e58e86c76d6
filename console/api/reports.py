"""What is asked of the counters: from a report's filters to one statement over the views, without any I/O.

Values travel as parameters of the statement, never in its text; names of columns come from closed sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from console.api.by_labels import LABELS, LABELS_OR_LINK, names_by
from console.api.first_rows import first_rows
from console.api.problems import Problem
from console.api.report_filters import WantedLinks, conditions_of, counted_in, moment, of_links, wanted_links, where
from console.api.report_wire import (
    BreakdownQuery,
    Chosen,
    HeatMapQuery,
    ReportQuery,
    SeriesQuery,
    TimeFilters,
)

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "posts": ("account", "campaign", "post", "channel"),
    "campaigns": ("account", "campaign"),
    "channels": ("account", "channel"),
    "profiles": ("account", "channel", "profile"),
}
"""The labels of each report's rows; it can be filtered by these."""
_VIEWS: Final = {
    "posts": "post_performance_between",
    "campaigns": "campaign_performance_between",
    "channels": "channel_performance_between",
    "profiles": "profile_performance_between",
}
_USUAL_TIME: Final = timedelta(days=30)
_MINUTES_MOST: Final = timedelta(days=7)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2106, 2, 7, tzinfo=UTC)

_CLICKS: Final = {
    "human": "clicks",
    "all": "gross_clicks",
    **{name: f"{name}_clicks" for name in ("bot", "prefetch", "duplicate", "unknown")},
}
"""Which column of the views has the clicks of a traffic class."""
_INTERVAL: Final = (
    "multiIf(NOT (impressions > 0 AND ctr BETWEEN 0 AND 1), NULL, clicks = {end}, {edge},"
    " (2 * clicks + 3.841458820694124 {sign} 1.959963984540054 * sqrt(3.841458820694124"
    " + 4 * clicks * (1 - ctr))) / (2 * (impressions + 3.841458820694124)))"
)
WITH_INTERVAL: Final = (
    f"*, {_INTERVAL.format(end='0', edge='0', sign='-')} AS ctr_from,"
    f" {_INTERVAL.format(end='impressions', edge='1', sign='+')} AS ctr_to"
)
"""Wilson's, as in the views of performance. By `ctr`, not once more by what it is of: planning is 20 ms less."""
_LARGEST_FIRST: Final = ("clicks", "impressions")
_BEFORE: Final = ("clicks", "gross_clicks", "impressions", "ctr")


@dataclass(frozen=True)
class Statement:
    """A SELECT with its parameters, and the times that it is about."""

    text: str
    parameters: tuple[tuple[str, Any], ...] = ()
    since: datetime = _EARLIEST
    until: datetime = _LATEST
    sooner: str = ""
    """What gives the same rows sooner, or fails with `first_rows.THROWN`."""


def performance(report: str, query: ReportQuery, account: str, now: datetime) -> Statement:
    """Posts, campaigns, channels or profiles with their judgement. Raises Problem."""
    since, until = times_of(query, now)
    columns = _COLUMNS[report]
    for name in LABELS:
        for given in (name, f"not_{name}"):
            if name not in columns and getattr(query, given) is not None:
                raise Problem(
                    "bad-request",
                    f"rows of this report have no {name}: filter by {', '.join(columns)}, or ask for a breakdown",
                    parameter=given,
                )
    conditions, parameters = conditions_of(query, account)
    rows = f"SELECT * FROM {_VIEWS[report]}{between(since, until)}{where(conditions)}"  # noqa: S608 - closed sets
    order = f"ORDER BY {', '.join(f'{count} DESC' for count in _LARGEST_FIRST)}, {', '.join(columns)}"
    text = f"{rows} {order} LIMIT {query.limit}"
    sooner = ""
    if report == "posts" and not conditions:  # conditions need the names of all rows
        sooner = first_rows(rows, _LARGEST_FIRST, columns, query.limit)
    if query.previous:
        names = ", ".join(f"before.{name} AS {name}_before" for name in _BEFORE)
        join = f"LEFT JOIN {_counts_before(report, wanted_links(query, account), since, until)} AS before"
        text, sooner = (
            one and f"SELECT now.*, {names} FROM ({one}) AS now {join} USING ({', '.join(columns)}) {order}"  # noqa: S608 - closed sets
            for one in (text, sooner)
        )
    return Statement(text, parameters, since, until, sooner)


def _counts_before(report: str, wanted: WantedLinks, since: datetime, until: datetime) -> str:
    """A report's counts of the time before, by its labels: no judgement, which needs those of all others."""
    columns = ", ".join(_COLUMNS[report])
    times = time_before(since, until)
    if not wanted.conditions:
        return f"(SELECT {columns}, {', '.join(_BEFORE)} FROM {_VIEWS[report]}{between(*times)})"  # noqa: S608 - closed sets
    return (
        f"(SELECT {columns}, {sums()} FROM {links_counted(*times, few=wanted.are_few)} AS counted"  # noqa: S608 - closed sets
        f"{where(wanted.among('counted.link'))} GROUP BY {columns})"
    )


def breakdown(query: BreakdownQuery, account: str, now: datetime) -> Statement:
    """Sums by one or more labels, whatever the links are filtered by. Raises Problem."""
    since, until = times_of(query, now)
    by = names_by(query.by, LABELS_OR_LINK)
    wanted = wanted_links(query, account)
    only, parameters = of_links(query, "link", since, until)
    few = wanted.are_few or query.link is not None
    columns = ", ".join(by)
    text = (
        f"SELECT {WITH_INTERVAL} FROM (SELECT {columns}, count() AS links, {sums(query)} FROM"  # noqa: S608 - closed sets
        f" {_links(query, [*only, *wanted.among('link')], since, until, few=few)} AS counted GROUP BY {columns})"
        f" ORDER BY clicks DESC, impressions DESC, {columns} LIMIT {query.limit}"
    )
    return Statement(text, (*wanted.parameters, *parameters), since, until)


def series(query: SeriesQuery, account: str, now: datetime) -> Statement:
    """Clicks and impressions over time, in total or by a label. Raises Problem."""
    since, until = times_of(query, now)
    if query.unit == "minute" and until - since > _MINUTES_MOST:
        raise Problem("bad-request", "minutes of at most 7 days: ask for less, or for hours", parameter="unit")
    wanted = _of_posts(wanted_links(query, account), query.posts)
    only, parameters = of_links(query, "counted.link", since, until)
    by = names_by(query.by, LABELS, or_none=True)
    columns, order = "".join(f"{name}, " for name in by), ", ".join(("start", *by))
    conditions = [*_within(query.unit, since, until), *only, *wanted.among("counted.link")]
    parameters = (*wanted.parameters, *parameters)
    text = (
        "SELECT formatDateTime(counted.window_start, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS start,"  # noqa: S608 - closed sets
        f" {columns}{sums(query)}"
        f" FROM {_windows(query.unit)} AS counted{wanted.join_names(by)}{where(conditions)}"
        f" GROUP BY {order} ORDER BY {order} LIMIT {query.limit}"
    )
    if query.unit != "minute":
        parameters = (*parameters, ("zone", query.zone))
    return Statement(text, parameters, since, until)


def _of_posts(wanted: WantedLinks, posts: Sequence[str]) -> WantedLinks:
    """Those of some posts alone, where any are named."""
    if not posts:
        return wanted
    given = {f"post_{number}": post for number, post in enumerate(posts)}
    return WantedLinks(
        (*wanted.conditions, f"post IN ({', '.join(f'{{{name}:String}}' for name in given)})"),
        (*wanted.parameters, *given.items()),
        wanted.with_unknown and "" in posts,
    )


def heat_map(query: HeatMapQuery, account: str, now: datetime) -> Statement:
    """Clicks and impressions by day of the week (1: Monday) and hour of the zone. Raises Problem."""
    since, until = times_of(query, now)
    wanted = wanted_links(query, account)
    only, parameters = of_links(query, "counted.link", since, until)
    conditions = [*_within("hour", since, until), *only, *wanted.among("counted.link")]
    text = (
        "SELECT toDayOfWeek(counted.window_start, 0, {zone:String}) AS weekday,"  # noqa: S608 - closed sets
        f" toHour(counted.window_start, {{zone:String}}) AS hour, {sums(query)}"
        f" FROM {_windows('hour')} AS counted{where(conditions)} GROUP BY weekday, hour ORDER BY weekday, hour"
    )
    return Statement(text, (*wanted.parameters, *parameters, ("zone", query.zone)), since, until)


def sums(query: Chosen | None = None) -> str:
    """Sums of the columns that a query chose."""
    clicks, kind = (_CLICKS[query.traffic], query.kind) if query else (_CLICKS["human"], None)
    impressions, kinds = (
        "impressions",
        "arraySort(groupUniqArrayIf(counted.impression_kind, counted.impressions != 0))",
    )
    if kind is not None:
        impressions, kinds = f"impressions_{kind}", f"if(impressions = 0, emptyArrayString(), ['{kind}'])"
    return (
        f"sum(counted.{clicks}) AS clicks, sum(counted.gross_clicks) AS gross_clicks,"
        f" sum(counted.{impressions}) AS impressions, {kinds} AS kinds,"
        " if(impressions = 0, NULL, clicks / impressions) AS ctr"
    )


def _links(query: Chosen, conditions: list[str], since: datetime, until: datetime, *, few: bool) -> str:
    """The links of which all this holds, with their counts, and what a query chose that the view has not."""
    view = f"(SELECT * FROM {links_counted(since, until, few=few)}{where(conditions)})"  # noqa: S608 - closed sets
    chosen = []
    if query.traffic not in ("human", "all"):
        chosen.append(f"sumIf(counters.clicks, class = '{query.traffic}') AS {_CLICKS[query.traffic]}")
    if query.kind is not None:
        chosen.append(
            f"sumIf(counters.impressions, class = 'human' AND impression_kind = '{query.kind}')"
            f" AS impressions_{query.kind}"
        )
    if not chosen:
        return view
    return (
        f"(SELECT * FROM {view} AS named LEFT JOIN (SELECT link, {', '.join(chosen)} FROM counters"  # noqa: S608 - closed sets
        f"{where([*counted_in(since, until), *conditions])} GROUP BY link) AS chosen USING (link))"
    )


def links_counted(since: datetime, until: datetime, *, few: bool) -> str:
    """The view that has the counts of links; both say the same, either is made for few links or for many."""
    return f"{'links_counted_between' if few else 'link_performance_between'}{between(since, until)}"


def between(since: datetime, until: datetime) -> str:
    return f"(since = {moment(since)}, until = {moment(until)})"


def time_before(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """The same time before, as far as there were times to count in."""
    return max(_EARLIEST, since - (until - since)), since


def _windows(unit: str) -> str:
    if unit == "minute":
        return "ctr_1m"
    return f"{'ctr_1h_tz' if unit == 'hour' else 'ctr_1d_tz'}(zone = {{zone:String}})"


def _within(unit: str, since: datetime, until: datetime) -> list[str]:
    conditions = [f"counted.window_start >= {moment(since)}", f"counted.window_start < {moment(until)}"]
    if unit != "minute":  # prunes, where the windows of a zone are computed
        days = [f"toDate(toDateTime({moment(one)}, 'UTC'), {{zone:String}})" for one in (since, until)]
        conditions += [f"counted.day >= {days[0]}", f"counted.day <= {days[1]}"]
    return conditions


def times_of(query: TimeFilters, now: datetime) -> tuple[datetime, datetime]:
    """What is not said: until now, from 30 days before. Whole minutes, as the windows are. Raises Problem."""
    until = (query.until or now).astimezone(UTC)
    since = (query.since or until - _USUAL_TIME).astimezone(UTC)
    for name, time in (("since", since), ("until", until)):
        if not _EARLIEST <= time <= _LATEST:
            raise Problem("bad-request", "this is not between 1970 and 2106", parameter=name)
    since, begun = since.replace(second=0, microsecond=0), until.replace(second=0, microsecond=0)
    until = begun if until == begun else begun + timedelta(minutes=1)
    if since >= until:
        raise Problem("bad-request", "it is not after since: it is the first minute left out", parameter="until")
    return since, until
