"""What a partition asks of ClickHouse and of the dead letters, repeated until it is answered."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from schemas.counters import Chain
from schemas.errors import TransientError
from schemas.retry import Retry, RetryPolicy
from stream.shared import Shared

logger = logging.getLogger(__name__)

Answer = TypeVar("Answer")

RETRY: Final = RetryPolicy(first_s=0.1, longest_s=5.0, jitter=0.0)


class Tries:
    """The operations of one chain: each failure is counted, the first of a row is logged, pauses grow."""

    def __init__(self, chain: Chain, shared: Shared) -> None:
        self._place: Final = {"topic": chain.topic, "partition": chain.partition}
        self._shared: Final = shared

    def of(self, operation: str) -> Retry:
        """For who has to do something between the tries."""
        return Retry(
            RETRY,
            on_first=lambda error: logger.warning(
                "%s failed, trying again: %s", operation, error, extra=self._place
            ),
            on_failure=lambda _error: self._shared.metrics.transient_errors.labels(operation).inc(),
            sleep=self._shared.sleep,
            clock=self._shared.clock,
        )

    async def until_answered(self, operation: str, attempt: Callable[[], Awaitable[Answer]]) -> Answer:
        """Repeat what may be repeated until it worked."""
        return await self.of(operation).until_it_works(attempt, on=TransientError)
