"""The list of ClickHouse's errors that pass by, against the engine's own."""

from schemas.errors import TRANSIENT_CLICKHOUSE_CODES
from tests.integration.clickhouse_http import Http


def test_every_code_that_is_tried_again_is_called_by_the_engine_what_the_list_calls_it(http: Http) -> None:
    rows = http.rows("SELECT code, name FROM system.errors SETTINGS system_events_show_zero_values = 1")
    names = {int(code): name for code, name in rows}
    assert {code: names.get(code) for code in TRANSIENT_CLICKHOUSE_CODES} == TRANSIENT_CLICKHOUSE_CODES


def test_a_user_that_may_only_read_is_told_so_with_a_code_that_is_for_good(http: Http) -> None:
    refused = http("CREATE TABLE t (a UInt8) ENGINE = Memory", readonly="1")
    assert (refused.status, b"Code: 164." in refused.body) == (500, True), refused.body
    assert 164 not in TRANSIENT_CLICKHOUSE_CODES
