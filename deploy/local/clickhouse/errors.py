"""What an engine error is called on the wire: code, text and HTTP status, as a ClickHouse server has them."""

import re
from typing import Final

# src/Server/HTTP/exceptionCodeToHTTPStatus.cpp of ClickHouse; whatever is not listed is 500.
_STATUS_OF_CODES = {
    401: {194},
    403: {192, 193, 497, 512, 516},
    400: {
        6,
        8,
        15,
        25,
        26,
        27,
        36,
        37,
        38,
        41,
        44,
        53,
        62,
        72,
        117,
        123,
        167,
        168,
        223,
        321,
        376,
        427,
        441,
        675,
        676,
    },
    404: {46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511},
    408: {159},
    411: {381},
    413: {229},
    415: {779},
    501: {48},
    503: {76, 209, 439},
}
_STATUS = {code: status for status, codes in _STATUS_OF_CODES.items() for code in codes}
_UNKNOWN_EXCEPTION = 1002

BAD_ARGUMENTS = 36
SYNTAX_ERROR = 62
READONLY = 164
UNKNOWN_COMPRESSION_METHOD = 89
UNKNOWN_SETTING = 115
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
NOT_IMPLEMENTED = 48
CANNOT_DECOMPRESS = 271
INVALID_USAGE_OF_INPUT = 426
QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING = 216
QUERY_IS_TOO_LARGE = 229
ACCESS_DENIED = 497
AUTHENTICATION_FAILED = 516


# What chDB raises; the second where its message has bytes of the statement or of a value that are no UTF-8.
OF_ENGINE: Final = (RuntimeError, UnicodeDecodeError)


class StatementError(Exception):
    """The engine refused or failed a statement; ``code`` is ClickHouse's number, the text is its own."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status that a ClickHouse server answers this error with."""
        return _STATUS.get(self.code, 500)


def from_engine(error: Exception, version: str) -> StatementError:
    """Bring what the engine raised into the form of a server's body: ``Code: N. DB::Exception: …``."""
    message = _message(error)
    match = re.search(r"Code: (\d+)\. ", message)
    if match is None:
        return raised(_UNKNOWN_EXCEPTION, message, "UNKNOWN_EXCEPTION", version)
    text = message[match.start() :].strip()
    if not text.endswith(")") or "(version " not in text:
        text = f"{text} (version {version} (official build))"
    return StatementError(int(match[1]), text)


def _message(error: BaseException) -> str:
    """What the engine said; chDB may have stumbled over bytes in it and tell of that instead."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, UnicodeDecodeError) and b"DB::Exception" in cause.object:
            return cause.object.decode(errors="replace")
        cause = cause.__context__
    return str(error)


def raised(code: int, message: str, name: str, version: str) -> StatementError:
    """An error of the front itself, worded like the engine's."""
    return StatementError(
        code, f"Code: {code}. DB::Exception: {message} ({name}) (version {version} (official build))"
    )
