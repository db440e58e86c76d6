"""Why a partition is not counted any further until somebody has looked."""

from typing import Final, Literal

Cause = Literal["recreated", "dead_letters"]
CAUSES: Final[tuple[Cause, ...]] = ("recreated", "dead_letters")


class PartitionRefusedError(Exception):
    """Nothing of the partition is read or made durable until an operator has decided; others go on."""

    cause: Cause


class TopicRecreatedError(PartitionRefusedError):
    """The head lies beyond the end of the log."""

    cause: Cause = "recreated"


class TooManyDeadLettersError(PartitionRefusedError):
    """Of the last events more would be buried than may be: the events, or whoever reads them, are wrong."""

    cause: Cause = "dead_letters"
