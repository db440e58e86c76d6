"""What clients may expect of ClickHouse's HTTP interface; the embedded front must give all of it.

Nothing here knows that the engine is embedded, but for the fixture: a server must pass it too.
"""

import asyncio
import gzip
import io
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import aiohttp
import clickhouse_connect
import cramjam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http, row
from tests.integration.clickhouse_queries import LONG, left_waiting, running
from tests.looking import until

PAUSES = "sleepEachRow(0.2)"


@pytest.fixture
def client(clickhouse: ClickHouse, http: Http) -> Iterator[Client]:
    made = clickhouse_connect.get_client(host=clickhouse.host, port=clickhouse.port, database=http.database)
    yield made
    made.close()


# Talking


def test_a_ping_answers_ok_and_replicas_are_fine(clickhouse: ClickHouse) -> None:
    for path in ("ping", "replicas_status"):
        with urllib.request.urlopen(f"{clickhouse.url}/{path}", timeout=10) as answer:  # noqa: S310 - as above
            assert answer.read() == b"Ok.\n"


def test_a_query_may_stand_in_the_url_in_the_body_or_in_both(http: Http) -> None:
    assert http("SELECT 1").body == b"1\n"
    assert http("SELECT 1", None).body == b"1\n"
    assert http("", b"SELECT 2").body == b"2\n"
    assert http("SELECT", b"3").body == b"3\n"


def test_a_get_may_read_but_not_write(heads: Http) -> None:
    refused = heads("INSERT INTO heads VALUES (1, 1, '')", None)
    assert (refused.status, refused.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
    assert heads.rows("SELECT count() FROM heads") == [["0"]]


def test_parameters_are_bound_by_their_type(http: Http) -> None:
    assert http.rows("SELECT {a:UInt64} + 1, {b:String}", param_a=41, param_b="it's \\\\ {here}") == [
        ["42", "it\\'s \\\\ {here}"]
    ]
    assert http("SELECT {a:UInt64}", param_a="x").headers["X-ClickHouse-Exception-Code"] == "457"


def test_a_setting_in_the_url_is_for_that_query_alone(http: Http) -> None:
    query = "SELECT getSetting('max_threads'), getSetting('log_comment')"
    before = http.rows(query)
    assert http.rows(query, max_threads=1, log_comment="it's") == [["1", "it\\'s"]]
    assert http.rows(query) == before


def test_settings_of_queries_that_run_together_do_not_mix(http: Http) -> None:
    def ask(number: int) -> list[list[str]]:
        return http.rows("SELECT getSetting('max_threads'), sleep(0.02)", max_threads=number)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(1, 33)))
    assert answers == [[[str(number), "0"]] for number in range(1, 33)]


def test_an_answer_carries_the_headers_of_a_server(http: Http) -> None:
    answer = http("SELECT number FROM numbers(10) FORMAT JSONEachRow", query_id="mine")
    assert answer.headers["X-ClickHouse-Query-Id"] == "mine"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    assert answer.summary["result_rows"] == 10


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [({}, {"default_format": "CSV"}), ({"X-ClickHouse-Format": "CSV"}, {})],
    ids=["parameter", "header"],
)
def test_the_default_format_is_taken_from_parameter_or_header_and_a_clause_wins(
    http: Http, headers: dict[str, str], parameters: dict[str, str]
) -> None:
    assert http("SELECT 'a', 1", b"", headers, **parameters).body == b'"a",1\n'
    assert http("SELECT 'a', 1 FORMAT TSV", b"", headers, **parameters).body == b"a\t1\n"


# Errors


