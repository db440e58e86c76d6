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


UNKNOWN_TABLE: Final = 60
"""ClickHouse's code for a table or view that is not there."""

TRANSIENT_CLICKHOUSE_CODES: Final[dict[int, str]] = {
    # the connection, or the way between servers
    3: "UNEXPECTED_END_OF_FILE",  # the body broke off on its way
    95: "CANNOT_READ_FROM_SOCKET",
    96: "CANNOT_WRITE_TO_SOCKET",
    198: "DNS_ERROR",
    203: "NO_FREE_CONNECTION",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    279: "ALL_CONNECTION_TRIES_FAILED",
    499: "S3_ERROR",
    735: "QUERY_WAS_CANCELLED_BY_CLIENT",  # what stands between us and the server hung up
    # the server is busy, or at a limit that others leave again
    159: "TIMEOUT_EXCEEDED",
    160: "TOO_SLOW",
    173: "CANNOT_ALLOCATE_MEMORY",
    201: "QUOTA_EXCEEDED",  # until its interval is over
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    241: "MEMORY_LIMIT_EXCEEDED",
    252: "TOO_MANY_PARTS",
    364: "RECEIVED_ERROR_TOO_MANY_REQUESTS",
    425: "SYSTEM_ERROR",
    439: "CANNOT_SCHEDULE_TASK",
    700: "USER_SESSION_LIMIT_EXCEEDED",
    745: "SERVER_OVERLOADED",
    749: "TCP_CONNECTION_LIMIT_REACHED",
    762: "HTTP_CONNECTION_LIMIT_REACHED",
    777: "MEMORY_RESERVATION_KILLED",
    778: "MEMORY_RESERVATION_FAILED",
    1019: "QUERY_SLOT_ACQUISITION_TIMEOUT",
    1020: "MEMORY_RESERVATION_ACQUISITION_TIMEOUT",
    # its disk is full, or its file descriptors are used up: somebody will make room
    75: "CANNOT_WRITE_TO_FILE_DESCRIPTOR",
    76: "CANNOT_OPEN_FILE",
    243: "NOT_ENOUGH_SPACE",
    # it is being stopped, started or operated on
    236: "ABORTED",
    394: "QUERY_WAS_CANCELLED",
    733: "TABLE_IS_BEING_RESTARTED",
    # replicas and their keeper
    225: "NO_ZOOKEEPER",
    242: "TABLE_IS_READ_ONLY",  # the replica lost its keeper
    285: "TOO_FEW_LIVE_REPLICAS",
    286: "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE",
    289: "REPLICA_IS_NOT_IN_QUORUM",
    319: "UNKNOWN_STATUS_OF_INSERT",
    369: "ALL_REPLICAS_ARE_STALE",
    999: "KEEPER_EXCEPTION",
}
"""Codes after which the same statement may succeed without anybody changing it, a grant or a table; the names are
those of ClickHouse's src/Common/ErrorCodes.cpp, and a test compares them with the engine's own list.

In doubt a code is not here: the process ends, the supervisor starts it anew and it tries again. That loses nothing
and is seen, while waiting for what never comes is not.
"""


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
