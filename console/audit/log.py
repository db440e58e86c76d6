"""What Kafka holds, and whether it fits what was counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from console.audit.chain import Chain, Place, latest
from console.audit.findings import Finding

TopicPartition = tuple[str, int]


@dataclass(slots=True)
class Log:
    """Kafka's event topics by (topic, partition).

    `starts` and `aging` were read before the heads, `ends` and `times` after them, so that neither is ahead of
    the heads in a system that is well. `aging`: the first offset that retention does not reach soon. `times`:
    Kafka time (seconds) of the record at the head, as far as it is still there.
    """

    starts: dict[TopicPartition, int] = field(default_factory=dict)
    aging: dict[TopicPartition, int] = field(default_factory=dict)
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    times: dict[TopicPartition, float] = field(default_factory=dict)
    dead_letters: dict[TopicPartition, set[tuple[int, int]]] = field(default_factory=dict)
    """(offset, index) of each dead letter of the stream, copies taken for one."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Dead letters of stream and relay by reason, copies taken for one."""
    keeps_dead_letters_s: float = 0.0


Waiting = dict[TopicPartition, int]


def waiting(log: Log, chains: dict[Place, Chain]) -> Waiting:
    """The head of each partition that has records above it."""
    heads = {at: head.last for at, place in latest(chains).items() if (head := chains[place].head) is not None}
    return {at: last for at, last in heads.items() if log.ends.get(at, 0) > last + 1}


def check_log(log: Log, chains: dict[Place, Chain], before: Waiting | None) -> list[Finding]:
    """Heads against Kafka. `before` is what waited at an earlier look, if there was one: do those heads move?"""
    heads = {at: place for at, place in latest(chains).items() if chains[place].head is not None}
    findings = [finding for at in sorted(log.ends) for finding in _check_partition(log, at, heads, chains, before)]
    gone = [f"{place}" for at, place in sorted(heads.items()) if at not in log.ends]
    findings.extend(_topic_gone(where) for where in gone)
    if not findings:
        lag = lag_records(log, chains)
        findings.append(
            Finding(
                severity="ok",
                check="log",
                name="covered",
                where="Kafka",
                what=f"{len(log.ends)} partitions, {lag:,} records are not counted yet",
            )
        )
    return findings


def lag_records(log: Log, chains: dict[Place, Chain]) -> int:
    """Records of all partitions that no head covers."""
    heads = {at: head.last for at, place in latest(chains).items() if (head := chains[place].head) is not None}
    return sum(max(0, end - max(heads.get(at, -1) + 1, log.starts.get(at, 0))) for at, end in log.ends.items())


def _check_partition(
    log: Log,
    at: TopicPartition,
    heads: dict[TopicPartition, Place],
    chains: dict[Place, Chain],
    before: Waiting | None,
) -> Iterator[Finding]:
    where, end, start = f"{at[0]}-{at[1]}", log.ends[at], log.starts.get(at, 0)
    head = chains[heads[at]].head if at in heads else None
    if head is None:
        if end > start:
            yield Finding(
                severity="warning",
                check="log",
                name="uncounted",
                where=where,
                what=f"{end - start:,} records and no head: nobody counts this partition",
                advice="start the stream workers, or see in their log why they do not read it",
                runbook="stream-lag.md",
            )
        return
    if head.last + 1 > end:
        yield _recreated(where, f"counted up to offset {head.last:,}, the topic ends at {end:,}")
        return
    if int(log.times.get(at, 0)) > head.touched_s:
        yield _recreated(where, f"the record at the head, {head.last:,}, is younger than when it was counted")
        return
    if head.last + 1 < start:
        yield Finding(
            severity="broken",
            check="log",
            name="taken",
            where=where,
            what=f"retention took {start - head.last - 1:,} records that were not counted",
            advice="start the workers at once, before it takes more; they note what is lost as a gap",
            runbook="log-gap.md",
        )
    elif head.last + 1 < log.aging.get(at, 0):
        yield Finding(
            severity="warning",
            check="log",
            name="aging",
            where=where,
            what=f"{log.aging[at] - head.last - 1:,} uncounted records are near the end of Kafka's retention",
            advice="raise retention.ms of the topic now, then see why the workers lag",
            runbook="stream-lag.md",
        )
    lag = end - 1 - head.last
    if lag and before is not None and before.get(at) == head.last:
        yield Finding(
            severity="warning",
            check="log",
            name="stalled",
            where=where,
            what=f"{lag:,} records wait behind offset {head.last:,} and the head did not move",
            advice="see whether stream workers run, own this partition, and reach ClickHouse",
            runbook="stream-lag.md",
        )


def _recreated(where: str, what: str) -> Finding:
    return Finding(
        severity="broken",
        check="log",
        name="recreated",
        where=where,
        what=what,
        advice="the topic was created anew, or the broker lost records: raise CLICKTALLY_STREAM_EPOCH if so",
        runbook="topic-recreated.md",
    )


def _topic_gone(where: str) -> Finding:
    return Finding(
        severity="broken",
        check="log",
        name="topic_gone",
        where=where,
        what="was counted, and Kafka has no such partition",
        advice="is this the right Kafka? Otherwise create the topics by `clicktally migrate` and raise the epoch",
        runbook="topic-recreated.md",
    )


def check_dead_letters(log: Log, chains: dict[Place, Chain], *, comparable: bool) -> list[Finding]:
    """Dead letters against what the flushes say; not compared when the topic does not reach back as far."""
    findings = list(_check_letters(log, chains)) if comparable else []
    if not findings:
        by_reason = ", ".join(f"{count:,} {reason}" for reason, count in log.reasons.most_common()) or "none"
        findings.append(
            Finding(
                severity="ok",
                check="dead_letters",
                name="kept",
                where="dead-letters",
                what=by_reason if comparable else f"{by_reason}; older ones have left the topic, not compared",
                advice="see what sends them: each has its reason and its detail in its headers"
                if log.reasons
                else "",
                runbook="dead-letters.md" if log.reasons else "",
            )
        )
    return findings


def _check_letters(log: Log, chains: dict[Place, Chain]) -> Iterator[Finding]:
    for at, place in sorted(latest(chains).items()):
        stretches = chains[place].stretches
        if not stretches:
            continue
        in_flushes = sum(one.dead_letters for one in stretches)
        first, last = min(one.first for one in stretches), max(one.last for one in stretches)
        kept = sum(first <= offset <= last for offset, _ in log.dead_letters.get(at, ()))
        if kept == in_flushes:
            continue
        yield Finding(
            severity="warning" if kept > in_flushes else "broken",
            check="dead_letters",
            name="missing" if kept < in_flushes else "too_many",
            where=f"{place} {first}..",
            what=f"the flushes set {in_flushes:,} dead letters aside, the topic has {kept:,} of the same offsets",
            advice="letters are gone: see retention and size limits of the topic dead-letters"
            if kept < in_flushes
            else "records were judged differently on a second reading: settings changed in between?",
            runbook="dead-letters.md",
        )