@pytest.mark.parametrize(
    ("query", "body", "code", "status"),
    [
        ("SELECT * FROM nowhere", b"", 60, 404),
        ("SELEC 1", b"", 62, 400),
        ("SELECT nothing", b"", 47, 404),
        ("SELECT 1 FORMAT Nope", b"", 73, 404),
        ("SELECT throwIf(1)", b"", 395, 500),
        ("INSERT INTO nowhere FORMAT TSV", b"1\n", 60, 404),
        ("INSERT INTO heads FORMAT TSV", b"x\t1\tn\n", 27, 400),
        (
            "INSERT INTO heads SETTINGS input_format_skip_unknown_fields = 0 FORMAT JSONEachRow",
            b'{"x": 1}',
            117,
            400,
        ),
        (
            "INSERT INTO heads SELECT * FROM input('part UInt32, last UInt64, note String') FORMAT TSV",
            b"x",
            27,
            400,
        ),
    ],
)
def test_an_error_has_the_code_and_the_status_of_a_server(
    heads: Http, query: str, body: bytes, code: int, status: int
) -> None:
    answer = heads(query, body)
    assert answer.body.startswith(f"Code: {code}. DB::Exception: ".encode())
    assert (answer.headers["X-ClickHouse-Exception-Code"], answer.status) == (str(code), status)
    assert heads.rows("SELECT count() FROM heads") == [["0"]]


@pytest.mark.parametrize(
    "query", ["SELEC 1", "SELECT 1 FROM", "SELECT (1", "SELECT 'a). (b", "SELECT\n1 FORMAT 5", ""]
)
def test_a_statement_that_is_none_is_refused_in_words_about_it_alone(http: Http, query: str) -> None:
    answer = http("", query.encode())
    text = answer.body.decode()
    assert answer.headers["X-ClickHouse-Exception-Code"] == "62"
    assert "formatQuery" not in text
    assert re.search(r"\S\. \(SYNTAX_ERROR\) \(version \S+ \(official build\)\)\n$", text), text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"\xff\xfeS\x00E\x00", "62"),
        (b"SELECT \xff", "62"),
        (b"KILL QUERY WHERE \xff", "62"),
        (b"SELECT toUInt8('\xff') FORMAT TSV", "6"),
        (b"SELECT toUInt8('\xff') FORMAT JSON", "6"),
        (b"SELECT throwIf(1, '\xff')", "395"),
        (b"INSERT INTO heads (part) FORMAT TSV \xff", "27"),
        (b"INSERT INTO heads (part) VALUES ('\xff')", "6"),
        (b"DROP TABLE `\xff`", "60"),
    ],
)
def test_an_error_about_bytes_that_are_no_text_is_told_too(heads: Http, query: bytes, code: str) -> None:
    answer = heads("", query)
    assert (answer.headers["X-ClickHouse-Exception-Code"], b"DB::Exception" in answer.body) == (code, True)


def test_an_unknown_setting_is_an_error(http: Http) -> None:
    assert http("SELECT 1", no_such_setting=1).headers["X-ClickHouse-Exception-Code"] == "115"


def test_a_query_that_fails_after_its_first_megabyte_says_so_at_the_end(client: Client) -> None:
    with (
        pytest.raises(Exception, match="here it ends"),
        client.query_row_block_stream(
            "SELECT throwIf(number = 1900000, 'here it ends'), number FROM numbers(2000000)",
            settings={"max_block_size": 65536},
        ) as stream,
    ):
        for _ in stream:
            pass


# Formats and codings


def test_arrow_parquet_and_json_go_both_ways(heads: Http) -> None:
    table = pa.table(
        {"part": pa.array([1, 2], pa.uint32()), "last": pa.array([3, 4], pa.uint64()), "note": ["a", "b"]}
    )
    stream, file = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    pq.write_table(table, file)
    for name, body in (("ArrowStream", stream.getvalue()), ("Parquet", file.getvalue())):
        heads("TRUNCATE TABLE heads")
        inserted = heads(f"INSERT INTO heads FORMAT {name}", body)
        assert (inserted.status, inserted.summary["written_rows"]) == (200, 2), inserted.body
        answer = heads(f"SELECT * FROM heads ORDER BY part FORMAT {name}").body
        read = pa.ipc.open_stream(answer).read_all() if name == "ArrowStream" else pq.read_table(io.BytesIO(answer))
        assert read.column("last").to_pylist() == [3, 4]


