"""What may be wrong, what happened and what was asked for in vain, by HTTP: to an account its own."""

from datetime import UTC, datetime

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.reports.world import DAY, rows_of


def test_what_was_asked_for_in_vain_is_told_by_slug_and_to_an_account_its_own(
    console: ConsoleProcess, counted: Http
) -> None:
    at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:00}"
    values = ", ".join(
        f"('{at}', '{reason}', '{domain}', '{slug}', '{host}', {requests}, 'b', {place})"
        for place, (reason, domain, slug, host, requests) in enumerate(
            [
                ("unknown", "go.example", "=1+1", "page.example", 7),
                ("expired", "go.example", "a", "", 3),
                ("unknown", "", "", "", 50),
            ]
        )
    )
    columns = "minute, reason, domain, slug, referrer_host, requests, batch, place"
    assert counted(f"INSERT INTO misses ({columns}) VALUES {values}").status == 200
    rows = rows_of(console, "unknown-slugs")
    assert [(row["slug"], row["reason"], row["referrer_host"], row["requests"]) for row in rows] == [
        ("", "unknown", "", 50),
        ("=1+1", "unknown", "page.example", 7),
        ("a", "expired", "", 3),
    ]
    assert [row["slug"] for row in rows_of(console, "unknown-slugs?reason=unknown&domain=GO.example")] == ["=1+1"]
    assert [row["slug"] for row in rows_of(console, "unknown-slugs", as_token=8)] == ["a"]
    assert rows_of(console, "unknown-slugs?since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z") == []
    text = console.ask("GET", "/v1/reports/unknown-slugs?slug=%3D1%2B1&format=csv", token=7).body.decode()
    assert "'=1+1" in text


def test_what_may_be_wrong_and_what_happened_are_of_the_callers_account(console: ConsoleProcess) -> None:
    everything = {row["finding"]: row for row in rows_of(console, f"quality?{DAY}")}
    assert (everything["clicks: bot"]["amount"], everything["rule sets"]["examples"]) == (6, ["0"])
    assert everything["counted up to"]["examples"] == ["2026-11-26T22:30:00Z"]
    assert everything["posts without a link"]["examples"] == ["x 2"]
    assert "late events" in everything
    own = {row["finding"]: row for row in rows_of(console, f"quality?{DAY}", as_token=8)}
    assert (own["clicks: bot"]["amount"], "posts without a link" in own) == (4, False)
    happened = rows_of(console, f"annotations?{DAY}")
    assert [(row["at"], row["what"], row["post"], row["impressions"]) for row in happened] == [
        ("2026-11-26T08:00:00Z", "published", "one", 0),
        ("2026-11-26T11:00:00Z", "revised", "=1+1", -40),
    ]
    assert [row["post"] for row in rows_of(console, f"annotations?{DAY}", as_token=8)] == ["=1+1"]
