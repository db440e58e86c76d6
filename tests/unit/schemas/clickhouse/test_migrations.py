"""The migration files follow the rules that make running them twice, or two at once, safe."""

import re
from pathlib import Path

import pytest

from schemas.clickhouse.migrate import (
    MIGRATIONS_DIR,
    Migration,
    MigrationError,
    pending,
    read_migrations,
    split_statements,
)

MIGRATIONS = read_migrations()
HEADINGS = ("What", "Grain", "Writer", "Undo", "Why")
REPEATABLE = re.compile(
    r"CREATE (TABLE|DICTIONARY|FUNCTION|MATERIALIZED VIEW|DATABASE) IF NOT EXISTS "
    r"|CREATE OR REPLACE (VIEW|DICTIONARY|FUNCTION) "
    r"|INSERT INTO channels "  # rows with a version of their own take the place of themselves
    r"|INSERT INTO visitors_1h\s"  # the same visitors twice in a set are there once
    r"|DROP (TABLE|VIEW|DICTIONARY) IF EXISTS "
    r"|ALTER TABLE \w+ (ADD (COLUMN|INDEX|PROJECTION) IF NOT EXISTS|DROP (COLUMN|INDEX|PROJECTION) IF EXISTS"
    r"|MODIFY (SETTING|TTL|COLUMN( IF EXISTS)?)|COMMENT COLUMN|REWRITE PARTS|MATERIALIZE PROJECTION) "
    r"|MOVE \w+ INTO \w+\s"
    r"|ALTER TABLE \w+\n    COMMENT COLUMN "
)
ONLY_COMMENTS = re.compile(r"ALTER TABLE \w+\n(    COMMENT COLUMN \w+ '[^\n]*',\n)*    COMMENT COLUMN \w+ '[^\n]*'")


@pytest.mark.parametrize("path", sorted(MIGRATIONS_DIR.glob("*.sql")), ids=lambda path: path.name)
def test_a_file_begins_with_what_grain_writer_undo_and_why(path: Path) -> None:
    head = [line for line in path.read_text().splitlines() if line.startswith("-- ")]
    headings = [match[1] for line in head if (match := re.match(r"-- ([A-Z]\w+): +\S", line))]
    assert tuple(headings[:5]) == HEADINGS, f"{path.name}: write What:, Grain:, Writer:, Undo: and Why: at its top"


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda migration: migration.name)
def test_every_statement_may_be_repeated(migration: Migration) -> None:
    assert migration.statements
    for statement in migration.statements:
        assert REPEATABLE.match(statement), (
            f"{migration.name}: {statement[:60]!r} fails or does its work again when it is repeated"
        )


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda migration: migration.name)
def test_a_statement_that_alters_alters_one_thing(migration: Migration) -> None:
    for statement in migration.statements:
        if (
            statement.startswith("ALTER")
            and not ONLY_COMMENTS.fullmatch(statement)
            and " ADD PROJECTION " not in statement
        ):
            assert ",\n" not in statement, f"{migration.name}: write one ALTER a change"


def test_statements_end_at_a_semicolon_at_the_end_of_a_line() -> None:
    sql = "-- What: x; y;\nSELECT 'a;b';\n  -- why;\nSELECT 2\n;\n"
    assert split_statements(sql) == ("SELECT 'a;b'", "SELECT 2")


def test_a_comment_may_change_without_changing_the_checksum(tmp_path: Path) -> None:
    path = tmp_path / "0001_one.sql"
    path.write_text("-- What: a\nSELECT 1;\n")
    before = read_migrations(tmp_path)[0].checksum
    path.write_text("-- What: b\nSELECT 1;\n")
    assert read_migrations(tmp_path)[0].checksum == before
    path.write_text("-- What: b\nSELECT 2;\n")
    assert read_migrations(tmp_path)[0].checksum != before


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["0001_a.sql", "0003_b.sql"], "without holes"),
        (["0001_a.sql", "0001_b.sql"], "twins"),
        (["1_a.sql"], "name it like"),
    ],
)
def test_a_wrong_name_or_number_is_told(tmp_path: Path, names: list[str], complaint: str) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1;\n")
    with pytest.raises(MigrationError, match=complaint):
        read_migrations(tmp_path)


ONE, TWO = Migration(1, "0001_one.sql", ("SELECT 1",)), Migration(2, "0002_two.sql", ("SELECT 2",))


def test_pending_are_those_that_were_not_applied() -> None:
    assert pending([ONE, TWO], {}) == [ONE, TWO]
    assert pending([ONE, TWO], {1: (ONE.name, ONE.checksum)}) == [TWO]


def test_a_changed_file_that_was_applied_is_named_with_what_to_do() -> None:
    with pytest.raises(MigrationError, match=r"0001_one\.sql was changed .* restore it .* 0003_"):
        pending([ONE, TWO], {1: (ONE.name, "other")})


def test_a_database_of_a_newer_release_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"0002_two\.sql, .*newer release"):
        pending([ONE], {1: (ONE.name, ONE.checksum), 2: (TWO.name, TWO.checksum)})
