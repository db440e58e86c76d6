"""What the readers of ClickHouse's HTTP front may do, how long and how much; whose queries wait for whose."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import cramjam
import pytest

from deploy.local.clickhouse.framing import Framed
from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http, row
from tests.integration.clickhouse_queries import LONG, left_waiting, own, running
from tests.looking import until

IN_FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PART = 'Content-Disposition: form-data; name="{0}"; filename="{0}"'


def test_the_reader_reads_and_does_nothing_else(heads: Http, reader: Http) -> None:
    heads("INSERT INTO heads FORMAT RowBinary", row(1, 2, "a"))
    assert reader.rows("SELECT * FROM heads") == [["1", "2", "a"]]
    assert reader.rows("SHOW TABLES") == [["heads"]]
    for query in (
        "INSERT INTO heads VALUES (1, 1, '')", "DROP TABLE heads", "CREATE TABLE x (a Int8) ENGINE = Memory",
        "CREATE VIEW x AS SELECT 1", "ALTER TABLE heads DELETE WHERE 1", "TRUNCATE TABLE heads",
        "OPTIMIZE TABLE heads", "SYSTEM STOP MERGES", "SET ROLE writing", "SET ROLE ALL",
        "SET DEFAULT ROLE ALL TO default", "SET profile = 'default'", "GRANT ALL ON *.* TO default",
        "EXECUTE AS default", "CREATE FUNCTION x AS a -> a",
    ):  # fmt: skip
        answer = reader(query)
        assert 400 <= answer.status < 500, (query, answer.body)
    assert heads.rows("SELECT count() FROM heads") == [["1"]]


def test_the_readers_limits_can_be_narrowed_and_not_widened(tmp_path: Path) -> None:
    with own(
        tmp_path,
        clickhouse_reader_max_execution_s=3,
        clickhouse_reader_max_memory_bytes=50_000_000,
        clickhouse_reader_max_result_rows=1000,
        clickhouse_reader_max_result_bytes=1_000_000,
    ) as http:
        reader = Http(http.url, "default", "reader")
        code = "X-ClickHouse-Exception-Code"
        assert reader(LONG).headers[code] == "159"
        assert reader("SELECT number FROM numbers(1000) FORMAT Null").status == 200
        assert reader("SELECT number FROM numbers(1001) FORMAT Null").headers[code] == "396"
        assert reader("SELECT number FROM numbers(11)", max_result_rows=10).headers[code] == "396"
        assert reader("SELECT groupArray(number) FROM numbers(100000000)").headers[code] == "241"
        assert reader("SELECT repeat('x', number + 900000) FROM numbers(3)").headers[code] == "396"
        for name in ("max_execution_time", "max_memory_usage", "max_result_rows", "max_result_bytes"):
            for value in (0, 10**11):
                assert reader("SELECT 1", **{name: value}).headers[code] == "452"
                assert reader(f"SELECT 1 SETTINGS {name} = {value}").headers[code] == "452"
        wider = "SELECT 1 SETTINGS profile = 'default', max_execution_time = 100"
        assert reader(wider).status >= 400
        session = uuid.uuid4().hex
        assert reader("SET max_execution_time = 100", session_id=session).headers[code] == "452"
        assert http("SELECT count() FROM numbers(1001) GROUP BY number FORMAT Null").status == 200


def test_a_body_of_the_reader_has_a_limit_as_sent_and_unpacked(tmp_path: Path) -> None:
    most = 100_000
    with own(tmp_path, clickhouse_reader_max_body_bytes=most) as http:
        reader = Http(http.url, "default", "reader")
        for longer in (0, 1):
            query = b"SELECT 1" + b" " * (most - 8 + longer)
            tables = {"t": " " * (most // 2), "u": " " * (most // 2 + longer)}
            form = (
                "".join(f"--b\r\n{PART.format(name)}\r\n\r\n{rows}\r\n" for name, rows in tables.items()) + "--b--"
            )
            answers = [
                reader("", query),
                reader("", bytes(cramjam.zstd.compress(query)), {"Content-Encoding": "zstd"}),
                reader("", Framed().encode(query), decompress=1),
                reader("SELECT 1", form.encode(), IN_FORM, t_types="String", u_types="String"),
            ]
            if longer:
                codes = [answer.headers["X-ClickHouse-Exception-Code"] for answer in answers]
                assert codes == ["229", "271", "271", "229"]
                assert all(str(most).encode() in answer.body for answer in answers)
            else:
                assert [(answer.status, answer.body) for answer in answers] == [(200, b"1\n")] * 4
            assert http("", query).body == b"1\n", "the writer's have none"
        code = Http(http.url, "default", "nobody")("", b"SELECT 1").headers["X-ClickHouse-Exception-Code"]
        assert code == "516"


def test_queries_of_the_reader_hold_up_neither_a_query_nor_an_insert_of_the_writer(
    heads: Http, reader: Http
) -> None:
    with ExitStack() as clients:
        for number in range(40):
            clients.enter_context(
                left_waiting(reader, f"{LONG} SETTINGS max_threads = 1", f"held-{number}-{heads.database}")
            )
        until(lambda: running(heads, LONG) >= 8)
        assert heads("SELECT 1").body == b"1\n"
        assert heads("INSERT INTO heads FORMAT RowBinary", row(1, 2)).status == 200
        assert running(heads, LONG) == 8


def test_queries_of_the_writer_hold_up_no_insert(tmp_path: Path) -> None:
    with own(tmp_path, clickhouse_threads=2) as http, ExitStack() as clients:
        http("CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a")
        for number in range(4):
            clients.enter_context(left_waiting(http, f"{LONG} SETTINGS max_threads = 1", f"held-{number}"))
        reader = Http(http.url, "default", "reader")
        until(lambda: running(reader, LONG) == 2)
        assert http("INSERT INTO t VALUES (1)").status == 200


def test_a_query_ends_when_its_client_leaves(http: Http) -> None:
    for user in ("default", "reader"):
        with left_waiting(Http(http.url, "default", user), LONG, f"left-{user}"):
            until(lambda: running(http, LONG) == 1)
        until(lambda: running(http, LONG) == 0)


def test_a_query_that_waits_for_a_thread_is_forgotten_when_its_client_leaves(tmp_path: Path) -> None:
    with own(tmp_path, clickhouse_reader_threads=1) as http:
        reader = Http(http.url, "default", "reader")
        with left_waiting(reader, LONG, "first"):
            until(lambda: running(http, LONG) == 1)
            with left_waiting(reader, "SELECT 'second', sleep(3)", "second"):
                until(lambda: running(http, "second") == 0)
        assert reader("SELECT 2").body == b"2\n"


def test_a_writers_select_has_a_limit_of_its_own(tmp_path: Path) -> None:
    with own(tmp_path, clickhouse_max_execution_s=1) as http:
        assert http(LONG).headers["X-ClickHouse-Exception-Code"] == "159"
        assert (
            http(
                "SELECT sleepEachRow(0.4) FROM numbers(4) SETTINGS max_block_size = 1", max_execution_time=60
            ).status
            == 200
        )


@pytest.mark.parametrize("wait", ["", " SYNC", " ASYNC"])
def test_a_query_is_killed_by_the_id_that_its_client_gave_it(http: Http, wait: str) -> None:
    name = f"mine-{uuid.uuid4().hex}"
    with ThreadPoolExecutor(1) as threads:
        victim = threads.submit(lambda: http(LONG, query_id=name))
        until(lambda: running(http, LONG) == 1)
        killed = http.rows(f"KILL QUERY WHERE query_id = '{name}'{wait} FORMAT TSV")
        assert [row[1] for row in killed] == [name]
        assert victim.result().headers["X-ClickHouse-Exception-Code"] == "394"
    assert http.rows(f"KILL QUERY WHERE query_id = '{name}'") == []


def test_a_reader_kills_their_own_queries_alone(http: Http, reader: Http) -> None:
    with left_waiting(http, LONG, "the-writers"), left_waiting(reader, LONG, "the-readers"):
        until(lambda: running(http, LONG) == 2)
        assert [row[1] for row in reader.rows("KILL QUERY WHERE query_id LIKE 'the-%' SYNC")] == ["the-readers"]
        assert reader("KILL QUERY WHERE 1) UNION ALL (SELECT engine_id FROM system.processes").status == 400
        assert running(http, LONG) == 1
        shown = http.rows(f"SELECT query_id FROM system.processes WHERE query = '{LONG}'")
        assert [row[1] for row in http.rows(f"KILL QUERY WHERE query_id = '{shown[0][0]}'")] == ["the-writers"]
    until(lambda: running(http, LONG) == 0)


def test_two_running_queries_have_no_id_in_common(http: Http) -> None:
    with left_waiting(http, LONG, "twice"):
        until(lambda: running(http, LONG) == 1)
        assert http("SELECT 1", query_id="twice").headers["X-ClickHouse-Exception-Code"] == "216"
    until(lambda: http("SELECT 1", query_id="twice").status == 200)


def test_clients_that_leave_in_the_middle_of_an_answer_leave_no_trace(tmp_path: Path) -> None:
    part = ClickHouse(tmp_path)
    part.start()
    try:
        http = Http(part.url, "default")
        for number, name in enumerate(["TSV", "JSON", "Native", "Parquet"] * 5):
            with left_waiting(
                http, f"SELECT number FROM numbers(1000000000000) FORMAT {name}", f"n{number}"
            ) as one:
                assert one.recv(10 * (number % 4) + 1)
        until(lambda: running(http, "1000000000000") == 0)
        assert "Traceback" not in part.last_words(1 << 20)
        assert part.last_words(1 << 20) == ""
    finally:
        part.stop()
