from schemas.clickhouse.migrate import read_migrations
from schemas.clickhouse.qualify import qualified, unqualified, views_with_parameters

STATEMENTS = (
    "CREATE TABLE t (a Int8) ENGINE = Memory",
    "CREATE OR REPLACE VIEW late AS SELECT * FROM t WHERE a > {since:DateTime('UTC')}",
    "CREATE VIEW IF NOT EXISTS zoned AS SELECT {zone:String} FROM t",
    "CREATE OR REPLACE VIEW plain AS SELECT * FROM late(since = '1970-01-01 00:00:00')",
)


def test_views_with_parameters_are_found() -> None:
    assert views_with_parameters(STATEMENTS) == {"late", "zoned"}
    ours = [statement for migration in read_migrations() for statement in migration.statements]
    assert {"link_performance_between", "link_sums_between", "ctr_1d_tz"} <= views_with_parameters(ours)


def test_calls_of_a_view_name_its_database() -> None:
    views = views_with_parameters(STATEMENTS)
    assert qualified(STATEMENTS[3], views, "d") == (
        "CREATE OR REPLACE VIEW plain AS SELECT * FROM d.late(since = '1970-01-01 00:00:00')"
    )
    for statement in STATEMENTS[:3]:
        assert qualified(statement, views, "d") == statement


def test_what_is_qualified_or_called_otherwise_stays() -> None:
    for body in ("SELECT * FROM d.late(since = 0)", "SELECT too_late(1)", "SELECT late FROM t"):
        assert qualified(f"CREATE VIEW v AS {body}", ["late"], "e") == f"CREATE VIEW v AS {body}"
    assert qualified("CREATE VIEW v AS SELECT late(1)", [], "e") == "CREATE VIEW v AS SELECT late(1)"
    assert qualified("INSERT INTO t SELECT * FROM late(since = 0)", ["late"], "e").endswith("FROM late(since = 0)")


def test_a_view_that_was_made_before_is_made_anew_as_it_was_defined_last() -> None:
    newer = "CREATE OR REPLACE VIEW plain AS SELECT 1 FROM late(since = '1970-01-01 00:00:00')"
    statements = (*STATEMENTS, newer)
    before = ("plain", "SELECT * FROM late(since = '1970-01-01 00:00:00')")
    since = ("plain", "SELECT * FROM d.late(since = '1970-01-01 00:00:00')")
    assert unqualified([before], statements) == [newer]
    assert unqualified([since, ("somebodys_own", before[1]), ("t", "")], statements) == []
    assert unqualified([before], STATEMENTS[:1]) == []


def test_a_view_names_the_database_of_its_dictionaries() -> None:
    statement = "CREATE OR REPLACE VIEW v AS SELECT dictGet('names', 'a', b), dictHas(\n    'names', b), 'names'"
    assert qualified(statement, (), "here") == (
        "CREATE OR REPLACE VIEW v AS SELECT dictGet('here.names', 'a', b), dictHas(\n    'here.names', b), 'names'"
    )
