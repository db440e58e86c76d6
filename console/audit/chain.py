"""The chain of each topic-partition: does every flush start where the last one ended, and does the head say so?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from console.audit.findings import Finding
from schemas import counters, covered
from schemas.counters import topic_and_epoch
from schemas.covered import Head

_SHOWN: Final = 5


class Place(NamedTuple):
    """A chain: topic@epoch and partition."""

    topic: str
    partition: int

    @property
    def base_topic(self) -> str:
        """The topic's name in Kafka."""
        return topic_and_epoch(self.topic)[0]

    @property
    def epoch(self) -> int:
        """How often the topic was made anew, from 1; 0 for a name without one."""
        return topic_and_epoch(self.topic)[1]

    @property
    def chain(self) -> counters.Chain:
        """By its topic's name in Kafka."""
        return counters.Chain(self.base_topic, self.epoch, self.partition)

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Markers of which each starts where the one before ended; a marker alone is one, too.

    `inserted` is how many inserts made them: more than `markers` when a flush was inserted twice.
    """

    first: int
    last: int
    markers: int = 1
    inserted: int = 1
    events: int = 0
    dead_letters: int = 0
    late: int = 0


@dataclass(slots=True)
class Chain:
    """What the counter table holds of one chain, read at one instant. `gaps` are (first, last) of kind 5.

    `since_s`: markers whose flush is older are not among the stretches, so the first need not begin at 0.
    """

    head: Head | None = None
    stretches: list[Stretch] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)


def check_chains(chains: dict[Place, Chain], *, since_s: int) -> list[Finding]:
    """Every break of every chain; one ok finding when there is none."""
    findings = [
        finding
        for place, chain in sorted(chains.items())
        for finding in (*_check_markers(place, chain), *_check_head(place, chain, since_s))
    ]
    if all(finding.severity == "ok" for finding in findings):
        markers = sum(stretch.markers for chain in chains.values() for stretch in chain.stretches)
        findings.append(
            Finding(
                severity="ok",
                check="chain",
                name="unbroken",
                where="counters",
                what=f"{len(chains)} chains, {markers:,} flushes, each starts where the last one ended",
            )
        )
    return findings


def _check_markers(place: Place, chain: Chain) -> Iterator[Finding]:
    gaps = set(chain.gaps)
    end: int | None = None
    for stretch in sorted(chain.stretches, key=lambda one: (one.first, one.last)):
        if stretch.inserted != stretch.markers:
            yield _double(place, stretch)
        if end is not None and stretch.first > end + 1:
            hole = (end + 1, stretch.first - 1)
            yield _gap(place, *hole) if hole in gaps else _hole(place, *hole)
        elif end is not None and stretch.first <= end:
            yield _overlap(place, stretch.first, min(end, stretch.last))
        end = stretch.last if end is None else max(end, stretch.last)


def _check_head(place: Place, chain: Chain, since_s: int) -> Iterator[Finding]:
    end = max((stretch.last for stretch in chain.stretches), default=None)
    head = chain.head
    if head is None:
        if end is not None:
            yield _head(place, "head_missing", f"flushes up to offset {end:,} and no head")
    elif end is None:
        if head.touched_s >= since_s:
            yield _head(place, "markers_missing", f"the head is {head.last:,} and no flush says so")
    elif head.last > end:
        yield _head(place, "head_ahead", f"the head is {head.last:,}, the last flush ended at {end:,}")
    elif head.last < end:
        yield _head(place, "head_behind", f"the head is {head.last:,}, the last flush ended at {end:,}")


def _hole(place: Place, first: int, last: int) -> Finding:
    return Finding(
        severity="broken",
        check="chain",
        name="hole",
        where=f"{place} {first}..{last}",
        what=f"no flush covers the offsets {first:,} to {last:,} ({last - first + 1:,} records)",
        advice="rows of the counter table were lost or deleted: restore it, the stream refills it from Kafka",
        runbook="chain-hole.md",
    )


def _gap(place: Place, first: int, last: int) -> Finding:
    return Finding(
        severity="warning",
        check="chain",
        name="gap",
        where=f"{place} {first}..{last}",
        what=f"retention took {last - first + 1:,} records before they were counted",
        advice="they are lost and their number is known; keep Kafka's retention longer than the longest outage",
        runbook="log-gap.md",
    )


def _overlap(place: Place, first: int, last: int) -> Finding:
    return Finding(
        severity="broken",
        check="chain",
        name="overlap",
        where=f"{place} {first}..{last}",
        what=f"two flushes cover the offsets {first:,} to {last:,}: their events are counted twice",
        advice="stop the workers, keep the evidence, rebuild the counters of these offsets from Kafka",
        runbook="chain-overlap.md",
    )


def _double(place: Place, stretch: Stretch) -> Finding:
    return Finding(
        severity="broken",
        check="chain",
        name="double",
        where=f"{place} {stretch.first}..{stretch.last}",
        what=f"{stretch.markers:,} flushes from offset {stretch.first:,} were inserted {stretch.inserted:,} times",
        advice="stop the workers, keep the evidence, rebuild the counters of these offsets from Kafka",
        runbook="chain-overlap.md",
    )


def _head(place: Place, name: str, what: str) -> Finding:
    return Finding(
        severity="broken",
        check="chain",
        name=name,
        where=str(place),
        what=what,
        advice="head and flush are written in one insert: somebody changed rows, or a restore was partial;"
        " restore all of the counter table from one backup",
        runbook="chain-head.md",
    )


def latest(chains: Iterable[Place]) -> dict[tuple[str, int], Place]:
    """By topic and partition, the chain of the highest epoch: the one that goes on."""
    places = {place.chain: place for place in chains}
    return {at: places[chain] for at, chain in covered.latest(places).items()}


def heads_of(chains: Mapping[Place, Chain]) -> dict[counters.Chain, Head | None]:
    """The chains' heads; None where there is none."""
    return {place.chain: chain.head for place, chain in chains.items()}


def earlier_ends(chains: Mapping[Place, Chain]) -> dict[tuple[str, int], int]:
    """By topic and partition, the Kafka time (seconds) until which earlier epochs were counted; absent: none."""
    return covered.earlier_ends(heads_of(chains))


def first_few(values: Sequence[str]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(values[:_SHOWN])
    return shown if len(values) <= _SHOWN else f"{shown} and {len(values) - _SHOWN:,} more"
