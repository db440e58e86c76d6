"""Totals of a time and of the same time before, as one statement that reads both times at once.

The kind of impressions that a link is divided by is chosen for each time by itself, as in the views of links.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from console.api.report_filters import counted_in, moment, wanted_links, where
from console.api.report_wire import ReportQuery, TotalsQuery
from console.api.reports import WITH_INTERVAL, Statement, time_before, times_of

_TIMES: Final = ("now", "before")
_KINDS: Final = ("viewable", "rendered", "platform", "served")
"""In the order of the dictionary `link_names`: bits of `divides_by` from 0, numbers in `kinds` from 1."""
_SUMS: Final = ("clicks", "gross_clicks", *(f"impressions_{kind}" for kind in _KINDS))
_OF_COUNTERS: Final = ", ".join(
    (
        "if(class = 'human', counters.clicks, 0) AS clicks",
        "counters.clicks AS gross_clicks",
        *(
            f"if(class = 'human' AND impression_kind = '{kind}', counters.impressions, 0) AS impressions_{kind}"
            for kind in _KINDS
        ),
    )
)


def totals(query: TotalsQuery | ReportQuery, account: str, now: datetime) -> Statement:
    """All that fits together, and what the same time before had. Raises Problem."""
    since, until = times_of(query, now)
    begin, _ = time_before(since, until)
    wanted = wanted_links(query, account)
    among = wanted.among("link")
    counted = [*counted_in(begin, until), *among]
    days = ""
    if wanted.are_few:
        rows = _of_counters(since, counted)
    else:
        days = f"WITH {_whole_days(begin, since, until)} AS days "
        summed = [
            f"day >= toDate({moment(begin)})",
            f"day < toDate({moment(until)})",
            "version IN (days.1)",
            *among,
        ]
        rows = (
            f"SELECT link, day >= toDate({moment(since)}) AS is_now, {', '.join(_SUMS)}"  # noqa: S608 - closed sets
            f" FROM link_sums{where(summed)}"
            f" UNION ALL {_of_counters(since, [*counted, 'toDate(window_start) IN (days.2)'])}"
        )
    text = (
        f"{days}SELECT {WITH_INTERVAL} FROM (SELECT total.1 AS period, total.2 AS links, total.3 AS clicks,"  # noqa: S608 - closed sets
        " total.4 AS gross_clicks, total.5 AS impressions, arrayFilter((kind, bit) -> bitTest(total.6, bit),"
        " ['platform', 'rendered', 'served', 'viewable'], [2, 1, 3, 0]) AS kinds,"
        " if(impressions = 0, NULL, clicks / impressions) AS ctr"
        f" FROM (SELECT [{', '.join(map(_total, _TIMES))}] AS totals FROM ({_of_links(rows)}))"
        " ARRAY JOIN totals AS total WHERE links > 0) ORDER BY period DESC"
    )
    return Statement(text, wanted.parameters, since, until)


def _of_counters(since: datetime, conditions: list[str]) -> str:
    return (
        f"SELECT link, window_start >= {moment(since)} AS is_now, {_OF_COUNTERS} FROM counters{where(conditions)}"  # noqa: S608 - closed sets
    )


def _whole_days(begin: datetime, since: datetime, until: datetime) -> str:
    """The versions of whole days of either time of which `link_sums` say what counters say; and all other days.

    As in the view `link_sums_between`, for a time that another follows at `since`. Asked for both times, that view
    would add up every link twice (docs/adr/0038); a test compares both.
    """
    first, middle, last = map(moment, (begin, since, until))
    starts, ends = "toDateTime(day, 'UTC')", "toDateTime(day + 1, 'UTC')"
    return (
        "(SELECT (groupArrayIf(version, whole), groupArrayIf(day, NOT whole)) FROM (SELECT day, version,"  # noqa: S608 - closed sets
        f" version != 0 AND {starts} >= {first} AND {ends} <= {last}"
        f" AND ({ends} <= {middle} OR {starts} >= {middle}) AS whole"
        f" FROM link_sum_days_now WHERE day >= toDate({first}) AND day <= toDate({last})))"
    )


def _of_links(rows: str) -> str:
    """Each link once, with its sums of both times, and the kinds whose sum is the one that it is divided by."""
    sums = ", ".join(
        f"sumIf(counted.{column}, is_now) AS {column}_now, sumIf(counted.{column}, NOT is_now) AS {column}_before"
        for column in _SUMS
    )
    by_link = (
        f"SELECT link, countIf(is_now) AS rows_now, countIf(NOT is_now) AS rows_before, {sums}"  # noqa: S608 - closed sets
        f" FROM ({rows}) AS counted GROUP BY link"
    )
    return (
        f"SELECT *, {', '.join(_chosen())} FROM"  # noqa: S608 - closed sets
        f" (SELECT *, dictGet('link_names', 'divides_by', link) AS divides_by FROM ({by_link}))"
    )


def _chosen() -> Iterator[str]:
    """Impressions: the largest sum that is not 0, among those of kinds that the link is divided by."""
    for time in _TIMES:
        largest = ", ".join(
            f"nullIf(impressions_{kind}_{time} * bitTest(divides_by, {bit}), 0)" for bit, kind in enumerate(_KINDS)
        )
        equal = " + ".join(
            f"{1 << bit} * (impressions_{kind}_{time} = impressions_{time})" for bit, kind in enumerate(_KINDS)
        )
        yield f"ifNull(greatest({largest}), 0) AS impressions_{time}"
        yield f"if(impressions_{time} = 0, 0, bitAnd(divides_by, {equal})) AS kinds_{time}"


def _total(time: str) -> str:
    """A tuple of what all links have in this time. Of kinds with the same sum it is the channel's first one."""
    first = (
        "arrayFirst(kind -> bitTest(kinds_{0}, kind - 1), arrayConcat(dictGet('link_names', 'kinds', link), {1}))"
    )
    kind = f"if(bitCount(kinds_{time}) < 2, kinds_{time}, [1, 2, 4, 8][{first.format(time, '[1, 2, 3, 4]')}])"
    return (
        f"('{time}', countIf(rows_{time} > 0), sum(clicks_{time}), sum(gross_clicks_{time}),"
        f" sum(impressions_{time}), groupBitOr({kind}))"
    )
