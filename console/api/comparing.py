"""Any sides against each other: from a query to one statement, from its rows to a comparison; without any I/O."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from console.api.by_labels import LABELS
from console.api.comparison import MOST, Arm, Comparison, compare
from console.api.problems import Problem
from console.api.report_filters import NAMES, wanted_links, where
from console.api.report_wire import Counts, TimeFilters
from console.api.reports import Statement, links_counted, sums, times_of

SIDE_LABELS: Final = ("account", "campaign", "post", "channel", "profile", "experiment", "variant", "link")
_OF_FEW: Final = ("campaign", "post", "experiment", "variant", "link")
"""A side that names one of these has few links."""
_SIDE_CHARS: Final = 2000
_WEIGHT: Final = (
    "ifNotFinite(arrayMax(arrayMap(tag -> if(startsWith(tag, 'weight='), toFloat64OrZero(substring(tag, 8)), 0),"
    " tags)), 0) AS weight"
)
_LABELLED: Final = f"""(
    SELECT link, {NAMES}, variant, toString(links.experiment) AS experiment, {_WEIGHT}
    FROM links FINAL
)"""  # noqa: S608 - a constant
_MEANINGS: Final = {
    "winner": "one is better than each of the others, by more than chance",
    "no winner yet": "there is enough data, and the best one is not better than each other by more than chance",
    "not enough data yet": "some side has too little to say anything",
    "sample ratio mismatch": "the audience was not split as the weights say: find out why before you believe any",
    "impressions of different kinds": "their CTRs divide by different things",
    "more clicks than impressions": "something is counted on one side only",
    "the same links on several sides": "what is counted on two sides cannot be compared between them",
    "nothing to compare": "there is one side only",
}


SideText = Annotated[str, Meta(min_length=1, max_length=_SIDE_CHARS)]


class CompareQuery(TimeFilters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The query of a comparison: its filters hold for all sides, beside each side's own labels."""

    of: Annotated[
        list[SideText],
        Meta(
            min_length=1,
            max_length=MOST,
            description="a side, given once for each: labels as in a query, percent-encoded as a whole, such as"
            " campaign%3Dspring%26channel%3Dx; the first one is the control",
        ),
    ]


class Side(Counts, kw_only=True):
    """What was counted of links that have all of these labels."""

    labels: dict[str, str]
    links: int
    ctr_from: float | None
    ctr_to: float | None
    weight: Annotated[float, Meta(description="declared part of the audience (tag weight=2 of a link); 0: none")]
    enough_data: bool
    is_winner: bool


class PairOfSides(msgspec.Struct, kw_only=True):
    """Two sides by their places from 0; `difference` is the measure of the second less that of the first."""

    first: int
    second: int
    difference: float | None
    difference_from: float | None
    difference_to: float | None
    p_value: float | None
    p_adjusted: Annotated[float | None, Meta(description="p_value corrected for all pairs (Holm)")]
    verdict: Annotated[
        str, Meta(description="of the second: better, worse or undecided; empty where p is not right")
    ]


class CompareReport(msgspec.Struct, kw_only=True):
    """The sides, each pair of them, and what they say together."""

    since: datetime
    until: datetime
    measure: Annotated[str, Meta(description="ctr; clicks (by weight) where nothing has impressions")]
    rows: list[Side]
    pairs: list[PairOfSides]
    sample_ratio_p: Annotated[float | None, Meta(description="where weights are declared")]
    verdict: str
    meaning: str


class Counted(Counts, kw_only=True):
    """A row of the statement; sides of which nothing was counted have none."""

    side: int
    links: int
    on_several: int
    weight: float


