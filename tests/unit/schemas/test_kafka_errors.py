"""Which of Kafka's errors concern a record, which a topic, and which pass by."""

import pytest
from aiokafka import errors

from schemas.errors import TransientError
from schemas.kafka_errors import TooLargeError, TopicRefusesError, kafka_error


@pytest.mark.parametrize("error", [errors.MessageSizeTooLargeError(), errors.RecordListTooLargeError()])
def test_a_record_that_is_too_large_is_refused_for_ever(error: errors.KafkaError) -> None:
    classified = kafka_error("topic x", error)
    assert isinstance(classified, TooLargeError)
    assert not isinstance(classified, TransientError)


@pytest.mark.parametrize("code", [3, 17, 29, 32, 43, 44])
def test_a_topic_that_refuses_is_asked_again_by_those_who_need_it_alone(code: int) -> None:
    error = errors.for_code(code)()
    classified = kafka_error("topic x takes no record", error)
    assert isinstance(classified, TopicRefusesError)
    assert str(classified) == f"topic x takes no record: {error!r}"


@pytest.mark.parametrize(
    "error",
    [
        *(errors.for_code(code)() for code in (-1, 2, 5, 6, 7, 19, 20, 31, 35, 45, 47, 56, 58, 59)),
        errors.KafkaConnectionError(),
        errors.KafkaTimeoutError(),
        errors.ProducerClosed(),
        errors.ProducerFenced(),
        TimeoutError(),
        OSError(),
        AssertionError(),
    ],
    ids=repr,
)
def test_any_other_error_passes_or_concerns_all_topics_alike(error: Exception) -> None:
    assert type(kafka_error("", error)) is TransientError
