import pytest

from schemas.errors import (
    TRANSIENT_CLICKHOUSE_CODES,
    ClickHouseError,
    PoisonError,
    TransientClickHouseError,
    TransientError,
    clickhouse_error,
)

UNKNOWN_TABLE, SYNTAX_ERROR, UNKNOWN_SETTING, TYPE_MISMATCH, ACCESS_DENIED = 60, 62, 115, 53, 497


@pytest.mark.parametrize("code", [0, 159, 209, 210, 241, 252, 319, 999, *sorted(TRANSIENT_CLICKHOUSE_CODES)])
def test_codes_that_pass_by_are_to_be_tried_again(code: int) -> None:
    error = clickhouse_error(code, "why")
    assert isinstance(error, TransientClickHouseError)
    assert isinstance(error, TransientError)
    assert (error.code, str(error)) == (code, f"ClickHouse error {code}: why")


@pytest.mark.parametrize(
    "code", [UNKNOWN_TABLE, SYNTAX_ERROR, UNKNOWN_SETTING, TYPE_MISMATCH, ACCESS_DENIED, 12345]
)
def test_any_other_code_is_for_good(code: int) -> None:
    error = clickhouse_error(code, "why")
    assert isinstance(error, ClickHouseError)
    assert not isinstance(error, TransientError)


def test_poison_says_its_reason() -> None:
    error = PoisonError("too_old", "a year")
    assert (error.reason, error.detail, str(error)) == ("too_old", "a year", "too_old: a year")
