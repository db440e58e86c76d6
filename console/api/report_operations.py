"""The operations on reports."""

import asyncio
import csv
import io
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec
from aiohttp import web

from console.api.by_labels import LABELS
from console.api.callers import Caller
from console.api.click_report import ClicksQuery, ClicksReport, ClicksRow, clicks_by
from console.api.comparing import CompareQuery, CompareReport, Counted, comparing, report_of, side_labels
from console.api.counters import Counters
from console.api.operations import CALLER, CSV, JSON, Act, Answer, Operation, json_answer, query_of
from console.api.other_reports import annotations, destinations, quality, variants
from console.api.problems import Problem, unavailable
from console.api.report_sql import SQL, as_text
from console.api.report_wire import (
    Annotation,
    AnnotationsQuery,
    AnnotationsReport,
    BreakdownQuery,
    BreakdownReport,
    BreakdownRow,
    DestinationRow,
    DestinationsQuery,
    DestinationsReport,
    Finding,
    HeatMap,
    HeatMapQuery,
    HeatMapRow,
    PerformanceReport,
    PerformanceRow,
    QualityQuery,
    QualityReport,
    ReportQuery,
    SeriesQuery,
    SeriesReport,
    SeriesRow,
    TimeFilters,
    TotalsQuery,
    TotalsReport,
    TotalsRow,
    UnknownSlugRow,
    UnknownSlugs,
    UnknownSlugsQuery,
    VariantRow,
    VariantsQuery,
    VariantsReport,
)
from console.api.reports import Statement, breakdown, heat_map, performance, series
from console.api.totals import totals
from console.api.uniques import UniqueClicks, UniquesQuery, UniquesReport, uniques
from console.api.unknown_slugs import unknown_slugs
from console.formula_guard import guarded
from schemas.errors import ClickHouseError, TransientError

log = logging.getLogger(__name__)

Query = TypeVar("Query", bound=TimeFilters)
Row = TypeVar("Row", bound=msgspec.Struct)

ARROW: Final = "application/vnd.apache.arrow.stream"
_WRONG_ZONE: Final = "zone"
_SUMMARIES: Final = {
    "posts": "Posts with CTR, its interval, the channel's range, the pattern and what to do",
    "campaigns": "Campaigns, the same",
    "channels": "Channels, the same",
    "profiles": "Profiles of channels, the same",
}


