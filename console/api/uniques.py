"""The report of unique clicks: its types, and its statement, without any I/O."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from console.api.by_labels import LABELS_OR_LINK, Labels, names_by
from console.api.report_filters import moment, of_links, wanted_links, where
from console.api.report_wire import Limit, LinkFilters
from console.api.reports import Statement, times_of

_HOUR: Final = timedelta(hours=1)


class UniquesQuery(LinkFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of unique clicks: of the whole hours in which since and until lie, and those between."""

    by: Annotated[
        str,
        Meta(
            max_length=100,
            description=f"some of {', '.join(LABELS_OR_LINK)}, comma-separated; empty: all together",
        ),
    ] = ""
    limit: Limit = 1000


class UniqueClicks(Labels, kw_only=True):
    """Visitors, with the labels that were asked for. A visitor of two UTC days is two."""

    unique_clicks: Annotated[
        int, Meta(description="by the rules that first counted the clicks: a recount does not reach it")
    ]


class UniquesReport(msgspec.Struct, kw_only=True):
    """Rows, and the hours that they are about."""

    since: datetime
    until: datetime
    rows: list[UniqueClicks]


def uniques(query: UniquesQuery, account: str, now: datetime) -> Statement:
    """Visitors behind people's clicks, by labels or in all; a visitor of two days is two. Raises Problem.

    Sketches are merged within each UTC day, as in the view `uniques_between`; links are chosen by their key.
    """
    since, until = times_of(query, now)
    hour = since.replace(minute=0, second=0, microsecond=0)
    ends = until.replace(minute=0, second=0, microsecond=0)
    ends = ends if ends == until else ends + _HOUR
    by = names_by(query.by, LABELS_OR_LINK, or_none=True)
    wanted = wanted_links(query, account)
    only, more = of_links(query, "link", since, until)
    within = [f"hour >= {moment(hour)}", f"hour < {moment(ends)}", *wanted.among("link")]
    parameters = (*wanted.parameters, *more)
    labels = [name for name in by if name != "link"]
    named = "".join(f", dictGet('link_names', '{name}', visitors_1h.link) AS {name}" for name in labels)
    columns = ", ".join(by)
    grouped = f"{columns}, day" if by else "day"
    text = (
        f"SELECT {columns}{', ' if by else ''}toInt64(sum(visitors_of_day)) AS unique_clicks FROM"  # noqa: S608 - closed sets
        f" (SELECT {'link, ' if 'link' in by else ''}toDate(hour) AS day,"
        f" uniqMerge(visitors_1h.visitors) AS visitors_of_day{named}"
        f" FROM visitors_1h{where([*within, *only])} GROUP BY {grouped})"
        f"{f' GROUP BY {columns}' if by else ''} ORDER BY unique_clicks DESC{f', {columns}' if by else ''}"
        f" LIMIT {query.limit}"
    )
    return Statement(text, parameters, hour, ends)
