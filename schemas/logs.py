"""Structured logs: one JSON object a line on stderr, set up once in each `__main__`."""

import asyncio
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_LIBRARIES: Final = ("aiohttp", "aiokafka", "asyncio", "faust", "mode")

REPEAT_AFTER_S: Final = 60.0


class JsonFormatter(logging.Formatter):
    """What `extra=` gives becomes fields of its own: topic, partition, offset, spool."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON, times in UTC."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in record.__dict__.items() if key not in _STANDARD})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class OnceAMinute(logging.Filter):
    """Lets a library say the same thing once a minute; the next time it tells how often it was said meanwhile.

    A broker that is away makes aiokafka log some twenty errors a second; our own loggers say it once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._logged: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is let through; it may gain a field `repeated`."""
        if record.name.partition(".")[0] not in _LIBRARIES:
            return True
        key = (record.name, str(record.msg))
        logged_at, repeated = self._logged.get(key, (-REPEAT_AFTER_S, 0))
        if record.created - logged_at < REPEAT_AFTER_S:
            self._logged[key] = (logged_at, repeated + 1)
            return False
        self._logged[key] = (record.created, 0)
        if repeated:
            record.repeated = repeated
        return True


def set_up_logs(service: str, level: str = "INFO") -> None:
    """Send every log record to stderr as JSON. The loggers of libraries speak from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    handler.addFilter(OnceAMinute())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)


def tell_lost_connections(loop: asyncio.AbstractEventLoop) -> None:
    """Say in a line, without a traceback, that a background task of a client library lost its connection.

    aiohttp writes a request's body in a task that nobody looks at once the answer has failed: whoever asked was
    told, and tries again. Everything else goes the loop's usual way.
    """

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and isinstance(context.get("future"), asyncio.Future):
            logging.getLogger(__name__).info("a connection ended under a request: %r", error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
