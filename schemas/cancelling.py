"""Whose a CancelledError is: of somebody who cancelled the task, or of what it waited for. Who ends with whom."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


class CancelledByOthersError(Exception):
    """Work was cancelled by something that nobody asked to: it is not done, and must not pass for it."""


def is_cancelled() -> bool:
    """Whether somebody cancelled the task that runs."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


class Together:
    """Tasks that run side by side; `start` adds one."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it beside the others."""
        self._group.create_task(_whole(work))


@asynccontextmanager
async def together() -> AsyncIterator[Together]:
    """A task group in which every task has to come to its end.

    asyncio's own takes one that was cancelled by something else for one that is done. Here that is a
    CancelledByOthersError, which ends the group as any error does: in a group of exceptions.
    """
    async with asyncio.TaskGroup() as group:
        yield Together(group)


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except asyncio.CancelledError as error:
        if is_cancelled():
            raise
        raise CancelledByOthersError("a task was cancelled by something that it waited for") from error


async def run_together(*runs: Coroutine[Any, Any, None]) -> None:
    """Run all until they end. One that fails takes the others with it: its error is raised once all have ended."""
    try:
        async with together() as group:
            for run in runs:
                group.start(run)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from errors
