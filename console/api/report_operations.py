"""The operations on reports."""

import csv
import io
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from console.api.counters import Counters
from console.api.operations import CALLER, CSV, JSON, Act, Answer, Operation, json_answer, query_of
from console.api.problems import Problem, unavailable
from console.api.report_wire import (
    BreakdownQuery,
    BreakdownReport,
    BreakdownRow,
    HeatMap,
    HeatMapQuery,
    HeatMapRow,
    PerformanceReport,
    PerformanceRow,
    ReportQuery,
    SeriesQuery,
    SeriesReport,
    SeriesRow,
    TimeFilters,
)
from console.api.reports import Statement, breakdown, heat_map, performance, series
from console.formula_guard import guarded
from schemas.errors import ClickHouseError, TransientError

log = logging.getLogger(__name__)

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
            query = query_of(request, ReportQuery)
            statement = performance(report, query, request[CALLER].account, self._clock())
            return await self._answer(query, statement, PerformanceReport, PerformanceRow)

        return act

    async def breakdown(self, request: web.Request) -> web.StreamResponse:
        """Sums by labels."""
        query = query_of(request, BreakdownQuery)
        statement = breakdown(query, request[CALLER].account, self._clock())
        return await self._answer(query, statement, BreakdownReport, BreakdownRow)

    async def series(self, request: web.Request) -> web.StreamResponse:
        """Sums over time."""
        query = query_of(request, SeriesQuery)
        statement = series(query, request[CALLER].account, self._clock())
        return await self._answer(query, statement, SeriesReport, SeriesRow)

    async def heat_map(self, request: web.Request) -> web.StreamResponse:
        """Sums by day of the week and hour."""
        query = query_of(request, HeatMapQuery)
        statement = heat_map(query, request[CALLER].account, self._clock())
        return await self._answer(query, statement, HeatMap, HeatMapRow)

    async def _answer(
        self, query: TimeFilters, statement: Statement, report: Any, row: type[msgspec.Struct]
    ) -> web.StreamResponse:
        if query.format == "arrow":
            stream = await self._rows(self._counters.answer(statement, "ArrowStream"))
            return web.Response(body=stream, content_type=ARROW)
        lines = await self._rows(self._counters.answer(statement, "JSONEachRow"))
        if query.format == "csv":
            return web.Response(
                body=as_csv(lines).encode(),
                content_type=CSV,
                charset="utf-8",
                headers={"Content-Disposition": 'attachment; filename="report.csv"'},
            )
        rows = msgspec.json.Decoder(row).decode_lines(lines)
        return json_answer(report(since=statement.since, until=statement.until, rows=rows))

    async def _rows(self, answer: Awaitable[bytes]) -> bytes:
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
    if isinstance(value, list):
        return " ".join(map(str, value))
    return guarded(value) if isinstance(value, str) else str(value)


def report_operations(reports: ReportOperations) -> tuple[Operation, ...]:
    """The table of what can be asked of the counters."""

    def report(path: str, summary: str, act: Act, query: type[TimeFilters], kind: Any) -> Operation:
        return Operation(
            name="report" + "".join(word.capitalize() for word in path.split("-")),
            method="GET",
            path=f"/v1/reports/{path}",
            role="reports:read",
            summary=summary,
            act=act,
            query=query,
            answers={200: Answer(meaning="as the parameter format says", kind=kind, media=(JSON, CSV, ARROW))},
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
        report("series", "Counts over time, in a time zone", reports.series, SeriesQuery, SeriesReport),
        report(
            "heat-map", "Counts by day of the week and hour of a time zone", reports.heat_map, HeatMapQuery, HeatMap
        ),
    )
