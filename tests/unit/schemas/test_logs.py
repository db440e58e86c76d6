import asyncio
import gc
import json
import logging

import pytest

from schemas.logs import REPEAT_AFTER_S, JsonFormatter, OnceAMinute, tell_lost_connections


def record(name: str, at_s: float, message: str = "broker is away", **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "file.py", 1, message, (), None)
    made.created = at_s
    made.__dict__.update(extra)
    return made


def test_a_line_is_json_with_the_extra_fields_beside_the_message() -> None:
    line = json.loads(JsonFormatter("relay").format(record("redirector.relay", 0.0, topic="clicks", offset=7)))
    assert line == {
        "time": "1970-01-01T00:00:00.000+00:00",
        "level": "error",
        "service": "relay",
        "logger": "redirector.relay",
        "message": "broker is away",
        "topic": "clicks",
        "offset": 7,
    }


def test_a_library_repeats_itself_once_a_minute_and_says_how_often_it_wanted_to() -> None:
    once = OnceAMinute()
    passed = [once.filter(record("aiokafka.client", at_s)) for at_s in (0.0, 1.0, 2.0)]
    later = record("aiokafka.client", REPEAT_AFTER_S + 0.1)
    assert passed == [True, False, False]
    assert once.filter(later)
    assert later.__dict__["repeated"] == 2


def test_another_message_of_the_library_is_not_held_back() -> None:
    once = OnceAMinute()
    assert once.filter(record("aiokafka.client", 0.0))
    assert once.filter(record("aiokafka.client", 0.0, "something else"))


def test_our_own_loggers_are_never_held_back() -> None:
    once = OnceAMinute()
    assert all(once.filter(record("redirector.relay.sender", 0.0)) for _ in range(3))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionResetError("Cannot write to closing transport"), "a connection ended under a request"),
        (ValueError("a bug"), "Task exception was never retrieved"),
    ],
)
async def test_a_lost_connection_that_nobody_waits_for_is_told_without_a_traceback(
    error: Exception, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loop = asyncio.get_running_loop()
    tell_lost_connections(loop)

    async def fail() -> None:
        raise error

    task = asyncio.create_task(fail())
    await asyncio.wait({task})
    del task
    gc.collect()
    await asyncio.sleep(0)
    (record,) = caplog.records
    assert (record.getMessage().startswith(message), bool(record.exc_info)) == (True, isinstance(error, ValueError))