def comparing(query: CompareQuery, account: str, now: datetime) -> tuple[Statement, list[dict[str, str]]]:
    """The statement, and the labels of each side. Raises Problem."""
    since, until = times_of(query, now)
    wanted = wanted_links(query, account)
    sides = [side_labels(one) for one in query.of]
    given: list[tuple[str, Any]] = list(wanted.parameters)
    fits = []
    for number, labels in enumerate(sides):
        for name, value in labels.items():
            given.append((f"{name}_{number}", value))
        fits.append(" AND ".join(f"{name} = {{{name}_{number}:String}}" for name in labels))
    few = wanted.are_few or all(any(labels.get(name) for name in _OF_FEW) for labels in sides)
    labelled, among = _LABELLED, ""
    if not (wanted.with_unknown and any(not any(labels.values()) for labels in sides)):
        on_a_side = f"({' OR '.join(fits)})"
        labelled = f"(SELECT * FROM {_LABELLED}{where([*wanted.conditions, on_a_side])})"  # noqa: S608 - closed sets
        among = f" WHERE link IN (SELECT link FROM {labelled})"  # noqa: S608 - closed sets
    inner = (
        f"SELECT * FROM (SELECT * EXCEPT ({', '.join(LABELS)}) FROM {links_counted(since, until, few=few)}"  # noqa: S608 - closed sets
        f"{among}) AS counted LEFT JOIN {labelled} AS labelled USING (link)"
    )
    text = (
        f"SELECT arrayJoin(sides) AS side, count() AS links, {sums()}, countIf(length(sides) > 1) AS on_several,"  # noqa: S608 - closed sets
        f" max(weight) AS weight FROM (SELECT *, arrayFilter((side, fits) -> fits, range({len(sides)}),"
        f" [{', '.join(fits)}]) AS sides FROM ({inner}){where(list(wanted.conditions))}) AS counted"
        " WHERE notEmpty(sides) GROUP BY side ORDER BY side"
    )
    return Statement(text, tuple(given), since, until), sides


def report_of(statement: Statement, sides: Sequence[dict[str, str]], rows: Sequence[Counted]) -> CompareReport:
    """The comparison of what was counted."""
    counted = {row.side: row for row in rows}
    nothing = Counted(
        side=0, links=0, on_several=0, weight=0.0, clicks=0, gross_clicks=0, impressions=0, kinds=[], ctr=None
    )
    every = [counted.get(number, nothing) for number in range(len(sides))]
    arms = [
        Arm(clicks=row.clicks, impressions=row.impressions, kinds=tuple(row.kinds), weight=row.weight)
        for row in every
    ]
    compared = compare(arms, overlap=any(row.on_several for row in rows))
    return CompareReport(
        since=statement.since,
        until=statement.until,
        measure=compared.measure,
        rows=[
            _side(labels, row, compared, number)
            for number, (labels, row) in enumerate(zip(sides, every, strict=True))
        ],
        pairs=_pairs(compared),
        sample_ratio_p=compared.sample_ratio_p,
        verdict=compared.verdict,
        meaning=_MEANINGS[compared.verdict],
    )


def side_labels(side: str) -> dict[str, str]:
    """The labels that a side is. Raises Problem."""
    try:
        pairs = parse_qsl(side, keep_blank_values=True, strict_parsing=True, max_num_fields=len(SIDE_LABELS))
    except ValueError:
        pairs = []
    labels = {name: value.strip().lower() if name == "channel" else value for name, value in pairs}
    if not labels or len(labels) < len(pairs) or not labels.keys() <= set(SIDE_LABELS):
        raise Problem(
            "bad-request",
            f"{side[:100]!r} is no side: give labels among {', '.join(SIDE_LABELS)}, each once, such as"
            " campaign%3Dspring%26channel%3Dx",
            parameter="of",
        )
    return labels


def _side(labels: dict[str, str], row: Counted, compared: Comparison, number: int) -> Side:
    interval = compared.intervals[number]
    return Side(
        labels=labels,
        links=row.links,
        clicks=row.clicks,
        gross_clicks=row.gross_clicks,
        impressions=row.impressions,
        kinds=row.kinds,
        ctr=row.ctr,
        ctr_from=interval[0] if interval else None,
        ctr_to=interval[1] if interval else None,
        weight=row.weight,
        enough_data=compared.enough[number],
        is_winner=compared.winner == number,
    )


def _pairs(compared: Comparison) -> list[PairOfSides]:
    pairs = []
    for pair in compared.pairs:
        verdict = ""
        if pair.p_adjusted is not None:
            verdict = "undecided"
            if pair.is_decided:
                verdict = "better" if (pair.difference or 0.0) > 0 else "worse"
        pairs.append(
            PairOfSides(
                first=pair.first,
                second=pair.second,
                difference=pair.difference,
                difference_from=pair.interval[0] if pair.interval else None,
                difference_to=pair.interval[1] if pair.interval else None,
                p_value=pair.p_value,
                p_adjusted=pair.p_adjusted,
                verdict=verdict,
            )
        )
    return pairs
