"""What is sent, as the list of it that the independent computation goes by."""

from typing import NamedTuple


class StatedTotal(NamedTuple):
    """A platform's total as a call or file says it; times in milliseconds, 0 where there is none.

    `metric` is the platform's name with its scope, without the version of the API.
    """

    platform: str
    post: str
    metric: str
    start_ms: int
    end_ms: int
    observed_ms: int
    total: int
    published_ms: int = 0


class Call(NamedTuple):
    """A request that posts totals, and how many of its parts must be refused."""

    path: str
    body: bytes
    stated: tuple[StatedTotal, ...]
    refused: int = 0