class ReportOperations:
    """What can be asked of the counters."""

    def __init__(self, counters: Counters, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._counters: Final = counters
        self._clock: Final = clock

    def performance(self, report: str) -> Act:
        """One of the reports with judgement."""

        async def act(request: web.Request) -> web.StreamResponse:
            query, account = self._asked(request, ReportQuery)
            now = self._clock()
            statement = performance(report, query, account, now)
            if not query.previous or query.format != "json":
                return await self._answer(query, statement, PerformanceReport, PerformanceRow)
            both = await asyncio.gather(
                self._rows(statement, PerformanceRow), self._rows(totals(query, account, now), TotalsRow)
            )
            return json_answer(
                PerformanceReport(since=statement.since, until=statement.until, rows=both[0], totals=both[1])
            )

        return act

    async def totals(self, request: web.Request) -> web.StreamResponse:
        """All that fits together."""
        query, account = self._asked(request, TotalsQuery)
        return await self._answer(query, totals(query, account, self._clock()), TotalsReport, TotalsRow)

    async def breakdown(self, request: web.Request) -> web.StreamResponse:
        """Sums by labels."""
        query, account = self._asked(request, BreakdownQuery)
        return await self._answer(query, breakdown(query, account, self._clock()), BreakdownReport, BreakdownRow)

    async def clicks(self, request: web.Request) -> web.StreamResponse:
        """Clicks by what their requests said."""
        query, account = self._asked(request, ClicksQuery)
        return await self._answer(query, clicks_by(query, account, self._clock()), ClicksReport, ClicksRow)

    async def series(self, request: web.Request) -> web.StreamResponse:
        """Sums over time."""
        query, account = self._asked(request, SeriesQuery)
        return await self._answer(query, series(query, account, self._clock()), SeriesReport, SeriesRow)

    async def heat_map(self, request: web.Request) -> web.StreamResponse:
        """Sums by day of the week and hour."""
        query, account = self._asked(request, HeatMapQuery)
        return await self._answer(query, heat_map(query, account, self._clock()), HeatMap, HeatMapRow)

    async def compare(self, request: web.Request) -> web.StreamResponse:
        """Sides against each other."""
        query, account = self._asked(request, CompareQuery)
        statement, sides = comparing(query, account, self._clock())
        if query.format in ("arrow", "sql"):
            return await self._answer(query, statement, CompareReport, Counted)
        report = report_of(statement, sides, await self._rows(statement, Counted))
        if query.format == "csv":
            return _csv(b"\n".join(map(msgspec.json.encode, report.rows)))
        return json_answer(report)

    async def variants(self, request: web.Request) -> web.StreamResponse:
        """Experiments."""
        query, account = self._asked(request, VariantsQuery)
        return await self._answer(query, variants(query, account, self._clock()), VariantsReport, VariantRow)

    async def destinations(self, request: web.Request) -> web.StreamResponse:
        """Where links with variants or rules led."""
        query, account = self._asked(request, DestinationsQuery)
        statement = destinations(query, account, self._clock())
        return await self._answer(query, statement, DestinationsReport, DestinationRow)

    async def quality(self, request: web.Request) -> web.StreamResponse:
        """What may be wrong."""
        query, account = self._asked(request, QualityQuery)
        statement = quality(query, account, self._clock(), all_accounts=not request[CALLER].scope)
        return await self._answer(query, statement, QualityReport, Finding)

    async def annotations(self, request: web.Request) -> web.StreamResponse:
        """What happened to posts."""
        query, account = self._asked(request, AnnotationsQuery)
        statement = annotations(query, account, self._clock())
        return await self._answer(query, statement, AnnotationsReport, Annotation)

    async def uniques(self, request: web.Request) -> web.StreamResponse:
        """Unique clicks."""
        query, account = self._asked(request, UniquesQuery)
        return await self._answer(query, uniques(query, account, self._clock()), UniquesReport, UniqueClicks)

    async def unknown_slugs(self, request: web.Request) -> web.StreamResponse:
        """What was asked for in vain."""
        query, account = self._asked(request, UnknownSlugsQuery)
        statement = unknown_slugs(query, account, self._clock())
        return await self._answer(query, statement, UnknownSlugs, UnknownSlugRow)

    def _asked(self, request: web.Request, kind: type[Query]) -> tuple[Query, str]:
        """The query, within what the caller may see, and the caller's account. Raises Problem."""
        caller = request[CALLER]
        return scoped(query_of(request, kind), caller), caller.account

    async def _answer(
        self, query: TimeFilters, statement: Statement, report: Any, row: type[msgspec.Struct]
    ) -> web.StreamResponse:
        if query.format == "sql":
            return web.Response(text=as_text(statement, "clicktally"), content_type=SQL, charset="utf-8")
        if query.format == "arrow":
            stream = await self._content(self._counters.answer(statement, "ArrowStream"))
            return web.Response(body=stream, content_type=ARROW)
        if query.format == "csv":
            return _csv(await self._content(self._counters.answer(statement, "JSONEachRow")))
        return json_answer(
            report(since=statement.since, until=statement.until, rows=await self._rows(statement, row))
        )

    async def _rows(self, statement: Statement, row: type[Row]) -> list[Row]:
        lines = await self._content(self._counters.answer(statement, "JSONEachRow"))
        return msgspec.json.Decoder(row).decode_lines(lines)

    async def _content(self, answer: Awaitable[bytes]) -> bytes:
        try:
            return await answer
        except TransientError as error:
            log.warning("a report cannot be made at the moment: %s", error)
            raise unavailable("the counters cannot be read at the moment: ask again, or for less") from error
        except ClickHouseError as error:
            if "time zone" in str(error).lower() or "timezone" in str(error).lower():
                raise Problem(
                    "bad-request",
                    "there is no such zone: name one such as Europe/Berlin",
                    parameter=_WRONG_ZONE,
                ) from error
            raise


def scoped(query: Query, caller: Caller) -> Query:
    """The query with the labels that the caller is bound to. Raises Problem for one that asks for others."""
    if caller.sides:
        _check_sides(query, caller)
    for name, value in caller.scope:
        given = getattr(query, name)
        if given not in (None, value):
            raise Problem("forbidden", f"you see the numbers of {name} {value!r} only", parameter=name)
    return msgspec.structs.replace(query, **dict(caller.scope))


def _check_sides(query: TimeFilters, caller: Caller) -> None:
    """Raise Problem for anything but a comparison of the sides that the caller sees, or of some, as they are."""
    own = [side_labels(one) for one in caller.sides]
    asked = query.of if isinstance(query, CompareQuery) else []
    if not asked or any(side_labels(one) not in own for one in asked):
        raise Problem("forbidden", "you see one comparison only: ask for its own sides", parameter="of")
    for name in LABELS:
        for given in (name, f"not_{name}"):
            if getattr(query, given) is not None:
                raise Problem("forbidden", "you see one comparison only: leave this out", parameter=given)


def _csv(lines: bytes) -> web.Response:
    return web.Response(
        body=as_csv(lines).encode(),
        content_type=CSV,
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="report.csv"'},
    )


def as_csv(lines: bytes) -> str:
    """Rows as a spreadsheet reads them, and does not run them; lists separated by blanks, nothing for null."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for number, row in enumerate(msgspec.json.Decoder(dict[str, Any]).decode_lines(lines)):
        if not number:
            writer.writerow(row)
        writer.writerow([_cell(value) for value in row.values()])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = " ".join(f"{name}={one}" for name, one in value.items())
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return guarded(value) if isinstance(value, str) else str(value)


def report_operations(reports: ReportOperations) -> tuple[Operation, ...]:
    """The table of what can be asked of the counters."""

    def report(
        path: str, summary: str, act: Act, query: type[TimeFilters], kind: Any, *, compares: bool = False
    ) -> Operation:
        return Operation(
            name="report" + "".join(word.capitalize() for word in path.split("-")),
            method="GET",
            path=f"/v1/reports/{path}",
            role="reports:read",
            summary=summary,
            act=act,
            query=query,
            answers={200: Answer(meaning="as the parameter format says", kind=kind, media=(JSON, CSV, ARROW, SQL))},
            shared=True,
            compares=compares,
        )

    return (
        *(
            report(one, summary, reports.performance(one), ReportQuery, PerformanceReport)
            for one, summary in _SUMMARIES.items()
        ),
        report(
            "breakdown",
            "Sums by one or more labels, of links filtered by any",
            reports.breakdown,
            BreakdownQuery,
            BreakdownReport,
        ),
        report(
            "clicks",
            "Clicks by device, country, referrer and the like, and by labels, in any combination",
            reports.clicks,
            ClicksQuery,
            ClicksReport,
        ),
        report(
            "totals", "All that fits together, and of the time before", reports.totals, TotalsQuery, TotalsReport
        ),
        report(
            "compare",
            "Any posts, channels, profiles, campaigns or variants side by side, with intervals and a verdict",
            reports.compare,
            CompareQuery,
            CompareReport,
            compares=True,
        ),
        report(
            "variants",
            "The variants of each experiment against its control",
            reports.variants,
            VariantsQuery,
            VariantsReport,
        ),
        report(
            "destinations",
            "Where links with variants or rules led, and whether visitors were split as meant",
            reports.destinations,
            DestinationsQuery,
            DestinationsReport,
        ),
        report(
            "quality",
            "What may be wrong with the numbers, and how far they go",
            reports.quality,
            QualityQuery,
            QualityReport,
        ),
        report(
            "annotations",
            "What happened to posts: published, revised by a platform, another metric",
            reports.annotations,
            AnnotationsQuery,
            AnnotationsReport,
        ),
        report(
            "unknown-slugs",
            "What was asked for in vain by day: unknown, expired and deleted slugs, with the referring host",
            reports.unknown_slugs,
            UnknownSlugsQuery,
            UnknownSlugs,
        ),
        report(
            "uniques",
            "Unique clicks: visitors behind people's clicks, a visitor of two days is two",
            reports.uniques,
            UniquesQuery,
            UniquesReport,
        ),
        report("series", "Counts over time, in a time zone", reports.series, SeriesQuery, SeriesReport),
        report(
            "heat-map", "Counts by day of the week and hour of a time zone", reports.heat_map, HeatMapQuery, HeatMap
        ),
    )
