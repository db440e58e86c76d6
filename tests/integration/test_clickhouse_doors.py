"""What a stranger at ClickHouse's HTTP front can do: nothing to the host, nothing to the stream."""

import base64
import urllib.parse
import urllib.request
import uuid
from pathlib import Path

import pytest

from deploy.local.processes import NotReadyError
from tests.integration.clickhouse_http import Answer, Http
from tests.integration.clickhouse_queries import own

SECRET = "the-content-of-a-file-of-the-host"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET + "\n")
    return path


# A GET reads


@pytest.mark.parametrize("readonly", [{}, {"readonly": 0}, {"readonly": 1}, {"readonly": 2}])
@pytest.mark.parametrize(
    "query", ["INSERT INTO heads VALUES (1, 1, '')", "DROP TABLE heads", "CREATE TABLE x (a Int8)"]
)
def test_a_get_reads_whatever_its_url_says(heads: Http, query: str, readonly: dict[str, int]) -> None:
    assert heads(query, None, **readonly).headers["X-ClickHouse-Exception-Code"] == "164"
    assert heads.rows("SELECT count() FROM heads") == [["0"]]


def test_a_head_reads_as_well(heads: Http) -> None:
    for query, status in (("INSERT INTO heads VALUES (1, 1, '')", 500), ("SELECT 1", 200)):
        url_query = urllib.parse.urlencode({"database": heads.database, "query": query})
        asked = urllib.request.Request(f"{heads.url}/?{url_query}", method="HEAD")  # noqa: S310 - ours
        assert answered(asked).status == status
    assert heads.rows("SELECT count() FROM heads") == [["0"]]


def test_a_get_reads_in_a_session_too(heads: Http) -> None:
    session = uuid.uuid4().hex
    heads("SET max_threads = 2", session_id=session)
    refused = heads("INSERT INTO heads VALUES (1, 1, '')", None, session_id=session)
    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"
    assert heads("SELECT 1", None, session_id=session).body == b"1\n"
    assert heads("INSERT INTO heads VALUES (1, 1, '')", session_id=session).status == 200


# The host


