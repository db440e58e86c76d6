"""Gauges of a worker, brought up to date when they are read."""

from schemas.topics import EVENT_TOPICS
from stream.chain import NO_HEAD
from stream.ownership import Ownership
from stream.refused import CAUSES
from stream.repeats import Repeats
from stream.shared import Shared


def measure(ownership: Ownership, shared: Shared) -> None:
    """What waits, for how long, how far the heads are, and what is refused."""
    metrics = shared.metrics
    for cause in CAUSES:
        metrics.refused.labels(cause).set(sum(one == cause for one in ownership.refused.values()))
    now_ms = shared.wall_clock() * 1000
    entries = {kind.name: 0 for kind in shared.folds} | {Repeats.name: 0}
    buffered = dict.fromkeys(EVENT_TOPICS, 0)
    spools = dict.fromkeys(EVENT_TOPICS, 0)
    for tp, partition in ownership.partitions.items():
        buffered[tp.topic] += partition.unsettled_events
        spools[tp.topic] += partition.dedup_spools
        for name, count in partition.fold_entries.items():
            entries[name] += count
        oldest_ms = partition.oldest_ms
        age_s = 0.0 if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000)
        metrics.freshness.labels(tp.topic, str(tp.partition)).set(age_s)
        metrics.dead_letter_ratio.labels(tp.topic, str(tp.partition)).set(partition.dead_letter_ratio)
        if partition.head != NO_HEAD:
            metrics.head.labels(tp.topic, str(tp.partition)).set(partition.head)
    for name, count in entries.items():
        metrics.fold_entries.labels(name).set(count)
    for topic in EVENT_TOPICS:
        metrics.buffered.labels(topic).set(buffered[topic])
        metrics.dedup_spools.labels(topic).set(spools[topic])
