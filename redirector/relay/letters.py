"""Dead letters of a spool: made of a line that is no event, and cut to what their topic takes."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from redirector.relay.round import DeadLetter
from schemas.dead_letters import LEAST_KEPT_BYTES, Letter, SpoolOrigin
from schemas.kafka_errors import TooLargeError, TopicRefusesError


def letter_of(bad: DeadLetter, spool: Path, segment: int) -> Letter:
    """What is kept of a line of a segment."""
    return Letter(
        service="relay",
        reason=bad.reason,
        detail=bad.detail,
        origin=SpoolOrigin(spool=spool.name, segment=segment, offset=bad.offset),
        value=bad.line,
        cut_bytes=bad.cut_bytes,
    )


async def send_cut_to_fit(letter: Letter, send: Callable[[Letter], Awaitable[None]]) -> None:
    """Send as much of a letter as is taken, half of it each time that it is too large. Raises TopicRefusesError."""
    while True:
        try:
            return await send(letter)
        except TooLargeError as error:
            kept_bytes = len(letter.value)
            if kept_bytes <= LEAST_KEPT_BYTES:
                raise TopicRefusesError(f"{error}; raise its max.message.bytes") from error
            letter = letter.cut_to(max(kept_bytes // 2, LEAST_KEPT_BYTES))
