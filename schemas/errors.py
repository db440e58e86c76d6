"""What a caller does about an error is its type; ClickHouse's are told apart here and nowhere else."""

from typing import Final, Literal

DeadLetterReason = Literal[
    "not_json",
    "not_an_event",
    "wrong_topic",
    "unsupported_version",
    "bad_headers",
    "future",
    "too_old",
    "too_large",
]


class TransientError(Exception):
    """Retry, and acknowledge nothing until it worked."""


class PoisonError(Exception):
    """These bytes will never be an event: write them to the dead letters, then go on."""

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Final = reason
        self.detail: Final = detail


TRANSIENT_CLICKHOUSE_CODES: Final[frozenset[int]] = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE: the connection broke in the middle of the body
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        164,  # READONLY: a replica that lost its keeper
        198,  # DNS_ERROR
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        252,  # TOO_MANY_PARTS
        285,  # TOO_FEW_LIVE_REPLICAS
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        499,  # S3_ERROR
        594,  # SERVER_OVERLOADED of older servers
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)
"""Codes after which the same statement may succeed (ClickHouse src/Common/ErrorCodes.cpp)."""


class ClickHouseError(Exception):
    """ClickHouse refused a statement for good: a wrong schema, a wrong setting, a bug. Crash and tell."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"ClickHouse error {code}: {message}")
        self.code: Final = code


class TransientClickHouseError(TransientError):
    """ClickHouse could not answer now: unreachable, overloaded or cut off. It may have applied the statement."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"ClickHouse error {code}: {message}")
        self.code: Final = code


def clickhouse_error(code: int, message: str) -> ClickHouseError | TransientClickHouseError:
    """The error to raise for ClickHouse's numeric `code`; 0 stands for no answer at all."""
    if code == 0 or code in TRANSIENT_CLICKHOUSE_CODES:
        return TransientClickHouseError(code, message)
    return ClickHouseError(code, message)
