"""The parts of a relay side by side: none ends by itself, and one that does ends the process with a reason."""

import asyncio
import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


async def run_parts(
    shipping: "asyncio.Task[None]",
    others: Sequence["asyncio.Task[None]"],
    stopping: asyncio.Event,
    *,
    grace_s: float,
) -> None:
    """Until `stopping` is set; `shipping`, which ends by itself then, gets `grace_s` to do so.

    Raises SystemExit, with status 1, when a part failed, was cancelled by something that is not us, or returned
    early: the supervisor starts the process anew.
    """
    parts = (shipping, *others)
    stop = asyncio.create_task(stopping.wait(), name="stop")
    try:
        await asyncio.wait((*parts, stop), return_when=asyncio.FIRST_COMPLETED)
        if stop.done():
            await asyncio.wait((shipping,), timeout=grace_s)
    finally:
        ended = [part for part in parts if part.done()]
        for task in (*parts, stop):
            task.cancel()
        await asyncio.gather(*parts, stop, return_exceptions=True)
    failed = [part for part in parts if not part.cancelled() and part.exception() is not None]
    alone = [part for part in ended if part.cancelled() or not stopping.is_set()]
    for part in dict.fromkeys((*failed, *alone)):
        _tell_end(part)
    if failed or alone:
        raise SystemExit(1)


def _tell_end(part: "asyncio.Task[None]") -> None:
    if part.cancelled():
        log.critical("%s was cancelled, and not by us; ending, to be started anew", part.get_name())
    elif (error := part.exception()) is not None:
        log.critical("%s failed; ending, to be started anew", part.get_name(), exc_info=error)
    else:
        log.critical("%s came to its end; ending, to be started anew", part.get_name())