@pytest.mark.parametrize(
    "name", ["Native", "RowBinary", "RowBinaryWithNamesAndTypes", "JSONEachRow", "JSON", "TSV", "CSV", "Arrow"]
)
def test_what_a_format_writes_it_reads_again(heads: Http, name: str) -> None:
    heads("INSERT INTO heads SELECT number, number * 2, toString(number) FROM numbers(1000)")
    written = heads(f"SELECT part, last, note FROM heads ORDER BY part FORMAT {name}").body
    heads("TRUNCATE TABLE heads")
    assert heads(f"INSERT INTO heads (part, last, note) FORMAT {name}", written).status == 200
    assert heads.rows("SELECT count(), sum(last), uniqExact(note) FROM heads") == [["1000", "999000", "1000"]]


@pytest.mark.parametrize("query_in_body", [False, True])
def test_rows_may_begin_anywhere_after_the_format(heads: Http, query_in_body: bool) -> None:
    head = "INSERT INTO heads (part, last, note) SETTINGS async_insert = 0 FORMAT RowBinary"
    rows = b"\n" + row(7, 1, " ;\n")[1:]  # begins with a line end that is part of the number
    answer = heads("", f"{head}\n".encode() + rows) if query_in_body else heads(head, rows)
    assert answer.status == 200, answer.body
    assert heads.rows("SELECT part, note FROM heads") == [["10", " ;\\n"]]


@pytest.mark.parametrize("coding", ["gzip", "zstd", "lz4", "deflate"])
def test_compressed_bodies_are_unpacked(heads: Http, coding: str) -> None:
    rows = b"".join(row(1, n, "x" * 20) for n in range(1000))
    packed = {  # type: ignore[no-untyped-call] # cramjam ships no types
        "gzip": gzip.compress,
        "zstd": lambda body: bytes(cramjam.zstd.compress(body)),
        "lz4": lambda body: bytes(cramjam.lz4.compress(body)),
        "deflate": lambda body: bytes(cramjam.zlib.compress(body)),
    }[coding](rows)
    answer = heads("INSERT INTO heads FORMAT RowBinary", packed, {"Content-Encoding": coding})
    assert (answer.status, answer.summary["written_rows"]) == (200, 1000), answer.body


@pytest.mark.parametrize("rows", [1000, 1_000_000])
def test_answers_are_compressed_when_asked_for(http: Http, rows: int) -> None:
    query = f"SELECT number FROM numbers({rows})"
    plain = http(query)
    packed = http(query, b"", {"Accept-Encoding": "gzip"}, enable_http_compression=1)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "Content-Encoding" not in http(query, b"", {"Accept-Encoding": "gzip"}).headers


def test_a_body_that_is_not_what_its_coding_says_is_an_error(heads: Http) -> None:
    assert heads("INSERT INTO heads FORMAT TSV", b"plain", {"Content-Encoding": "zstd"}).status >= 400
    assert heads("INSERT INTO heads FORMAT TSV", b"plain", {"Content-Encoding": "nope"}).status >= 400


# clickhouse-connect


def test_clickhouse_connect_creates_inserts_and_queries(client: Client) -> None:
    client.command("CREATE TABLE posts (id UInt64, name String, at DateTime64(3)) ENGINE = MergeTree ORDER BY id")
    assert (
        client.insert("posts", [[1, "it's", 0], [2, "b", 1]], column_names=["id", "name", "at"]).written_rows == 2
    )
    result = client.query("SELECT id, name FROM posts WHERE id = {id:UInt64}", parameters={"id": 1})
    assert result.result_rows == [(1, "it's")]
    assert client.query_arrow("SELECT id FROM posts ORDER BY id").column("id").to_pylist() == [1, 2]
    assert client.command("SELECT count() FROM posts") == 2
    assert client.query("SELECT id FROM posts LIMIT 0").column_names == ("id",)
    assert client.query("SELECT getSetting('max_threads')", settings={"max_threads": 3}).result_rows == [(3,)]


