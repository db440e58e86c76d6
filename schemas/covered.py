"""Which events the counters hold: those up to the heads that were read with them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from schemas.counters import Chain
from schemas.topics import EVENT_TOPICS

NOTHING: Final = "0"


class Head(NamedTuple):
    """Where a chain has come to: the last offset applied, and the Kafka time (seconds) of its last flush."""

    last: int
    touched_s: int


def covered(heads: Mapping[Chain, Head]) -> str:
    """SQL, a condition on `events`: those that these heads cover: all of earlier epochs, up to the last's head.

    A flush writes its events before its counters and never changes them: they can be read later than the heads.
    """
    ends = earlier_ends(heads)
    return any_of(
        f"topic = '{chain.topic}' AND partition = {chain.partition} AND (record_offset <= {heads[chain].last}"
        f" OR received_at < fromUnixTimestamp({ends.get((chain.topic, chain.partition), -1) + 1}))"
        for chain in latest(heads).values()
        if chain.topic in EVENT_TOPICS
    )


def latest(chains: Iterable[Chain]) -> dict[tuple[str, int], Chain]:
    """By topic and partition, the chain of the highest epoch: the one that goes on."""
    newest: dict[tuple[str, int], Chain] = {}
    for chain in chains:
        at = (chain.topic, chain.partition)
        if at not in newest or newest[at].epoch < chain.epoch:
            newest[at] = chain
    return newest


def earlier_ends(heads: Mapping[Chain, Head]) -> dict[tuple[str, int], int]:
    """By topic and partition, the Kafka time (seconds) until which earlier epochs were counted; absent: none."""
    newest = latest(heads)
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for chain, head in heads.items():
        at = (chain.topic, chain.partition)
        if newest[at] != chain:
            ends[at] = max(ends[at], head.touched_s)
    return dict(ends)


def any_of(conditions: Iterable[str]) -> str:
    """SQL: whether one of them holds."""
    return "(" + (" OR ".join(f"({condition})" for condition in conditions) or NOTHING) + ")"
