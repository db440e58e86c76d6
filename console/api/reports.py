"""What is asked of the counters: from a report's filters to one statement over the views, without any I/O.

Values travel as parameters of the statement, never in its text; names of columns come from closed sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from console.api.problems import Problem
from console.api.report_wire import BREAKDOWNS, BreakdownQuery, HeatMapQuery, ReportQuery, SeriesQuery, TimeFilters

_LABELS: Final = ("account", "campaign", "post", "channel", "profile")
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

# Names of deleted links stay, as in the views of performance.
_NAMED: Final = (
    "(SELECT link, toString(links.account) AS account, campaign, post, lower(trim(links.channel)) AS channel,"
    " profile FROM links FINAL)"
)
_SUMS: Final = (
    "sum(counted.clicks) AS clicks, sum(counted.gross_clicks) AS gross_clicks,"
    " sum(counted.impressions) AS impressions,"
    " arraySort(groupUniqArrayIf(counted.impression_kind, counted.impressions != 0)) AS kinds,"
    " if(impressions = 0, NULL, clicks / impressions) AS ctr"
)


@dataclass(frozen=True)
class Statement:
    """A SELECT with its parameters, and the times that it is about."""

    text: str
    parameters: tuple[tuple[str, Any], ...] = ()
    since: datetime = _EARLIEST
    until: datetime = _LATEST


def performance(report: str, query: ReportQuery, account: str, now: datetime) -> Statement:
    """Posts, campaigns, channels or profiles with their judgement. Raises Problem."""
    since, until = _times(query, now)
    columns = _COLUMNS[report]
    for name in _LABELS:
        for given in (name, f"not_{name}"):
            if name not in columns and getattr(query, given) is not None:
                raise Problem(
                    "bad-request",
                    f"rows of this report have no {name}: filter by {', '.join(columns)}, or ask for a breakdown",
                    parameter=given,
                )
    conditions, parameters = _conditions(query, account)
    text = (
        f"SELECT * FROM {_VIEWS[report]}(since = {_moment(since)}, until = {_moment(until)})"  # noqa: S608 - closed sets
        f"{_where(conditions)} ORDER BY clicks DESC, impressions DESC, {', '.join(columns)} LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def breakdown(query: BreakdownQuery, account: str, now: datetime) -> Statement:
    """Sums by one or more labels, whatever the links are filtered by. Raises Problem."""
    since, until = _times(query, now)
    by = [name.strip() for name in query.by.split(",")]
    if not by or len(set(by)) < len(by) or not set(by) <= set(BREAKDOWNS):
        raise Problem("bad-request", f"name some of {', '.join(BREAKDOWNS)}, each once", parameter="by")
    conditions, parameters = _conditions(query, account)
    columns = ", ".join(by)
    text = (
        f"SELECT {columns}, count() AS links, {_SUMS} FROM link_performance_between(since = {_moment(since)},"  # noqa: S608
        f" until = {_moment(until)}) AS counted{_where(conditions)} GROUP BY {columns}"
        f" ORDER BY clicks DESC, impressions DESC, {columns} LIMIT {query.limit}"
    )
    return Statement(text, parameters, since, until)


def series(query: SeriesQuery, account: str, now: datetime) -> Statement:
    """Clicks and impressions over time, in total or by a label. Raises Problem."""
    since, until = _times(query, now)
    if query.unit == "minute" and until - since > _MINUTES_MOST:
        raise Problem("bad-request", "minutes of at most 7 days: ask for less, or for hours", parameter="unit")
    conditions, parameters = _conditions(query, account)
    by = f"{query.by}, " if query.by else ""
    text = (
        f"SELECT formatDateTime(counted.window_start, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS start, {by}{_SUMS}"  # noqa: S608
        f" FROM {_windows(query.unit)} AS counted LEFT JOIN {_NAMED} AS named ON counted.link = named.link"
        f"{_where(_within(query.unit, since, until) + conditions)} GROUP BY {by}start ORDER BY start"
        f"{', ' + query.by if query.by else ''} LIMIT {query.limit}"
    )
    if query.unit != "minute":
        parameters = (*parameters, ("zone", query.zone))
    return Statement(text, parameters, since, until)


def heat_map(query: HeatMapQuery, account: str, now: datetime) -> Statement:
    """Clicks and impressions by day of the week (1: Monday) and hour of the zone. Raises Problem."""
    since, until = _times(query, now)
    conditions, parameters = _conditions(query, account)
    text = (
        "SELECT toDayOfWeek(counted.window_start, 0, {zone:String}) AS weekday,"  # noqa: S608 - closed sets
        f" toHour(counted.window_start, {{zone:String}}) AS hour, {_SUMS}"
        f" FROM {_windows('hour')} AS counted LEFT JOIN {_NAMED} AS named ON counted.link = named.link"
        f"{_where(_within('hour', since, until) + conditions)} GROUP BY weekday, hour ORDER BY weekday, hour"
    )
    return Statement(text, (*parameters, ("zone", query.zone)), since, until)


def _windows(unit: str) -> str:
    if unit == "minute":
        return "ctr_1m"
    return f"{'ctr_1h_tz' if unit == 'hour' else 'ctr_1d_tz'}(zone = {{zone:String}})"


def _within(unit: str, since: datetime, until: datetime) -> list[str]:
    conditions = [f"counted.window_start >= {_moment(since)}", f"counted.window_start < {_moment(until)}"]
    if unit != "minute":  # prunes, where the windows of a zone are computed
        days = [f"toDate(toDateTime({_moment(one)}, 'UTC'), {{zone:String}})" for one in (since, until)]
        conditions += [f"counted.day >= {days[0]}", f"counted.day <= {days[1]}"]
    return conditions


def _moment(time: datetime) -> str:
    """A literal: digits, and nothing that anybody wrote."""
    return f"toDateTime('{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}', 'UTC')"


def _conditions(query: TimeFilters, account: str) -> tuple[list[str], tuple[tuple[str, Any], ...]]:
    if account and query.account not in (None, account):
        raise Problem("forbidden", f"this token sees the numbers of account {account!r} only", parameter="account")
    conditions: list[str] = []
    parameters: list[tuple[str, Any]] = []
    for name in _LABELS:
        wanted = account if name == "account" and account else getattr(query, name)
        for given, value, sign in ((name, wanted, "="), (f"not_{name}", getattr(query, f"not_{name}"), "!=")):
            if value is not None:
                conditions.append(f"{name} {sign} {{{given}:String}}")
                parameters.append((given, value.strip().lower() if name == "channel" else value))
    return conditions, tuple(parameters)


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _times(query: TimeFilters, now: datetime) -> tuple[datetime, datetime]:
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
