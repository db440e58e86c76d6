"""Where a statement ends and its rows begin."""

import time

import pytest

from deploy.local.clickhouse.statement import parse, tokens

INPUT = (
    b"INSERT INTO t (a) SELECT a FROM input('a UInt8, b String') WHERE (SELECT max(a) FROM t) = 0 FORMAT RowBinary"
)


@pytest.mark.parametrize(
    ("text", "sql", "name", "rows"),
    [
        (b"INSERT INTO t FORMAT TSV\n1\n", b"INSERT INTO t ", "TSV", b"1\n"),
        (b"INSERT INTO t FORMAT RowBinary\n\n \x00", b"INSERT INTO t ", "RowBinary", b"\n \x00"),
        (b"insert into t format CSV 1,2", b"insert into t ", "CSV", b"1,2"),
        (b"INSERT INTO t (`format`) FORMAT TSV\r\n1", b"INSERT INTO t (`format`) ", "TSV", b"1"),
        (b"/* FORMAT x */ INSERT INTO t FORMAT TSV ;\n1", b"/* FORMAT x */ INSERT INTO t ", "TSV", b"1"),
        (
            b"INSERT INTO t SETTINGS a='FORMAT x' FORMAT TSV\n1",
            b"INSERT INTO t SETTINGS a='FORMAT x' ",
            "TSV",
            b"1",
        ),
        (b"INSERT INTO t FORMAT TSV SETTINGS a=1, b='x'\n1", b"INSERT INTO t  SETTINGS a=1, b='x'", "TSV", b"1"),
    ],
)
def test_rows_follow_the_format_clause(text: bytes, sql: bytes, name: str, rows: bytes) -> None:
    statement = parse(text)
    assert (statement.sql, statement.rows_format, text[statement.rows_at :]) == (sql, name, rows)


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t VALUES (1, 'FORMAT TSV')",
        b"INSERT INTO t SELECT format FROM u",
        b"INSERT INTO t SELECT (SELECT 1 AS format)",
        b"SELECT 1",
        b"",
    ],
)
def test_a_statement_without_rows_is_left_whole(text: bytes) -> None:
    statement = parse(text)
    assert (statement.sql, statement.rows_format) == (text, None)


def test_input_becomes_a_table_of_its_structure() -> None:
    statement = parse(INPUT + b"\n\x01\x02")
    assert statement.reading_table("rows") == (
        b"INSERT INTO t (a) SELECT a FROM rows WHERE (SELECT max(a) FROM t) = 0 "
    )
    assert statement.input_structure == b"a UInt8, b String"


def test_a_structure_is_unquoted() -> None:
    text = b"INSERT INTO t SELECT * FROM input('a Enum(''x'' = 1), b Enum(\\'y\\' = 2)') FORMAT TSV\n"
    assert parse(text).input_structure == b"a Enum('x' = 1), b Enum('y' = 2)"


@pytest.mark.parametrize(
    ("text", "into"),
    [
        (b"SELECT 1", b"SELECT 1 INTO OUTFILE 'p' APPEND FORMAT JSON"),
        (b"SELECT 1 ; -- end", b"SELECT 1 INTO OUTFILE 'p' APPEND FORMAT JSON"),
        (b"SELECT 1 -- end", b"SELECT 1 INTO OUTFILE 'p' APPEND FORMAT JSON"),
        (b"SELECT 1 FORMAT CSV SETTINGS a = 1", b"SELECT 1  INTO OUTFILE 'p' APPEND FORMAT CSV SETTINGS a = 1"),
        (b"SELECT format FROM t", b"SELECT format FROM t INTO OUTFILE 'p' APPEND FORMAT JSON"),
    ],
)
def test_a_query_is_told_where_its_answer_goes(text: bytes, into: bytes) -> None:
    assert parse(text).into("'p'", "JSON") == into


def test_an_input_that_is_no_table_is_left_alone() -> None:
    assert parse(b"INSERT INTO t SELECT input(1), 'FROM input(2)' FROM u FORMAT TSV\n").input_call is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"SELECT 1 FORMAT JSON", "JSON"),
        (b"SELECT 1 FORMAT JSON SETTINGS max_threads=1;", "JSON"),
        (b"WITH 1 AS x SELECT x -- FORMAT CSV", None),
        (b"SELECT format FROM t", None),
        (b"SELECT 'FORMAT CSV', $$ FORMAT CSV $$", None),
    ],
)
def test_a_query_names_its_answers_format_or_does_not(text: bytes, name: str | None) -> None:
    assert parse(text).output_format == name


@pytest.mark.parametrize(
    "text",
    [b"SELECT " + b"'a\\" * 20_000, b"SELECT " + b"/* " * 80_000, b"".join(b"$a%d$ " % at for at in range(20_000))],
    ids=["quotes", "comments", "heredocs"],
)
def test_what_is_never_closed_is_looked_at_once(text: bytes) -> None:
    """One of 60 KB held the interpreter, and with it every client, for ten seconds."""
    before = time.process_time()
    parse(text)
    assert time.process_time() - before < 3


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (b"a $$b c$$ d", ["word", "quoted", "word"]),
        (b"a $x$b $y$ $$ c$x$ d", ["word", "quoted", "word"]),
        (b"a $x$ b", ["word", "sign", "word", "word"]),
        (b"'a''b\\'c' 'd", ["quoted", "sign"]),
        (b"'a'' b", ["sign"]),
        (b'`a``b` "c""d\\"" 1.5e3', ["quoted", "quoted", "number"]),
        (b"a /* 'b */ c -- 'd\ne", ["word", "word", "word"]),
        (b"a /* b", ["word", "sign"]),
    ],
)
def test_literals_end_where_the_engine_ends_them(text: bytes, kinds: list[str]) -> None:
    assert [token.kind for token in tokens(text)] == kinds
