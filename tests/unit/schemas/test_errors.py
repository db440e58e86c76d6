"""Which of ClickHouse's errors pass by, and which do not, each with its reason."""

from typing import Final

import pytest

from schemas.errors import (
    TRANSIENT_CLICKHOUSE_CODES,
    ClickHouseError,
    PoisonError,
    TransientClickHouseError,
    TransientError,
    clickhouse_error,
)

FOR_GOOD: Final = {
    6: "CANNOT_PARSE_TEXT: the bytes are ours, and the same again",
    33: "CANNOT_READ_ALL_DATA: a block that we wrote wrongly; one that broke on its way is 3 or no answer",
    53: "TYPE_MISMATCH",
    60: "UNKNOWN_TABLE: migrations are missing",
    62: "SYNTAX_ERROR",
    81: "UNKNOWN_DATABASE",
    115: "UNKNOWN_SETTING: the server is older than the ones we know",
    164: "READONLY: the user, or its profile, may only read; a table that may not be written is 242",
    192: "UNKNOWN_USER",
    193: "WRONG_PASSWORD",
    204: "CANNOT_FSYNC: the disk is broken, and what it kept is unknown",
    244: "UNEXPECTED_ZOOKEEPER_ERROR: a state that should not be",
    291: "DATABASE_ACCESS_DENIED",
    373: "SESSION_IS_LOCKED: we use no session from two places; if so, that is a bug",
    452: "SETTING_CONSTRAINT_VIOLATION: the profile does not let us set what makes one body one block",
    497: "ACCESS_DENIED: a grant is missing",
    516: "AUTHENTICATION_FAILED",
    594: "BZIP2_STREAM_DECODER_FAILED, which once stood here as SERVER_OVERLOADED, which is 745",
    720: "USER_EXPIRED",
    774: "TABLE_IS_PERMANENTLY_READ_ONLY",
    1000: "POCO_EXCEPTION: may be anything",
    1001: "STD_EXCEPTION: may be anything",
    1002: "UNKNOWN_EXCEPTION: may be anything",
    12345: "no code that we know",
}


@pytest.mark.parametrize("code", [0, *sorted(TRANSIENT_CLICKHOUSE_CODES)])
def test_codes_that_pass_by_are_to_be_tried_again(code: int) -> None:
    error = clickhouse_error(code, "why")
    assert isinstance(error, TransientClickHouseError)
    assert isinstance(error, TransientError)
    assert (error.code, str(error)) == (code, f"ClickHouse error {code}: why")


@pytest.mark.parametrize("code", FOR_GOOD, ids=FOR_GOOD.get)
def test_any_other_code_is_for_good(code: int) -> None:
    error = clickhouse_error(code, "why")
    assert isinstance(error, ClickHouseError)
    assert not isinstance(error, TransientError)


def test_poison_says_its_reason() -> None:
    error = PoisonError("too_old", "a year")
    assert (error.reason, error.detail, str(error)) == ("too_old", "a year", "too_old: a year")
