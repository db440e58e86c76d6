"""The destinations of one link as the view tells them: clicks, visitors, and whether they were split as meant."""

from typing import Any, Final

import msgspec
import pytest
from scipy.stats import chisquare

from console.link_rules import as_kept
from schemas.rules import EARLY, EXPIRED, LinkRules, Retired, Rule, Variant
from tests.integration.clickhouse_http import Http
from tests.integration.counted import run_sql

LINK: Final = "go.example/split"
SPLIT_AT_MS: Final = 1_795_000_000_000
COLUMNS: Final = "destination, name, kind, clicks, gross_clicks, scans, visitors, expected_share, share"
B: Final = Variant(number=1, name="b", destination="https://example.com/b", weight=3)
C: Final = Variant(number=7, name="c", destination="https://example.com/c", weight=0)


@pytest.fixture
def clicked(migrated: Http) -> Http:
    run_sql(migrated, "TRUNCATE TABLE events")
    return migrated


def ruled(http: Http, rules: LinkRules, link: str = LINK) -> None:
    kept = msgspec.json.encode(as_kept(rules)).decode()
    run_sql(
        http,
        "INSERT INTO links (link, destination, account, variant, rules, version)"
        f" VALUES ('{link}', 'https://example.com/', 'acme', 'a', '{kept}', 1)",
    )


def clicks(http: Http, number: int, visitors: range, *, at_ms: int = SPLIT_AT_MS, **fields: Any) -> None:
    """One click of each visitor."""
    named = {"judged": "human", "scan": 0, "link": LINK} | fields
    run_sql(
        http,
        "INSERT INTO events (type, time, link, class, scan, count, destination, visitor, topic, record_offset)"
        f" SELECT 'click', fromUnixTimestamp64Milli({at_ms}), '{named['link']}', '{named['judged']}',"
        f" {named['scan']}, 1, {number}, number, 'clicks', rand64()"
        f" FROM numbers({visitors.start}, {len(visitors)})",
    )


def rows(http: Http, columns: str = COLUMNS) -> list[list[str]]:
    return http.rows(f"SELECT {columns} FROM link_destinations WHERE link = '{LINK}' ORDER BY destination")


def test_every_destination_that_a_link_has_or_had_is_told_with_its_clicks(clicked: Http) -> None:
    rules = LinkRules(
        variants=(B, C),
        split_at_ms=SPLIT_AT_MS,
        rules=(Rule(number=2, name="german", destination="https://example.com/de", countries=("DE",)),),
        retired=(Retired(number=3, name="old"),),
        starts_at_ms=1,
        early_destination="https://example.com/soon",
        expired_destination="https://example.com/over",
    )
    ruled(clicked, rules)
    ruled(clicked, LinkRules(utm_source="x"), "go.example/other")
    clicks(clicked, 0, range(1, 11))
    clicks(clicked, 0, range(1, 11))
    clicks(clicked, 1, range(11, 41))
    clicks(clicked, 1, range(41, 46), scan=1)
    clicks(clicked, 1, range(900, 907), judged="bot")
    clicks(clicked, 2, range(50, 54))
    clicks(clicked, 3, range(60, 62), at_ms=SPLIT_AT_MS - 1)
    clicks(clicked, EXPIRED, range(70, 71))
    clicks(clicked, 0, range(1, 100), link="go.example/other")
    assert rows(clicked) == [
        ["0", "a", "own", "20", "20", "0", "10", "0.25", str(10 / 45)],
        ["1", "b", "variant", "35", "42", "5", "35", "0.75", str(35 / 45)],
        ["2", "german", "rule", "4", "4", "0", "4", r"\N", r"\N"],
        ["3", "old", "retired", "2", "2", "0", "0", r"\N", r"\N"],
        ["7", "c", "variant", "0", "0", "0", "0", r"\N", r"\N"],
        [str(EARLY), "", "early", "0", "0", "0", "0", r"\N", r"\N"],
        [str(EXPIRED), "", "expired", "1", "1", "0", "1", r"\N", r"\N"],
    ]
    assert rows(clicked, "account, url")[:2] == [
        ["acme", "https://example.com/"],
        ["acme", "https://example.com/b"],
    ]
    assert clicked.rows(
        "SELECT destination, clicks, expected_share FROM link_destinations WHERE link LIKE '%other'"
    ) == [["0", "99", r"\N"]]


@pytest.mark.parametrize("counted", [(100, 300), (130, 270), (5, 15), (90, 310)])
def test_visitors_are_compared_with_the_weights_as_scipy_does(clicked: Http, counted: tuple[int, int]) -> None:
    ruled(clicked, LinkRules(variants=(B, C), split_at_ms=SPLIT_AT_MS))
    clicks(clicked, 0, range(1, counted[0] + 1))
    clicks(clicked, 1, range(1000, 1000 + counted[1]))
    # Before the weights were so, and of nobody that is known: each click without a visitor is one.
    clicks(clicked, 1, range(5000, 5900), at_ms=SPLIT_AT_MS - 1)
    expected = chisquare(counted, [sum(counted) / 4, sum(counted) * 3 / 4]).pvalue
    for p, mismatch in rows(clicked, "sample_ratio_p, sample_ratio_mismatch"):
        assert float(p) == pytest.approx(expected, rel=1e-9)
        assert mismatch == ("true" if expected < 0.001 else "false")


def test_three_destinations_are_compared_too_and_clicks_without_a_visitor_count_each(clicked: Http) -> None:
    ruled(clicked, LinkRules(variants=(B, msgspec.structs.replace(C, weight=4)), split_at_ms=SPLIT_AT_MS))
    counted = (40, 30, 80)
    for number, count in zip((0, 1, 7), counted, strict=True):
        for _ in range(count // 10):
            clicks(clicked, number, range(1))
        clicks(clicked, number, range(100 * number + 1, 100 * number + 1 + count - count // 10))
    expected = chisquare(counted, [sum(counted) * share / 8 for share in (1, 3, 4)]).pvalue
    assert float(rows(clicked, "sample_ratio_p")[0][0]) == pytest.approx(expected, rel=1e-9)


def test_too_few_visitors_say_nothing_of_the_split(clicked: Http) -> None:
    ruled(clicked, LinkRules(variants=(B,), split_at_ms=SPLIT_AT_MS))
    clicks(clicked, 1, range(1, 20))
    assert {(p, mismatch) for p, mismatch in rows(clicked, "sample_ratio_p, sample_ratio_mismatch")} == {
        (r"\N", "false")
    }
    clicks(clicked, 1, range(20, 21))
    assert rows(clicked, "sample_ratio_p")[0][0] != r"\N"
