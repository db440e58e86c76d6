"""The insert that checks a condition on the server: what a flush is made of (see docs/adr/0003)."""

import struct
from concurrent.futures import ThreadPoolExecutor

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from tests.integration.clickhouse_http import Answer, Http, row

ONE_BLOCK = {
    "async_insert": "0",
    "deduplicate_insert": "enable",
    "max_insert_threads": "1",
    "max_block_size": "2000000",
    "max_insert_block_size": "2000000",
    "min_insert_block_size_rows": "2000000",
}
CONDITIONAL = (
    "INSERT INTO heads (part, last, note) SELECT part, last, note "
    "FROM input('part UInt32, last UInt64, note String') "
    "WHERE (SELECT max(last) FROM heads WHERE part = {part:UInt32}) = {head:UInt64} FORMAT RowBinary"
)


def conditional(http: Http, head: int, rows: bytes, token: str, **settings: str) -> Answer:
    return http(
        CONDITIONAL,
        rows,
        param_part=1,
        param_head=head,
        insert_deduplication_token=token,
        **{**ONE_BLOCK, **settings},
    )


def test_a_conditional_insert_writes_only_while_its_condition_holds(heads: Http) -> None:
    assert conditional(heads, 0, row(1, 10), "a").summary["written_rows"] == 1
    assert conditional(heads, 0, row(1, 11), "b").summary["written_rows"] == 0
    assert conditional(heads, 10, row(1, 20), "c").summary["written_rows"] == 1
    assert heads.rows("SELECT last FROM heads ORDER BY last") == [["10"], ["20"]]


def test_a_token_that_was_refused_by_the_condition_is_not_spent(heads: Http) -> None:
    conditional(heads, 99, row(1, 10), "same")
    conditional(heads, 0, row(1, 10), "same")
    assert heads.rows("SELECT last FROM heads") == [["10"]]


def test_the_same_token_with_other_content_is_dropped_with_ok(heads: Http) -> None:
    """Why an OK proves nothing: only reading the head back does."""
    assert conditional(heads, 0, row(1, 10), "same").status == 200
    second = conditional(heads, 10, row(1, 20), "same")
    assert (second.status, second.summary["written_rows"]) == (200, 1)
    assert heads.rows("SELECT last FROM heads") == [["10"]]


@pytest.mark.parametrize("same_token", [True, False])
def test_of_racing_conditional_inserts_exactly_one_wins(heads: Http, same_token: bool) -> None:
    def flush(head: int, racer: int) -> int:
        token = f"round-{head}" if same_token else f"round-{head}-{racer}"
        return conditional(heads, head, row(1, head + 1, str(racer)), token).status

    with ThreadPoolExecutor(4) as threads:
        for head in range(10):
            assert set(threads.map(flush, [head] * 4, range(4))) == {200}
    rounds = heads.rows("SELECT last, count() FROM heads GROUP BY last ORDER BY last")
    assert rounds == [[str(head + 1), "1"] for head in range(10)]


@pytest.mark.parametrize("rows", [50_000, 1_000_000])
@pytest.mark.parametrize("settings", [{}, {"min_insert_block_size_rows": "1", "max_block_size": "1000"}])
def test_a_batch_stays_one_block(heads: Http, rows: int, settings: dict[str, str]) -> None:
    heads("SYSTEM STOP MERGES heads")
    body = b"".join(struct.pack("<IQB", 1, n, 0) for n in range(rows))
    assert conditional(heads, 0, body, "batch", **settings).status == 200
    assert heads.rows(
        "SELECT count(), sum(rows) FROM system.parts WHERE active AND database = {d:String}", param_d=heads.database
    ) == [["1", str(rows)]]


@pytest.mark.parametrize("name", ["TSV", "JSONEachRow", "Native", "ArrowStream"])
def test_input_reads_any_format(heads: Http, name: str) -> None:
    rows = heads(f"SELECT 1::UInt32 AS part, number AS last, '' AS note FROM numbers(10) FORMAT {name}").body
    answer = heads(CONDITIONAL.replace("RowBinary", name), rows, param_part=1, param_head=0)
    assert answer.summary["written_rows"] == 10
    assert heads.rows("SELECT count(), max(last) FROM heads") == [["10", "9"]]


async def test_the_async_client_sends_raw_rows_with_a_condition(heads: Http, async_client: AsyncClient) -> None:
    statement = (
        CONDITIONAL.replace("{part:UInt32}", "1").replace("{head:UInt64}", "0").removesuffix(" FORMAT RowBinary")
    )
    summary = await async_client.raw_insert(
        insert_block=f"{statement} FORMAT RowBinary\n".encode() + row(1, 5),
        settings={**ONE_BLOCK, "insert_deduplication_token": "raw"},
    )
    assert summary.written_rows == 1
    assert heads.rows("SELECT part, last FROM heads") == [["1", "5"]]