READS_OF_THE_HOST = [
    "SELECT * FROM file('{path}', 'LineAsString')",
    "SELECT * FROM file('{path}', LineAsString) -- file",
    "SELECT * FROM url('file://{path}', 'LineAsString')",
    "SELECT file('{path}')",
    "SELECT `file`('{path}')",
    "SELECT \"file\"('{path}')",
    "SELECT `fi\\x6ce`('{path}')",
    "SELECT file/**/('{path}')",
    "SELECT arrayMap(file, ['{path}'])",
    "SELECT * APPLY file FROM (SELECT '{path}' AS a)",
    "SELECT 1 UNION ALL SELECT length(file('{path}'))",
    "SELECT \u201c'\u201d AS a, file('{path}'), \u201c'\u201d",
    "SELECT * FROM format(Values, 'a String', '(file(\\'{path}\\'))')",
    (
        "SELECT * FROM format(Values, 'a String', '(file(\\'{path}\\'))') SETTINGS "
        "input_format_values_interpret_expressions = 1"
    ),
    "SELECT * FROM eval('SELECT file(\\'{path}\\')') SETTINGS allow_experimental_eval_table_function = 1",
    "SELECT 'x' AS a FORMAT Template SETTINGS format_template_row = '{path}', format_template_resultset = '{path}'",
    "INSERT INTO heads VALUES (1, 1, file('{path}'))",
    "INSERT INTO heads FORMAT Values (1, 1, file('{path}'))",
    "INSERT INTO heads SELECT 1, 1, file('{path}')",
    "INSERT INTO heads SELECT 1, 1, line FROM file('{path}', 'LineAsString', 'line String')",
    "INSERT INTO heads (note) FROM INFILE '{path}' FORMAT LineAsString",
    (
        "INSERT INTO heads SELECT * FROM input('part UInt32, last UInt64, note String DEFAULT file(\\'{path}\\')') "
        'FORMAT JSONEachRow {{"part": 1}}'
    ),
    "CREATE TABLE copied ENGINE = MergeTree ORDER BY () AS SELECT * FROM file('{path}', 'LineAsString')",
    "CREATE TABLE copied (a String DEFAULT file('{path}')) ENGINE = MergeTree ORDER BY ()",
    "CREATE TABLE copied (line String) ENGINE = File(LineAsString, '{path}')",
    "CREATE TABLE copied (line String) ENGINE = Executable('cat', 'LineAsString')",
    "CREATE TABLE copied (line String) ENGINE Executable('cat', 'LineAsString')",
    "CREATE TABLE copied (a String) ENGINE = EmbeddedRocksDB(0, '{path}') PRIMARY KEY a",
    "CREATE TABLE copied (a String) ENGINE = FileLog('{path}', 'LineAsString')",
    "CREATE VIEW copied AS SELECT file('{path}') AS a",
    "CREATE VIEW copied AS SELECT arrayMap({{f:Identifier}}, ['{path}']) AS a",
    "CREATE VIEW copied SQL SECURITY NONE AS SELECT * FROM file('{path}', 'LineAsString')",
    "CREATE FUNCTION copied AS (path) -> file(path)",
    "CREATE DATABASE copied ENGINE = Filesystem('/')",
    (
        "CREATE DICTIONARY copied (line String) PRIMARY KEY line LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(1) "
        "SOURCE(FILE(PATH '{path}' FORMAT 'LineAsString'))"
    ),
    (
        "CREATE DICTIONARY copied (line String) PRIMARY KEY line LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(1) "
        "SOURCE(EXECUTABLE(COMMAND 'cat {path}' FORMAT 'LineAsString'))"
    ),
    (
        "CREATE DICTIONARY copied (line String) PRIMARY KEY line LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(1) "
        "SOURCE(HTTP(URL 'http://127.0.0.1:1/' FORMAT 'LineAsString'))"
    ),
    (
        "CREATE DICTIONARY copied (line String) PRIMARY KEY line LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(1) "
        "SOURCE(CLICKHOUSE(HOST '127.0.0.1' PORT 1 QUERY 'SELECT 1'))"
    ),
    (
        "CREATE TABLE copied (a Int8) ENGINE = MergeTree ORDER BY a "
        "SETTINGS disk = disk(type = web, endpoint = 'http://127.0.0.1:1/x/')"
    ),
    "ATTACH TABLE copied FROM '{path}' (a Int8) ENGINE = MergeTree ORDER BY a",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('{path}', 'a')",
    "SELECT * FROM executable('cat', 'LineAsString', 'a String')",
    "SELECT * FROM default.`{path}`",
    "SELECT 1; SELECT file('{path}')",
    "SET ROLE ALL; SELECT * FROM file('{path}', 'LineAsString')",
    "SYSTEM SHUTDOWN",
]


@pytest.mark.parametrize("user", ["default", "reader"])
@pytest.mark.parametrize("query", READS_OF_THE_HOST)
def test_nothing_reads_the_host_or_calls_out(heads: Http, secret: Path, user: str, query: str) -> None:
    client = Http(heads.url, heads.database, user)
    answer = client("", query.format(path=secret).encode())
    assert answer.status >= 400, answer.body
    assert SECRET.encode() not in answer.body
    for left in ("SELECT * FROM heads", "SELECT * FROM copied"):
        assert SECRET.encode() not in heads(left).body
    heads("DROP DICTIONARY IF EXISTS copied")


@pytest.mark.parametrize("user", ["default", "reader"])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 INTO OUTFILE '{path}'",
        "SELECT 1 INTO OUTFILE '{path}' TRUNCATE FORMAT CSV",
        "(SELECT 1) INTO OUTFILE '{path}'",
        "SHOW TABLES INTO OUTFILE '{path}'",
        "INSERT INTO FUNCTION file('{path}', 'CSV', 'a Int8') VALUES (1)",
        "INSERT INTO TABLE FUNCTION file('{path}', 'CSV', 'a Int8') SELECT 1",
        "CREATE TABLE written ENGINE = File(CSV, '{path}') AS SELECT 1 AS a",
        "BACKUP DATABASE default TO File('{path}')",
        "BACKUP DATABASE default TO Disk('default', '{path}')",
        (
            "INSERT INTO heads SETTINGS input_format_record_errors_file_path = '{path}', "
            "input_format_allow_errors_num = 9 FORMAT TSV x"
        ),
    ],
)
def test_nothing_writes_to_the_host(heads: Http, tmp_path: Path, user: str, method: str, query: str) -> None:
    path = tmp_path / "written"
    answer = Http(heads.url, heads.database, user)(query.format(path=path), None if method == "GET" else b"")
    assert answer.status >= 400
    assert not path.exists()


