"""What a producer's error says about trying again; Kafka's are told apart here and nowhere else."""

from typing import Final

from aiokafka.errors import (
    InvalidTimestampError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    PolicyViolationError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedForMessageFormatError,
)

from schemas.errors import TransientError


class TooLargeError(Exception):
    """The record is larger than the producer, or the topic, takes: cut it, the same bytes are refused for ever."""


class TopicRefusesError(TransientError):
    """The topic takes nothing from us until somebody changes it. Wait, and let what goes elsewhere pass."""


TOO_LARGE: Final = (
    MessageSizeTooLargeError,  # 10; raised by the producer itself, too
    RecordListTooLargeError,  # 18
)
TOPIC_REFUSES: Final = (
    UnknownTopicOrPartitionError,  # 3; after the producer asked for the topic as long as a request may take
    InvalidTopicError,  # 17
    TopicAuthorizationFailedError,  # 29
    InvalidTimestampError,  # 32: the topic checks producers' clocks, so it is not the one that we create
    UnsupportedForMessageFormatError,  # 43
    PolicyViolationError,  # 44
)
"""All others are transient: leaders and replicas that are away, time-outs, a producer that lost its session; a
wrong password and a cluster that lets us do nothing are for the operator too, but concern every topic alike."""


def kafka_error(what: str, error: BaseException) -> TransientError | TooLargeError:
    """The error to raise for one of aiokafka's; `what` begins the message, as in "topic clicks takes no batch"."""
    message = f"{what}: {error!r}"
    if isinstance(error, TOO_LARGE):
        return TooLargeError(message)
    if isinstance(error, TOPIC_REFUSES):
        return TopicRefusesError(message)
    return TransientError(message)
