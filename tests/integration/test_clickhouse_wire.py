"""What clients send and expect beyond a plain query: frames, revisions, forms, long URLs, long answers."""

import io
import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy.local.clickhouse.framing import Framed, unframed
from deploy.local.clickhouse.native_types import Reader
from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Answer, Http, row

LATE = "SELECT number, throwIf(number = 3000000, 'here it ends') FROM numbers(4000000)"


@contextmanager
def answer_of(http: Http, query: str, **parameters: str | int) -> Iterator[HTTPResponse]:
    """The answer as it comes, to be read by hand."""
    target = urllib.parse.urlencode({"database": http.database, **parameters})
    request = urllib.request.Request(f"{http.url}/?{target}", data=query.encode())  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - ours
        yield answer


def form(http: Http, parts: list[tuple[str, str, bytes]], **parameters: str) -> Answer:
    """A form: name, the name of its file if it is one, content."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, file, content in parts:
        named = f'; filename="{file}"' if file else ""
        body += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    body += f"--{boundary}--\r\n".encode()
    target = urllib.parse.urlencode({"database": http.database, "user": http.user, **parameters})
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{http.url}/?{target}", data=body, headers=headers)  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
            return Answer(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), error.headers)


# Frames


@pytest.mark.parametrize("rows", [0, 1, 1000, 1_000_000])
def test_compress_answers_in_frames(http: Http, rows: int) -> None:
    query = f"SELECT number FROM numbers({rows}) FORMAT RowBinary"
    plain, framed = http(query), http(query, compress=1)
    assert unframed(framed.body) == plain.body
    assert rows < 1000 or len(framed.body) < len(plain.body)


def test_an_error_is_not_framed(http: Http) -> None:
    assert http("SELECT nothing", compress=1).body.startswith(b"Code: 47. ")


def test_decompress_takes_frames(heads: Http) -> None:
    rows = b"".join(row(1, n, "x" * 20) for n in range(100_000))
    inserted = heads("INSERT INTO heads FORMAT RowBinary", Framed().encode(rows), decompress=1)
    assert (inserted.status, inserted.summary["written_rows"]) == (200, 100_000), inserted.body
    assert heads("", Framed().encode(b"SELECT count() FROM heads"), decompress=1).body == b"100000\n"


def test_a_damaged_frame_is_refused_and_nothing_inserted(heads: Http) -> None:
    framed = Framed().encode(row(1, 2) * 1000)
    for damaged in (framed[:-1], framed[:20], framed[:-1] + bytes([framed[-1] ^ 1]), b"plain"):
        answer = heads("INSERT INTO heads FORMAT RowBinary", damaged, decompress=1)
        assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "271")
        assert b"frame at byte 0" in answer.body
    assert heads.rows("SELECT count() FROM heads") == [["0"]]


# Revisions of Native


TYPED = (
    "SELECT number AS n, repeat('x', n) AS s, toLowCardinality(toNullable(toString(n % 2))) AS l, [l, s] AS a, "
    "map(toLowCardinality('k'), [n]) AS m, (1, '2')::Tuple(x UInt8, `b c` LowCardinality(String)) AS t, "
    "NULL AS nothing, toDecimal64(1, 3) AS d, now64(3) AS at, 'abc'::FixedString(3) AS f, "
    "'(,'::Enum8('(,' = 1, 'it''s' = 2) AS e, (1., 2.)::Point AS p, [[(1., 2.)]]::Polygon AS g, true AS b, "
    "generateUUIDv4() AS u, toIPv6('::1') AS i, [(1, 'a')]::Nested(x UInt8, y LowCardinality(String)) AS c, "
    "toIntervalDay(1) AS v, 1::Int256 AS w "
    "FROM numbers(200)"
)


@pytest.mark.parametrize(
    "query", [TYPED, "SELECT 1 WHERE 0", "SHOW TABLES FROM system", "SELECT number FROM numbers(200000)"]
)
def test_a_revision_adds_a_blocks_info_and_a_columns_kind(http: Http, query: str) -> None:
    """Nothing but these bytes; where columns end follows from reading them all."""
    answer = http(f"{query} FORMAT Native")
    assert answer.status == 200, answer.body
    plain = answer.body
    with_info = http(f"{query} FORMAT Native", client_protocol_version=54405).body
    with_kinds = http(f"{query} FORMAT Native", client_protocol_version=54460).body
    blocks = with_info.count(b"\x01\x00\x02\xff\xff\xff\xff\x00")
    assert (len(with_info) - len(plain), blocks > 0) == (8 * blocks, bool(plain))
    columns = Reader(plain).number() if plain else 0
    assert len(with_kinds) - len(with_info) == columns * blocks


def test_a_type_without_a_length_is_refused_by_name(http: Http) -> None:
    answer = http("SELECT '{}'::JSON AS j FORMAT Native", client_protocol_version=54460)
    assert (answer.status, b"cast it to String" in answer.body) == (501, True)


# Requests


@pytest.mark.parametrize("size", [8_200, 262_000])
def test_a_url_may_be_long(http: Http, size: int) -> None:
    assert http(f"SELECT length('{'x' * size}')", None).body == f"{size}\n".encode()


def test_a_form_brings_the_query_its_parameters_and_tables(http: Http) -> None:
    parts = [
        ("query", "", b"SELECT {p:String}, n, s FROM one JOIN two USING n ORDER BY n"),
        ("param_p", "", "it's \u00e9".encode()),
        ("one", "one.tsv", b"1\ta\n2\tb\n"),
        ("two", "two.csv", b"2\n3\n"),
    ]
    tables = {"one_structure": "n UInt8, s String", "two_types": "UInt8", "two_format": "CSV"}
    for user in ("default", "reader"):
        answer = form(Http(http.url, http.database, user), parts, **tables)
        assert answer.status == 404, "two has no column n"
        named = {**tables, "two_structure": "n UInt8"}
        assert form(Http(http.url, http.database, user), parts, **named).body == "it\\'s \u00e9\t2\tb\n".encode()
    assert http.rows("SHOW TABLES") == []


def test_a_table_of_a_form_reaches_out_of_nothing(http: Http, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret content")
    for structure in (
        f"a UInt8, b String DEFAULT file('{tmp_path}/secret')",
        f"a UInt8) ENGINE = File(CSV, '{tmp_path}/secret') --",
        "a UInt8) ENGINE = Memory AS SELECT 1; SELECT (1", "",
    ):  # fmt: skip
        table = [("t", "t", b'{"a": 1}\n')]
        answer = form(http, table, query="SELECT * FROM t", t_format="JSONEachRow", t_structure=structure)
        assert 400 <= answer.status < 500, answer.body
        assert b"secret content" not in answer.body


def test_what_is_no_form_is_refused(http: Http) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert http("SELECT 1", b"no form", headers).status == 400


# Answers


def test_a_late_error_breaks_the_transfer_and_says_why(http: Http) -> None:
    for name in ("TSV", "JSON", "RowBinaryWithNamesAndTypes", "Native"):
        with answer_of(http, f"{LATE} FORMAT {name}") as answer:
            tag = answer.headers["X-ClickHouse-Exception-Tag"]
            with pytest.raises(IncompleteRead) as broken:
                answer.read()
        assert answer.status == 200
        received = bytes(broken.value.partial)
        assert re.search(rb"__exception__\r\n%s\r\nCode: 395\. .*here it ends" % tag.encode(), received), name


@pytest.mark.parametrize("switch", [{"wait_end_of_query": 1}, {"buffer_size": 500_000_000}], ids=str)
def test_who_waits_for_the_end_gets_its_status(http: Http, switch: dict[str, int]) -> None:
    failed = http(LATE, **switch)
    assert (failed.status, failed.headers["X-ClickHouse-Exception-Code"]) == (500, "395")
    fine = http("SELECT number FROM numbers(1000000)", **switch)
    assert (fine.status, len(fine.body)) == (200, 6_888_890)
    assert (int(fine.headers["Content-Length"]), fine.summary["result_rows"]) == (6_888_890, 1_000_000)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("JSON", lambda body: json.loads(body)["data"][-1]["n"]),
        ("JSONCompact", lambda body: json.loads(body)["data"][-1][0]),
        ("JSONColumns", lambda body: json.loads(body)["n"][-1]),
        ("CSVWithNames", lambda body: int(body.splitlines()[-1])),
        ("CSVWithNames", lambda body: body.splitlines()[0] == b'"n"' and body.count(b'"n"') == 1 and 1_999_999),
        ("TSVWithNamesAndTypes", lambda body: int(body.splitlines()[-1]) * (body.count(b"UInt64") == 1)),
        ("RowBinaryWithNamesAndTypes", lambda body: int.from_bytes(body[-8:], "little")),
        ("Parquet", lambda body: pq.read_table(io.BytesIO(body)).column("n")[-1].as_py()),
        ("Arrow", lambda body: pa.ipc.open_file(body).read_all().column("n")[-1].as_py()),
        ("ArrowStream", lambda body: pa.ipc.open_stream(body).read_all().column("n")[-1].as_py()),
        ("XML", lambda body: int(re.findall(rb"<n>(\d+)</n>", body)[-1])),
    ],
)  # fmt: skip
def test_an_answer_of_many_blocks_is_one_document(http: Http, name: str, read: object) -> None:
    assert callable(read)
    body = http(f"SELECT number AS n FROM numbers(2000000) ORDER BY n FORMAT {name}").body
    assert read(body) == 1_999_999


def test_totals_come_once(http: Http) -> None:
    query = "SELECT number % 3 AS k, count() AS c FROM numbers(10) GROUP BY k WITH TOTALS ORDER BY k FORMAT JSON"
    assert json.loads(http(query).body)["totals"] == {"k": 0, "c": 10}


def resident_bytes(pid: int) -> int:
    """What the process holds in memory."""
    fields = Path(f"/proc/{pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    "name", ["CSVWithNames", "JSON", "RowBinaryWithNamesAndTypes", "Native", "TSV", "JSONEachRow", "Arrow"]
)
def test_ten_million_rows_pass_in_little_memory(clickhouse: ClickHouse, http: Http, name: str) -> None:
    before = most = resident_bytes(clickhouse.pid)
    query = f"SELECT number, toString(number) AS s FROM numbers(10000000) FORMAT {name}"
    with answer_of(http, query, max_threads=1) as answer:
        received = 0
        while piece := answer.read(1 << 22):
            received += len(piece)
            most = max(most, resident_bytes(clickhouse.pid))
    assert received > 100_000_000
    assert most - before < 200_000_000


def test_a_page_that_is_not_there_says_so(http: Http) -> None:
    for path in ("play", "dashboard"):
        with pytest.raises(urllib.error.HTTPError) as missing:
            urllib.request.urlopen(f"{http.url}/{path}", timeout=10)  # noqa: S310 - ours
        with missing.value as answer:
            assert (answer.code, b"no web page" in answer.read()) == (404, True)