def test_a_parameter_is_no_way_to_a_function_of_the_host(http: Http, secret: Path) -> None:
    answer = http("SELECT arrayMap({f:Identifier}, [{p:String}])", param_f="file", param_p=str(secret))
    assert answer.status == 403
    assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("user", ["default", "reader"])
def test_a_parameters_name_is_a_name_and_no_statement(heads: Http, secret: Path, user: str) -> None:
    """It is SET by name; behind a semicolon another role would be, with all that this role may do."""
    client = Http(heads.url, heads.database, user)
    for statement in (f"INSERT INTO {heads.database}.heads VALUES (1, 1, file('{secret}'))", "SET max_threads = 1"):
        answer = client(
            "SELECT {b:String}, currentRoles()",
            **{f"param_a = 'x'; SET ROLE writing; {statement}; SET param_b": "v"},
        )
        assert (answer.status, b"can name no parameter" in answer.body) == (400, True)
    assert client("SELECT 1", **{"param_a = 'x', max_execution_time": "7"}).status == 400
    assert heads.rows("SELECT count() FROM heads") == [["0"]]
    assert client("SELECT {a_1:String}", param_a_1="v").body == b"v\n"


@pytest.mark.parametrize("user", ["default", "reader"])
@pytest.mark.parametrize(
    "call", ["Python(request)", "`pyth\\x6fn`(request)", "`python`(request)", "Python /**/ (os)"]
)
def test_nothing_reads_variables_of_the_process(heads: Http, user: str, call: str) -> None:
    answer = Http(heads.url, heads.database, user)("", f"SELECT * FROM {call}".encode())
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497")
    assert heads("SELECT python, 'python(x)' FROM (SELECT 1 AS python)").status == 200


@pytest.mark.parametrize("what", ["ROLE ALL", "`role` = 'writing'", "profile = 'default'", "`profile` = 'default'"])
def test_nobody_sets_another_role_or_profile(reader: Http, what: str) -> None:
    assert reader(f"SET {what}", session_id=uuid.uuid4().hex).headers["X-ClickHouse-Exception-Code"] == "497"


@pytest.mark.parametrize("name", ["a`b", "a\\b", "a\\`b", "a'b c"])
def test_a_database_may_have_any_name(http: Http, name: str) -> None:
    quoted = "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    assert http(f"CREATE DATABASE IF NOT EXISTS {quoted}").status == 200
    named, session = Http(http.url, name), uuid.uuid4().hex
    assert named("SELECT currentDatabase() FORMAT TSVRaw").body == f"{name}\n".encode()
    named(f"USE {quoted}", session_id=session)
    http("SELECT 1", session_id=session)  # is in another database for this query alone
    assert (
        Http(http.url, "")("SELECT currentDatabase() FORMAT TSVRaw", session_id=session).body.decode()
        == f"{name}\n"
    )
    assert http(f"DROP DATABASE {quoted}").status == 200


@pytest.mark.parametrize("setting", ["format_schema", "output_format_schema", "format_template_row", "profile"])
def test_a_setting_in_the_url_names_no_file_and_no_other_profile(http: Http, secret: Path, setting: str) -> None:
    assert http("SELECT 1", **{setting: str(secret)}).status >= 400


