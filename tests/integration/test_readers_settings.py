"""The views say the same whatever a reader's client sets with its queries, as tools of other databases do."""

from typing import Final

from tests.integration.clickhouse_http import Http
from tests.integration.counted import know_links, run_sql
from tests.integration.test_performance import random_campaigns
from tests.integration.variants.experiments import Arm, experiments

SETTINGS: Final[dict[str, str | int]] = {
    "session_timezone": "America/Los_Angeles",
    "join_use_nulls": 1,
    "transform_null_in": 1,
    "group_by_use_nulls": 1,
    "cast_keep_nullable": 1,
    "data_type_default_nullable": 1,
    "optimize_aggregation_in_order": 0,
    "enable_join_runtime_filters_index_analysis": 0,
}
_BETWEEN: Final = "since = '2026-11-03 10:00:00', until = '2026-11-20 10:00:00'"
_ARGUMENTS: Final = {
    "{by:": f"by = 'post', {_BETWEEN}",
    "{dimension:": "dimension = 'country', since = '2026-11-01', until = '2026-12-01', most = 3",
    "{zone:": "zone = 'Australia/Lord_Howe'",
    "{since:": _BETWEEN,
}


def filled(http: Http) -> Http:
    """Campaigns, an experiment, a link with rules and what was asked for in vain; as the reader."""
    random_campaigns(http, 1)
    experiments(http, {"e": {"a": Arm(10, 1000), "b": Arm(20, 1000), "c": Arm(0, 0)}})
    run_sql(http, "INSERT INTO links (link, experiment, variant, version) VALUES ('go.example/e-d', 'e', 'd', 1)")
    rules = (
        '{"compiled": {"variants": [{"number": 1, "name": "b", "destination": "https://b.example", "weight": 1}]}}'
    )
    run_sql(http, f"INSERT INTO links (link, rules, version) VALUES ('go.example/ruled', '{rules}', 1)")
    run_sql(
        http,
        "INSERT INTO misses (minute, reason, domain, slug, requests, batch, place) VALUES"
        " ('2026-11-09 10:00:00', 'unknown', 'go.example', 'nope', 3, 'b', 1),"
        " ('2026-11-09 10:00:00', 'expired', 'go.example', 'l1', 2, 'b', 2)",
    )
    know_links(http)
    return Http(http.url, http.database, "reader")


def views(http: Http) -> list[str]:
    """Every view, with arguments if it has parameters."""
    made = http.rows(
        "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"
    )
    return [
        next((f"{name}({given})" for wanted, given in _ARGUMENTS.items() if wanted in text), name)
        for name, text in made
    ]


def test_the_views_say_the_same_whatever_a_client_sets(migrated: Http) -> None:
    reader = filled(migrated)
    names = views(migrated)
    assert len(names) > 40
    for view in names:
        query = f"SELECT * FROM {view} ORDER BY ALL FORMAT TSVWithNamesAndTypes"
        usual = reader(query)
        assert usual.status == 200, (view, usual.body)
        assert reader(query, **SETTINGS).body == usual.body, view
