"""Every query of the dashboards, as the reader, over a stack with data."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from deploy.grafana.builder import Panel, Sql
from deploy.grafana.product import PRODUCT
from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http
from tests.integration.counted import count, link
from tests.integration.grafana import Shown
from tests.integration.migrated import make_migrated

NOVEMBER = Shown(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
OURS = "o'clock"
QUERIES = [
    pytest.param(panel, target, id=panel.title)
    for panel in PRODUCT.panels
    for target in panel.targets
    if isinstance(target, Sql)
]
ROWS_OF_ALL_TIME = "What may be wrong with the numbers"


@pytest.fixture(scope="module")
def reader(clickhouse: ClickHouse) -> Iterator[Http]:
    """Two accounts' links on two channels, two of them variants, counted in two hours of November."""
    database = "grafana_panels"
    http = make_migrated(clickhouse.url, database)
    for name, names in {
        "a": {"account": "acme", "campaign": OURS.replace("'", "''"), "post": "p", "channel": "X", "variant": "a"},
        "b": {"account": "acme", "campaign": "spring", "post": "p", "channel": "x", "variant": "b"},
        "c": {"account": "other", "campaign": "spring", "post": "q", "channel": "linkedin", "profile": "us"},
    }.items():
        link(http, name, names | ({"experiment": "e"} if "variant" in names else {}))
        for hour in (10, 11):
            at = f"2026-11-20 {hour}:00:00"
            count(http, [(name, at, "human", "", 20, 0), (name, at, "human", "platform", 0, 1000)])
            count(http, [(name, at, "bot", "", 3, 0)])
    yield Http(clickhouse.url, database, "reader")
    http(f"DROP DATABASE {database}")


def answered(http: Http, shown: Shown, query: str) -> tuple[list[str], list[list[object]]]:
    """Names of the columns and rows."""
    answer = http(f"{shown.sent(query)} FORMAT JSONCompact")
    assert answer.status == 200, answer.body
    body = json.loads(answer.body)
    return [column["name"] for column in body["meta"]], body["data"]


@pytest.mark.parametrize(("panel", "target"), QUERIES)
def test_a_panels_query_gives_the_columns_that_it_shows(reader: Http, panel: Panel, target: Sql) -> None:
    columns, rows = answered(reader, NOVEMBER, target.query)
    assert tuple(columns) == target.columns
    assert rows
    later = Shown(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC))
    _columns, rows = answered(reader, later, target.query)
    if panel.kind != "stat" and panel.title != ROWS_OF_ALL_TIME:
        assert rows == []


@pytest.mark.parametrize(("panel", "target"), QUERIES)
def test_a_choice_narrows_what_a_panel_shows(reader: Http, panel: Panel, target: Sql) -> None:
    """Nothing of an account that is not there; a name with a quote in it is a name."""
    nobody = Shown(NOVEMBER.since, NOVEMBER.until, chosen={"account": ["nobody"]})
    _columns, rows = answered(reader, nobody, target.query)
    if panel.kind == "stat":
        assert rows == [[0, 0, None]]
    elif panel.title != ROWS_OF_ALL_TIME:
        assert rows == []
    some = Shown(NOVEMBER.since, NOVEMBER.until, chosen={"campaign": [OURS, "autumn"], "channel": ["x"]})
    columns, rows = answered(reader, some, target.query)
    if "Clicks" in columns and "$campaign" in target.query:
        assert sum(int(str(row[columns.index("Clicks")])) for row in rows) == 40


def test_clicks_and_impressions_of_the_panels_are_those_that_were_counted(reader: Http) -> None:
    (totals,) = PRODUCT.panels[0].targets
    assert isinstance(totals, Sql)
    assert answered(reader, NOVEMBER, totals.query)[1] == [[120, 6000, 0.02]]
    (by_hour,) = PRODUCT.panels[1].targets
    assert isinstance(by_hour, Sql)
    assert [row[1:] for row in answered(reader, NOVEMBER, by_hour.query)[1]] == [[60, 3000], [60, 3000]]
    by_day = Shown(NOVEMBER.since, NOVEMBER.until, interval_s=86_400)
    assert answered(reader, by_day, by_hour.query)[1] == [["2026-11-20 00:00:00", 120, 6000]]


def test_a_variable_offers_what_there_is_within_what_is_chosen_before_it(reader: Http) -> None:
    account, campaign, channel = PRODUCT.choices
    acme = Shown(NOVEMBER.since, NOVEMBER.until, chosen={"account": ["acme"]})
    assert answered(reader, NOVEMBER, account.query)[1] == [["acme"], ["other"]]
    assert answered(reader, NOVEMBER, campaign.query)[1] == [[OURS], ["spring"]]
    assert answered(reader, NOVEMBER, channel.query)[1] == [["linkedin"], ["x"]]
    assert answered(reader, acme, channel.query)[1] == [["x"]]


def test_a_macro_that_grafana_does_not_know_is_no_query() -> None:
    with pytest.raises(ValueError, match="would not replace"):
        NOVEMBER.sent("SELECT $__nothing(x)")