def test_clickhouse_connect_knows_the_errors_code(client: Client) -> None:
    with pytest.raises(DatabaseError) as caught:
        client.query("SELECT * FROM nowhere")
    assert caught.value.code == 60


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_clickhouse_connect_may_compress(clickhouse: ClickHouse, http: Http, compress: bool | str) -> None:
    made = clickhouse_connect.get_client(
        host=clickhouse.host, port=clickhouse.port, database=http.database, compress=compress
    )
    made.command("CREATE TABLE packed (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    made.insert("packed", [[n, str(n)] for n in range(300_000)], column_names=["n", "s"])
    read = made.query("SELECT n, s FROM packed ORDER BY n").result_rows
    made.close()
    assert (len(read), read[-1]) == (300_000, (299_999, "299999"))


async def test_the_async_client_runs_many_queries_at_once(async_client: AsyncClient) -> None:
    await async_client.command("CREATE TABLE many (n UInt64) ENGINE = MergeTree ORDER BY n")
    await asyncio.gather(*(async_client.insert("many", [[n]], column_names=["n"]) for n in range(20)))
    answers = await asyncio.gather(*(async_client.query("SELECT sum(n), count() FROM many") for _ in range(20)))
    assert {tuple(answer.result_rows[0]) for answer in answers} == {(190, 20)}


# Life


async def test_a_ping_is_answered_while_a_long_query_runs(clickhouse: ClickHouse) -> None:
    async with aiohttp.ClientSession() as session:

        async def ask(query: str) -> str:
            async with session.post(clickhouse.url, data=query) as answer:
                return await answer.text()

        name = uuid.uuid4().hex
        long = asyncio.create_task(ask(f"{LONG} SETTINGS log_comment = '{name}'"))
        http = Http(clickhouse.url, "default")
        await asyncio.to_thread(until, lambda: running(http, name) == 1)
        for _ in range(20):
            async with session.get(f"{clickhouse.url}/ping") as answer:
                assert await answer.text() == "Ok.\n"
        assert running(http, name) == 1
        long.cancel()
        await asyncio.to_thread(until, lambda: running(http, name) == 0)


def count_of(heads: Http) -> int:
    return int(heads.rows("SELECT count() FROM heads")[0][0])


def has_begun(heads: Http, before: int) -> bool:
    """Whether the slow insert runs, or is over."""
    return running(heads, PAUSES) == 1 or count_of(heads) > before


def test_a_client_that_leaves_does_not_stop_its_insert(heads: Http) -> None:
    slow = f"INSERT INTO {heads.database}.heads SELECT 1, number, '' FROM numbers(3) WHERE NOT ignore({PAUSES})"
    before = 0
    while True:
        with left_waiting(heads, slow, uuid.uuid4().hex):
            until(partial(has_begun, heads, before))
        if running(heads, PAUSES):
            break
        before = count_of(heads)  # it was over before it was left, as on a busy machine
    until(lambda: running(heads, PAUSES) == 0)
    assert count_of(heads) == before + 3


# Sessions


def test_a_session_keeps_its_settings_and_temporary_tables(http: Http) -> None:
    session = uuid.uuid4().hex
    assert http("SET max_threads = 3", session_id=session).status == 200
    http("CREATE TEMPORARY TABLE mine (n UInt8)", session_id=session)
    http("INSERT INTO mine FORMAT TSV", b"7\n", session_id=session)
    query = "SELECT n, getSetting('max_threads') FROM mine"
    assert http.rows(query, session_id=session) == [["7", "3"]]
    assert http.rows(query, session_id=session, max_threads=5) == [["7", "5"]]
    assert http.rows(query, session_id=session) == [["7", "3"]]
    assert http(query).headers["X-ClickHouse-Exception-Code"] == "60"


def test_a_session_takes_one_query_at_a_time(http: Http) -> None:
    session, name = uuid.uuid4().hex, uuid.uuid4().hex
    with ThreadPoolExecutor(1) as threads:
        long = f"{LONG} SETTINGS log_comment = '{name}'"
        first = threads.submit(lambda: http(long, session_id=session, query_id=name))
        until(lambda: running(http, name) == 1)
        second = http("SELECT 1", session_id=session)
        http(f"KILL QUERY WHERE query_id = '{name}'")
    assert second.headers["X-ClickHouse-Exception-Code"] == "373"
    assert first.result().headers["X-ClickHouse-Exception-Code"] == "394"
    assert http("SELECT 1", session_id=session).body == b"1\n"


def test_a_session_that_must_exist_and_does_not_is_an_error(http: Http) -> None:
    assert (
        http("SELECT 1", session_id=uuid.uuid4().hex, session_check=1).headers["X-ClickHouse-Exception-Code"]
        == "372"
    )
