"""The embedded ClickHouse as a process: passwords, kill -9, SIGTERM, one owner per directory."""

import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from deploy.local.processes import ClickHouse, NotReadyError
from tests.looking import until


@pytest.fixture
def part(tmp_path: Path) -> Iterator[ClickHouse]:
    made = ClickHouse(tmp_path)
    made.start()
    yield made
    made.stop()


def query(part: ClickHouse, statement: str) -> str:
    with urllib.request.urlopen(part.url, data=statement.encode(), timeout=30) as answer:  # noqa: S310 - http
        body: bytes = answer.read()
    return body.decode()


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_inserted_is_there_after_a_restart(part: ClickHouse, sig: signal.Signals) -> None:
    query(part, "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
    query(part, "INSERT INTO kept SELECT number FROM numbers(100000)")
    part.restart(sig)
    assert query(part, "SELECT count(), sum(n) FROM kept") == "100000\t4999950000\n"


def test_a_token_is_known_after_a_kill(part: ClickHouse) -> None:
    query(
        part,
        "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 10",
    )
    insert = "INSERT INTO kept SETTINGS insert_deduplication_token = 'once', async_insert = 0 FORMAT TSV\n1\n"
    query(part, insert)
    part.restart(signal.SIGKILL)
    query(part, insert)
    assert query(part, "SELECT count() FROM kept") == "1\n"


def test_a_second_process_on_the_same_directory_is_refused(part: ClickHouse) -> None:
    with pytest.raises(NotReadyError, match="in use by another process"):
        ClickHouse(part.data_dir).start()


def test_a_password_is_asked_for_when_one_is_set(tmp_path: Path) -> None:
    part = ClickHouse(tmp_path, env={"CLICKTALLY_LOCAL_CLICKHOUSE_PASSWORD": "sesame"})
    part.start()
    try:
        made = clickhouse_connect.get_client(host=part.host, port=part.port, password="sesame")
        assert made.command("SELECT 1") == 1
        made.close()
        with pytest.raises(DatabaseError) as caught:
            clickhouse_connect.get_client(host=part.host, port=part.port, password="wrong")
        assert caught.value.code == 516
        with pytest.raises(urllib.error.HTTPError) as refused:
            query(part, "SELECT 1")
        with refused.value as answer:
            assert (answer.code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    finally:
        part.stop()


def test_a_client_that_leaves_in_the_middle_of_an_answer_ends_its_query(part: ClickHouse) -> None:
    with urllib.request.urlopen(part.url, data=b"SELECT number FROM numbers(1000000000000)", timeout=30) as answer:  # noqa: S310 - http
        assert answer.read(10)
    until(lambda: query(part, "SELECT count() FROM system.processes") == "1\n")
    assert "Traceback" not in part.last_words()


def test_a_running_insert_is_finished_before_a_sigterm_ends_the_process(part: ClickHouse) -> None:
    query(part, "CREATE TABLE slow (n UInt64) ENGINE = MergeTree ORDER BY n")
    slow = "INSERT INTO slow SELECT number FROM numbers(5) WHERE NOT ignore(sleepEachRow(0.2))"
    with ThreadPoolExecutor(1) as threads:
        inserts = [threads.submit(query, part, slow)]
        while "INSERT INTO slow" not in query(part, "SELECT query FROM system.processes"):
            if inserts[-1].done():  # a busy machine did not look in time
                inserts.append(threads.submit(query, part, slow))
        part.stop()
        assert {one.result() for one in inserts} == {""}
    part.start()
    assert query(part, "SELECT count() FROM slow") == f"{5 * len(inserts)}\n"
