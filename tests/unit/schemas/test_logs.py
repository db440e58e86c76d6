import json
import logging

from schemas.logs import REPEAT_AFTER_S, JsonFormatter, OnceAMinute


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