def test_a_word_that_only_looks_dangerous_is_fine(heads: Http) -> None:
    """Strings, comments and longer names are not what they say."""
    assert heads("SELECT 'file(1) INTO OUTFILE', 1 AS profile, 2 AS files /* SET ROLE file */").status == 200
    assert heads("INSERT INTO heads VALUES (1, 2, 'file(''x'') \u00e9'), (1 + 1, 3, upper('role'))").status == 200
    assert heads.rows("SELECT note FROM heads ORDER BY last") == [["file(\\'x\\') \u00e9"], ["ROLE"]]


def test_a_dictionary_over_a_table_of_this_server_is_fine(heads: Http) -> None:
    heads("INSERT INTO heads VALUES (7, 1, 'seven')")
    made = heads(
        "CREATE DICTIONARY names (part UInt32, note String) PRIMARY KEY part "
        f"SOURCE(CLICKHOUSE(TABLE 'heads' DB '{heads.database}')) LAYOUT(FLAT()) LIFETIME(0)"
    )
    assert made.status == 200, made.body
    assert heads.rows("SELECT dictGet('names', 'note', toUInt64(7))") == [["seven"]]


def test_several_statements_are_refused_as_by_a_server(http: Http) -> None:
    answer = http("SELECT 1; SELECT 2")
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (400, "62")
    assert http("SELECT 1;").body == b"1\n"


# Web pages


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8123"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
@pytest.mark.parametrize("body", [b"", None], ids=["POST", "GET"])
def test_a_web_page_is_kept_out(http: Http, headers: dict[str, str], body: bytes | None) -> None:
    answer = http("SELECT 1", body, headers)
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497")
    assert b"CLICKTALLY_LOCAL_CLICKHOUSE_" in answer.body


def test_pages_and_names_that_the_settings_allow_may_query(tmp_path: Path) -> None:
    with own(tmp_path, clickhouse_origins="https://bi.example", clickhouse_hosts="db.example") as http:
        answer = http("SELECT 1", b"", {"Origin": "https://bi.example", "Host": "db.example:8123"})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://bi.example")
        assert http("SELECT 1", b"", {"Origin": "https://other.example"}).status == 403
        for origin, status in (("https://bi.example", 204), ("https://other.example", 403)):
            preflight = urllib.request.Request(http.url, method="OPTIONS", headers={"Origin": origin})  # noqa: S310 - ours
            assert answered(preflight).status == status


def answered(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - ours
            return Answer(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), error.headers)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
@pytest.mark.parametrize("given", [{}, {"clickhouse_password": "a"}, {"clickhouse_reader_password": "a"}], ids=str)
def test_a_front_that_strangers_reach_wants_passwords(tmp_path: Path, host: str, given: dict[str, str]) -> None:
    with (
        pytest.raises(NotReadyError, match="CLICKTALLY_LOCAL_CLICKHOUSE_READER_PASSWORD"),
        own(tmp_path, host=host, **given),
    ):
        pass


def test_a_front_that_strangers_reach_starts_with_passwords(tmp_path: Path) -> None:
    with own(tmp_path, host="0.0.0.0", clickhouse_password="sesame", clickhouse_reader_password="open") as http:
        assert http("SELECT 1").status == 403
        assert http("SELECT 1", user="default", password="sesame").body == b"1\n"
        assert http("SELECT 1", user="reader", password="open").body == b"1\n"
        assert http("SELECT 1", user="reader", password="sesame").status == 403


@pytest.mark.parametrize(
    "authorization", ["Basic abc", "Basic", "Basic \u00e9", "Basic " + base64.b64encode(b"\xff\xff:").decode()]
)
def test_an_authorization_that_cannot_be_read_is_refused_with_what_to_send(http: Http, authorization: str) -> None:
    answer = http("SELECT 1", b"", {"Authorization": authorization})
    assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert b"base64 of user:password" in answer.body


@pytest.mark.parametrize(
    ("name", "value"),
    [("session_timeout", "abc"), ("readonly", "x"), ("default_format", "CSV SETTINGS a=1"), ("query_id", "a\r\nb")],
)
def test_a_parameter_that_cannot_be_read_is_named(http: Http, name: str, value: str) -> None:
    answer = http("SELECT 1", session_id="some", **{name: value})
    assert answer.status == 400
    assert value.splitlines()[0].encode() in answer.body
