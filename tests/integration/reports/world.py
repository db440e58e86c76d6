"""What the reports of these tests are of, and how they are asked for."""

from typing import Any, Final

from tests.integration.clickhouse_http import Http
from tests.integration.console_process import ConsoleProcess
from tests.integration.counted import count, link, run_sql
from tests.integration.test_api import CALLERS
from tests.tokens import token

READERS: Final = (*CALLERS, token(7, "reports:read"), token(8, "reports:read", account="acme"))
DAY: Final = "since=2026-11-26T00:00:00Z&until=2026-11-27T00:00:00Z"
KINDS_DAY: Final = "since=2026-11-18T00:00:00Z&until=2026-11-19T00:00:00Z"
UNKNOWN_DAY: Final = "since=2026-11-16T00:00:00Z&until=2026-11-17T00:00:00Z"
HOOKS_DAY: Final = "since=2026-11-20T00:00:00Z&until=2026-11-21T00:00:00Z"
CLICKS: Final = {"a": 10, "b": 14, "c": 22, "unknown": 3}
"""Those of people on UNKNOWN_DAY by link; each link has one of a bot, too."""


def fill(http: Http) -> None:
    """Counts of two campaigns, one of account acme, and of an experiment."""
    run_sql(http, "SYSTEM STOP TTL MERGES events")  # these become older than what is kept
    link(http, "a", {"campaign": "spring", "post": "=1+1", "channel": "x", "profile": "p", "account": "acme"})
    link(http, "b", {"campaign": "spring", "post": "two", "channel": "linkedin", "account": "acme"})
    link(http, "c", {"campaign": "winter", "post": "one", "channel": "x", "published_at": "2026-11-26 08:00:00"})
    for variant in "ab":
        link(http, f"hook-{variant}", {"experiment": "hooks", "variant": variant})
    rows = []
    for name, clicks, impressions in (("a", 5, 1000), ("b", 7, 2000), ("c", 11, 300)):
        for hour in (9, 22):
            at = f"2026-11-26 {hour:02}:30:00"
            rows += [(name, at, "human", "", clicks, 0), (name, at, "bot", "", 1, 0)]
            rows.append((name, at, "human", "platform", 0, impressions))
    rows.append(("a", "2026-11-27 00:00:00", "human", "", 100, 0))  # the first minute left out
    for variant, clicks in (("a", 100), ("b", 180)):
        at = "2026-11-20 10:00:00"
        rows += [
            (f"hook-{variant}", at, "human", "", clicks, 0),
            (f"hook-{variant}", at, "human", "platform", 0, 10_000),
        ]
    for name, clicks, kind in (("a", 5, "served"), ("b", 7, "platform")):
        at = "2026-11-18 10:00:00"
        rows += [(name, at, "human", "", clicks, 0), (name, at, "human", kind, 0, 100)]
    for name, clicks in CLICKS.items():
        at = "2026-11-16 10:00:00"
        rows += [(name, at, "human", "", clicks, 0), (name, at, "bot", "", 1, 0)]
    count(http, rows)
    run_sql(
        http,
        "INSERT INTO snapshots (link, platform, post, series, observed_at, total, differences, received_at) VALUES"
        " ('go.example/a', 'x', '1', 'views', '2026-11-26 11:00:00', 960,"
        " [('2026-11-26 11:00:00', 'revision', 'fell', -40)], '2026-11-26 11:00:01'),"
        " ('', 'x', '2', 'views', '2026-11-26 11:00:00', 5, [], '2026-11-26 11:00:01')",
    )
    visits = (("a", 9, 1), ("a", 9, 1), ("a", 22, 1), ("a", 9, 2), ("b", 9, 1), ("c", 9, 3), ("c", 9, 0))
    visited = ", ".join(
        f"('click', 'go.example/{name}', '2026-11-26 {hour:02}:30:00', 'human', 1, {visitor}, {offset})"
        for offset, (name, hour, visitor) in enumerate(visits)
    )
    visited += "".join(
        f", ('click', 'go.example/{name}', '2026-11-18 10:00:30', 'human', 1, 1, {len(visits) + offset})"
        for offset, name in enumerate("abb")
    )
    run_sql(http, f"INSERT INTO events (type, link, time, class, count, visitor, record_offset) VALUES {visited}")


def rows_of(console: ConsoleProcess, path: str, *, as_token: int = 7) -> list[Any]:
    answer = console.ask("GET", f"/v1/reports/{path}", token=as_token)
    assert answer.status == 200, answer.body
    return list(answer.json["rows"])
