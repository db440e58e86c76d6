"""Links and counters as the stream would have written them, for tests of the views."""

from collections.abc import Mapping

from tests.integration.clickhouse_http import Http


def run_sql(http: Http, statement: str) -> None:
    answer = http(statement)
    assert answer.status == 200, answer.body


def link(http: Http, name: str, names: Mapping[str, str], *, version: int = 1, deleted: bool = False) -> None:
    """One version of a link, in a part of its own; `names` are columns."""
    columns = "".join(f", {column}" for column in names)
    values = "".join(f", '{value}'" for value in names.values())
    run_sql(
        http,
        f"INSERT INTO links (link, version, deleted{columns})"
        f" VALUES ('go.example/{name}', {version}, {deleted}{values})",
    )
    know_links(http)


def know_links(http: Http) -> None:
    """Let reports know the links and channels of now: by itself the dictionary follows within seconds."""
    run_sql(http, "SYSTEM RELOAD DICTIONARY link_names")


def count(http: Http, rows: list[tuple[str, str, str, str, int, int]]) -> None:
    """Deltas: link, minute, class, kind of impressions, clicks, impressions."""
    values = ", ".join(
        f"(0, 'go.example/{name}', '{at}', '{class_}', '{kind}', {clicks}, {impressions})"
        for name, at, class_, kind, clicks, impressions in rows
    )
    run_sql(
        http,
        "INSERT INTO counters (kind, link, window_start, class, impression_kind, clicks, impressions)"
        f" SETTINGS insert_deduplicate = 0 VALUES {values}",
    )
