"""Work that is cut into turns: a generator that yields where others may go on, and returns its result."""

import asyncio
from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Turns = Generator[None, None, Result]
"""Whoever drives it, with `at_once` or `in_turns`, gets the same result."""


def at_once(turns: Turns[Result]) -> Result:
    """The result, without a pause between turns."""
    while True:
        try:
            next(turns)
        except StopIteration as finished:
            result: Result = finished.value
            return result


async def in_turns(turns: Turns[Result]) -> Result:
    """The result; after each turn the event loop does what else is due: heartbeats, other partitions."""
    while True:
        try:
            next(turns)
        except StopIteration as finished:
            result: Result = finished.value
            return result
        await asyncio.sleep(0)
