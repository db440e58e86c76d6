"""How a command ends that Kafka or ClickHouse keeps from its work: one line says what, where and what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiokafka.errors import KafkaError

from schemas.clickhouse.client import UrlError
from schemas.errors import ClickHouseError, TransientClickHouseError, TransientError

_NOT_LET_IN: Final = frozenset({192, 193, 194, 516})
"""UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, AUTHENTICATION_FAILED."""
_ACCESS_DENIED: Final = 497
_NOT_MIGRATED: Final = frozenset({16, 36, 46, 47, 60, 81})
"""NO_SUCH_COLUMN_IN_TABLE, BAD_ARGUMENTS (no such dictionary), UNKNOWN_FUNCTION (no such view with parameters),
UNKNOWN_IDENTIFIER, UNKNOWN_TABLE, UNKNOWN_DATABASE."""
_NO_ANSWER: Final = 0

_FORESEEN: Final = (TransientError, ClickHouseError, KafkaError, UrlError)


@contextmanager
def errors_in_words(command: str, prefix: str, *also: type[Exception]) -> Iterator[None]:
    """End the process with status 1 and one line on stderr, after `command`, where Kafka or ClickHouse is away or
    refuses, or one of `also` is raised.

    `prefix` begins the names of the settings that say where they are, such as CLICKTALLY_CONSOLE_.
    """
    try:
        yield
    except (*_FORESEEN, *also) as error:
        and_then = ", then run this again" if advice(error, prefix) else ""
        sys.stderr.write(f"{command}: {in_words(error, prefix)}{and_then}\n")
        raise SystemExit(1) from error


def in_words(error: Exception, prefix: str) -> str:
    """What an error says, in one line, and what to do about it."""
    said = " ".join(str(error).split()) or repr(error)
    return "; ".join(filter(None, (said, advice(error, prefix))))


def advice(error: Exception, prefix: str) -> str:
    """What to do about an error of Kafka or ClickHouse; empty where its message says so, or nobody knows."""
    if isinstance(error, TransientClickHouseError):
        return _until_it_answers(error, prefix)
    if isinstance(error, ClickHouseError):
        return _of_refusal(error.code, f"{prefix}CLICKHOUSE_URL")
    if isinstance(error, TransientError | KafkaError):
        return f"see that Kafka runs, that {prefix}BOOTSTRAP_SERVERS leads to it and that it lets this user in"
    return ""


def _until_it_answers(error: TransientClickHouseError, prefix: str) -> str:
    if error.code != _NO_ANSWER:
        return "wait until it has room or time"
    if "certificate" in str(error):
        return f"name who signs its certificate in {prefix}CLICKHOUSE_CA_FILE"
    return f"see that ClickHouse runs and that {prefix}CLICKHOUSE_URL leads to it"


def _of_refusal(code: int, url: str) -> str:
    if code in _NOT_LET_IN:
        return f"put user and password right in {url}"
    if code == _ACCESS_DENIED:
        return f"name a user who may do this in {url}, or grant it"
    return "run `clicktally migrate`, which makes what may be missing" if code in _NOT_MIGRATED else ""
