"""Whatever a report's query says, its statement says it by parameters: each field of text of each query."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final
from urllib.parse import quote

import pytest
from msgspec import inspect

from console.api.click_report import ClicksQuery, clicks_by
from console.api.comparing import SIDE_LABELS, CompareQuery, comparing
from console.api.other_reports import annotations, destinations, quality, variants
from console.api.problems import Problem
from console.api.report_wire import (
    AnnotationsQuery,
    BreakdownQuery,
    DestinationsQuery,
    HeatMapQuery,
    QualityQuery,
    ReportQuery,
    SeriesQuery,
    TimeFilters,
    TotalsQuery,
    UnknownSlugsQuery,
    VariantsQuery,
)
from console.api.reports import Statement, breakdown, heat_map, performance, series
from console.api.totals import totals
from console.api.uniques import UniquesQuery, uniques
from console.api.unknown_slugs import unknown_slugs

NOW: Final = datetime(2026, 11, 27, 12, 30, 15, tzinfo=UTC)
WILD: Final = "x' OR 1=1 --"
STATEMENTS: Final[Mapping[type[TimeFilters], Callable[[Any], Statement]]] = {
    ReportQuery: lambda query: performance("posts", query, "", NOW),
    TotalsQuery: lambda query: totals(query, "", NOW),
    BreakdownQuery: lambda query: breakdown(query, "", NOW),
    SeriesQuery: lambda query: series(query, "", NOW),
    HeatMapQuery: lambda query: heat_map(query, "", NOW),
    ClicksQuery: lambda query: clicks_by(query, "", NOW),
    CompareQuery: lambda query: comparing(query, "", NOW)[0],
    UniquesQuery: lambda query: uniques(query, "", NOW),
    VariantsQuery: lambda query: variants(query, "", NOW),
    DestinationsQuery: lambda query: destinations(query, "", NOW),
    QualityQuery: lambda query: quality(query, "", NOW, all_accounts=True),
    UnknownSlugsQuery: lambda query: unknown_slugs(query, "", NOW),
    AnnotationsQuery: lambda query: annotations(query, "", NOW),
}
WITH: Final[Mapping[type[TimeFilters], dict[str, Any]]] = {
    ReportQuery: {"previous": True},
    BreakdownQuery: {"by": "channel", "traffic": "bot"},
    ClicksQuery: {"by": "country"},
    CompareQuery: {"of": ["campaign=spring"]},
}
"""What a query says beside: what it needs, and what makes its statement ask for more."""


def queries(parent: type[TimeFilters] = TimeFilters) -> Iterator[type[TimeFilters]]:
    """Those that no other extends."""
    for child in parent.__subclasses__():
        yield from queries(child) if child.__subclasses__() else (child,)


def kinds(field: inspect.Type) -> Iterator[type[inspect.Type]]:
    """What a field may be, without what is said of it."""
    match field:
        case inspect.Metadata():
            yield from kinds(field.type)
        case inspect.UnionType():
            yield from chain.from_iterable(map(kinds, field.types))
        case _:
            yield type(field)


def wild_values(query: type[TimeFilters]) -> Iterator[dict[str, Any]]:
    """Each field that takes any text, alone; sides of a comparison by each of their labels."""
    described = inspect.type_info(query)
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        if field.name == "of":
            yield from ({"of": [f"{label}={quote(WILD)}"]} for label in SIDE_LABELS)
        elif inspect.StrType in kinds(field.type):
            yield {field.name: WILD}
        elif inspect.ListType in kinds(field.type):
            yield {field.name: [WILD, "tame"]}


def test_every_query_of_a_report_is_asked() -> None:
    assert set(queries()) == STATEMENTS.keys()
    fields = {name for given in wild_values(SeriesQuery) for name in given}
    assert {"campaign", "not_post", "link", "zone", "by", "posts"} <= fields
    assert fields.isdisjoint({"since", "limit", "unit", "kind", "traffic"})


@pytest.mark.parametrize("query", STATEMENTS, ids=lambda query: query.__name__)
def test_what_somebody_wrote_is_never_part_of_a_statement(query: type[TimeFilters]) -> None:
    refused = []
    for given in wild_values(query):
        try:
            statement = STATEMENTS[query](query(**WITH.get(query, {}) | given))
        except Problem as problem:
            refused.append((problem.details.parameter, *given))
            continue
        assert WILD.lower() not in statement.text.lower()
        assert {WILD, WILD.lower()} & set(dict(statement.parameters).values()), given
    assert all(parameter == name for parameter, name in refused)
