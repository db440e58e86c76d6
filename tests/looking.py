"""When tests look: how often whether something has come true, and not over midnight where a day is its point."""

import time
from collections.abc import Callable
from typing import Final

_SHORTEST_S: Final = 0.02
_LONGEST_S: Final = 0.25
_PART: Final = 0.1
_DAY_S: Final = 86_400


def pause_s(began: float) -> float:
    """Seconds until the next look at what has been waited for since `began`, by `time.monotonic`.

    A tenth of what was waited, within bounds: a look costs CPU, of the very processes that are waited for, too.
    """
    return min(_LONGEST_S, max(_SHORTEST_S, (time.monotonic() - began) * _PART))


def until(true: Callable[[], bool], *, within_s: float = 60.0) -> None:
    """Ask again until it is so."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, "it never became so"
        time.sleep(pause_s(began))


def wait_for_a_day_of(at_least_s: float = 60.0) -> None:
    """Where less than that is left of the day, in UTC, wait for the next one."""
    left_s = _DAY_S - time.time() % _DAY_S
    if left_s < at_least_s:
        time.sleep(left_s)
