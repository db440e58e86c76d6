"""A command that Kafka or ClickHouse keeps from its work says what, where and what to do, in one line."""

import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.clickhouse.client import UrlError
from schemas.command_errors import errors_in_words
from schemas.errors import ClickHouseError, TransientClickHouseError, TransientError

PREFIX = "CLICKTALLY_CONSOLE_"


class OwnError(Exception):
    """A command's own."""


@pytest.mark.parametrize(
    ("error", "what_to_do"),
    [
        (TransientClickHouseError(0, "no answer"), "that CLICKTALLY_CONSOLE_CLICKHOUSE_URL leads to it"),
        (TransientClickHouseError(0, "certificate verify failed"), "CLICKTALLY_CONSOLE_CLICKHOUSE_CA_FILE"),
        (TransientClickHouseError(241, "memory"), "wait until it has room or time, then run this again"),
        (ClickHouseError(516, "password"), "put user and password right in CLICKTALLY_CONSOLE_CLICKHOUSE_URL"),
        (ClickHouseError(497, "not enough"), "name a user who may do this"),
        (
            ClickHouseError(60, "no table"),
            "run `clicktally migrate`, which makes what may be missing, then",
        ),
        (ClickHouseError(62, "syntax"), ""),
        (TransientError("Kafka at x"), "that CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS leads to it"),
        (KafkaConnectionError("x"), "that CLICKTALLY_CONSOLE_BOOTSTRAP_SERVERS leads to it"),
        (UrlError("broken"), ""),
        (OwnError("own"), ""),
    ],
)
def test_it_ends_with_status_1_and_a_line_that_says_what_to_do(
    error: Exception, what_to_do: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, errors_in_words("clicktally", PREFIX, OwnError):
        raise error
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith(f"clicktally: {error}")
    assert what_to_do in said
    assert said.count("\n") == 1


def test_a_message_of_many_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), errors_in_words("clicktally", PREFIX):
        raise ClickHouseError(62, "Code: 62.\n DB::Exception: \t syntax\n")
    assert capsys.readouterr().err == "clicktally: ClickHouse error 62: Code: 62. DB::Exception: syntax\n"


def test_an_error_without_a_message_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), errors_in_words("clicktally", PREFIX):
        raise TransientError
    assert capsys.readouterr().err.startswith("clicktally: TransientError(); see that Kafka runs")


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), errors_in_words("clicktally", PREFIX):
        raise KeyError("x")
