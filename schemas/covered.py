"""Which events the counters hold: those up to the heads that were read with them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.counters import Chain
from schemas.topics import EVENT_TOPICS

NOTHING: Final = "0"

Place = tuple[str, int]
"""A topic and a partition."""


class Head(NamedTuple):
    """Where a chain has come to: the last offset applied, and the Kafka time (seconds) of its last flush."""

    last: int
    touched_s: int


def covered(heads: Mapping[Chain, Head | None]) -> str:
    """SQL, a condition on `events`: those that these heads cover: all of earlier epochs, up to the last's head.

    A chain without a head covers nothing. A flush writes its events before its counters and never changes them:
    they can be read later than the heads.
    """
    ends = earlier_ends(heads)
    return any_of(
        f"topic = '{topic}' AND partition = {partition} AND (record_offset <= {head.last}"
        f" OR received_at < fromUnixTimestamp({ends.get((topic, partition), -1) + 1}))"
        for (topic, partition), chain in latest(heads).items()
        if topic in EVENT_TOPICS and (head := heads[chain]) is not None
    )


def latest(chains: Iterable[Chain]) -> dict[Place, Chain]:
    """By topic and partition, the chain of the highest epoch: the one that goes on."""
    newest: dict[Place, Chain] = {}
    for chain in chains:
        at = (chain.topic, chain.partition)
        if at not in newest or newest[at].epoch < chain.epoch:
            newest[at] = chain
    return newest


def earlier_ends(heads: Mapping[Chain, Head | None]) -> dict[Place, int]:
    """By topic and partition, the Kafka time (seconds) until which earlier epochs were counted; absent: none."""
    newest = latest(heads)
    ends: dict[Place, int] = defaultdict(int)
    for chain, head in heads.items():
        at = (chain.topic, chain.partition)
        if head is not None and newest[at] != chain:
            ends[at] = max(ends[at], head.touched_s)
    return dict(ends)


def any_of(conditions: Iterable[str]) -> str:
    """SQL: whether one of them holds."""
    return "(" + (" OR ".join(f"({condition})" for condition in conditions) or NOTHING) + ")"
