"""Experiments as tests make them, and their rows as the view gives them."""

from typing import NamedTuple

import pytest

from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql

AT = "2026-11-20 10:00:00"
HUGE = 2**50
COLUMNS = (
    "variant, is_control, clicks, impressions, ctr_from, ctr_to, difference, difference_from, difference_to,"
    " lift, enough_data, p_value, p_adjusted, sample_ratio_p, is_winner, verdict"
)


class Arm(NamedTuple):
    """What is counted for a variant, and its declared weight."""

    clicks: int
    impressions: int
    weight: float | None = None


class VariantRow(NamedTuple):
    """A row of the view."""

    variant: str
    is_control: bool
    clicks: int
    impressions: int
    ctr: tuple[float | None, float | None]
    difference: tuple[float | None, float | None, float | None]
    lift: float | None
    enough: bool
    p_value: float | None
    p_adjusted: float | None
    ratio_p: float | None
    is_winner: bool
    verdict: str


def experiments(http: Http, arms: dict[str, dict[str, Arm]], kind: str = "viewable") -> None:
    """Each variant is one link of its experiment, on a channel without ranges or kinds of its own."""
    links, counters = [], []
    for experiment, variants in arms.items():
        for variant, arm in variants.items():
            name = f"go.example/{experiment}-{variant}"
            tags = "[]" if arm.weight is None else f"['weight={arm.weight}', 'other']"
            links.append(f"('{name}', '{experiment}', '{variant}', {tags}, 1)")
            counters.append(f"(0, '{name}', '{AT}', 'human', '', {arm.clicks}, 0)")
            counters.append(f"(0, '{name}', '{AT}', 'human', '{kind}', 0, {arm.impressions})")
    run_sql(http, f"INSERT INTO links (link, experiment, variant, tags, version) VALUES {', '.join(links)}")
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        f" SETTINGS insert_deduplicate = 0 VALUES {', '.join(counters)}",
    )


def number(cell: str) -> float | None:
    return None if cell == r"\N" else float(cell)


def rows_by_experiment(http: Http) -> dict[str, list[VariantRow]]:
    """The rows of each experiment, the control first, then by name."""
    rows = http.rows(f"SELECT experiment, {COLUMNS} FROM variant_comparison ORDER BY is_control DESC, variant")
    experiments: dict[str, list[VariantRow]] = {}
    for name, *row in rows:
        one = VariantRow(
            row[0],
            row[1] == "true",
            int(row[2]),
            int(row[3]),
            (number(row[4]), number(row[5])),
            (number(row[6]), number(row[7]), number(row[8])),
            number(row[9]),
            row[10] == "true",
            number(row[11]),
            number(row[12]),
            number(row[13]),
            row[14] == "true",
            row[15],
        )
        experiments.setdefault(name, []).append(one)
    return experiments


def experiment_rows(http: Http, experiment: str = "e") -> list[VariantRow]:
    return rows_by_experiment(http)[experiment]


def close(got: float | None, expected: float, *, rel: float = 1e-9, absolute: float = 1e-13) -> None:
    assert got is not None
    assert got == pytest.approx(expected, rel=rel, abs=absolute)
