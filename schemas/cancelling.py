"""Whose a CancelledError is: somebody cancelled the task that runs, or something that it waited for."""

import asyncio


def is_cancelled() -> bool:
    """Whether somebody cancelled the task that runs."""
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0
