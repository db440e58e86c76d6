"""Compare what clients were told and what the log holds with what ClickHouse counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deploy.local.replay.classes import CLICKS_SQL, Rules, misjudged, stored_clicks
from schemas.counters import topic_and_epoch
from tests.chaos.ledger import Ledger
from tests.chaos.recount import Place, Raw, Recount, in_gap, recount

Ranges = dict[Place, list[tuple[int, int]]]

_SOURCE = "multiIf(source = '', 'click', source IN ('opening', 'revision'), 'snapshot', source)"
_MARKERS = """
    SELECT topic, partition, first_offset, max(last_offset), sum(batches) FROM counters WHERE kind = {kind}
    GROUP BY topic, partition, first_offset ORDER BY topic, partition, first_offset
"""
_COUNTED = f"""
    SELECT concat({_SOURCE}, ' ', link), sum(if(source = '', clicks, impressions)) FROM counters WHERE kind = 0
    GROUP BY ALL
"""
_EVENTS = f"""
    SELECT topic, partition, record_offset, event_index, spool, seq, concat({_SOURCE}, ' ', link), count
    FROM events FINAL
    UNION ALL
    SELECT topic, partition, record_offset, event_index, spool, seq, concat('snapshot ', link),
        arraySum(differences.impressions)
    FROM snapshots FINAL
"""


ALL_CLICKS = CLICKS_SQL.format(since=0)
_JUDGED_TWICE = """
    SELECT topic, partition, record_offset, event_index, groupUniqArray(class)
    FROM events GROUP BY topic, partition, record_offset, event_index HAVING uniqExact(class) > 1
"""
_BY_CLASS = """
    SELECT concat(class, ' ', link), sum(clicks) FROM counters WHERE kind = 0 AND source = '' GROUP BY ALL
"""


class Database(Protocol):
    """Whatever answers a query with rows."""

    def select(self, query: str) -> list[list[Any]]:
        """The rows of a query."""


@dataclass
class Audit:
    """What is wrong with the chain."""

    holes: int = 0
    overlaps: int = 0
    doubles: int = 0
    gap_records: int = 0


@dataclass
class Findings:
    """What the comparison found; `words` say where."""

    lost: int = 0
    doubled: int = 0
    counted: int = 0
    audit: Audit = field(default_factory=Audit)
    dead_letters: int = 0
    by_class: dict[str, int] = field(default_factory=dict)
    """Clicks that are counted, by traffic class."""
    words: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether every promise held."""
        return not (self.words or self.lost or self.doubled)

    def add_lost(self, count: int, words: str) -> None:
        """So many events are missing. Different comparisons may see the same loss: the largest counts."""
        self.lost = max(self.lost, count)
        self.words.append(f"lost {count}: {words}")

    def add_doubled(self, count: int, words: str) -> None:
        """So many events are counted that should not be."""
        self.doubled = max(self.doubled, count)
        self.words.append(f"doubled {count}: {words}")


def compare(database: Database, ledger: Ledger, records: Iterable[Raw]) -> Findings:
    """Every comparison there is, on a pipeline that came to rest."""
    records = list(records)
    findings = Findings()
    gaps = _ranges(database, kind=5)
    findings.audit = audit(_markers(database, kind=2), gaps)
    for name in ("holes", "overlaps", "doubles"):
        if count := getattr(findings.audit, name):
            findings.words.append(f"audit: {count} {name}")
    expected = recount(records, gaps)
    counted = {str(name): int(count) for name, count in database.select(_COUNTED)}
    findings.counted = sum(counted.values())
    _against_ledger(findings, ledger, expected, counted)
    _against_log(findings, expected, counted)
    _events_against_counters(findings, database, gaps, expected, counted)
    _classes(findings, database, gaps)
    _dead_letters(findings, records, expected, ledger)
    return findings


def audit(markers: Mapping[Place, list[tuple[int, int, int]]], gaps: Ranges) -> Audit:
    """Each flush (first, last, batches) must begin where the one before ended, or where a told gap ends."""
    audited = Audit(gap_records=sum(last - first + 1 for ranges in gaps.values() for first, last in ranges))
    for place, flushes in markers.items():
        expected: int | None = None
        for first, last, batches in flushes:
            audited.doubles += batches > 1
            if expected is not None and first > expected:
                audited.holes += (expected, first - 1) not in gaps.get(place, ())
            if expected is not None and first < expected:
                audited.overlaps += 1
            expected = max(last + 1, expected or 0)
    return audited


def _markers(database: Database, *, kind: int) -> dict[Place, list[tuple[int, int, int]]]:
    markers: dict[Place, list[tuple[int, int, int]]] = {}
    for topic, partition, first, last, batches in database.select(_MARKERS.format(kind=kind)):
        place = (topic_and_epoch(str(topic))[0], int(partition))
        markers.setdefault(place, []).append((int(first), int(last), int(batches)))
    return markers


def _ranges(database: Database, *, kind: int) -> Ranges:
    return {
        place: [(first, last) for first, last, _ in rows] for place, rows in _markers(database, kind=kind).items()
    }


def _against_ledger(findings: Findings, ledger: Ledger, expected: Recount, counted: dict[str, int]) -> None:
    """Per link and source: answered <= counted <= answered + unanswered, but for what retention took."""
    lost, doubled = Counter[str](), Counter[str]()
    for name in ledger.tallies.keys() | counted.keys():
        tally = ledger.tallies.get(name)
        least = (tally.answered if tally else 0) - expected.taken[name]
        most = tally.answered + tally.unanswered if tally else 0
        lost[name] = max(0, least - counted.get(name, 0))
        doubled[name] = max(0, counted.get(name, 0) - most)
    if total := lost.total():
        findings.add_lost(total, f"answered and not counted: {+lost}")
    if total := doubled.total():
        findings.add_doubled(total, f"counted more often than asked for: {+doubled}")


def _against_log(findings: Findings, expected: Recount, counted: dict[str, int]) -> None:
    """Per link and source: exactly what Kafka's log holds once each."""
    lost, doubled = Counter[str](), Counter[str]()
    for name in expected.sure.keys() | counted.keys():
        least, most = expected.sure[name], expected.sure[name] + expected.perhaps[name]
        lost[name] = max(0, least - counted.get(name, 0))
        doubled[name] = max(0, counted.get(name, 0) - most)
    if total := lost.total():
        findings.add_lost(total, f"in Kafka's log and not in the counters: {+lost}")
    if total := doubled.total():
        findings.add_doubled(total, f"in the counters more often than in Kafka's log: {+doubled}")


def _events_against_counters(
    findings: Findings, database: Database, gaps: Ranges, expected: Recount, counted: dict[str, int]
) -> None:
    """The table `events`: no identity twice, none missing, and the same sums as the counters.

    Events are written before the counters of their flush: of records that retention took in between they may
    be there, and are left out here.
    """
    times: Counter[tuple[str | int, ...]] = Counter()
    sums: Counter[str] = Counter()
    for topic, partition, offset, index, spool, seq, name, count in database.select(_EVENTS):
        if in_gap(gaps, (str(topic), int(partition)), int(offset)):
            continue
        times[(spool, int(seq)) if spool and seq else (topic, int(partition), int(offset), int(index))] += 1
        sums[name] += int(count)
    if twice := {identity: count for identity, count in times.items() if count > 1}:
        findings.add_doubled(len(twice), f"identities twice in events: {list(twice.items())[:5]}")
    wanted = {identity for identity, name in expected.identities.items() if name}
    if missing := wanted - times.keys():
        findings.add_lost(len(missing), f"identities of the log that are not in events: {sorted(missing)[:5]}")
    if foreign := times.keys() - wanted:
        findings.add_doubled(len(foreign), f"identities in events that are not in the log: {sorted(foreign)[:5]}")
    ours = Counter(counted)
    if more := sums - ours:
        findings.add_lost(more.total(), f"in events and not in the counters: {more}")
    if more := ours - sums:
        findings.add_doubled(more.total(), f"in the counters and not in events: {more}")


def _classes(findings: Findings, database: Database, gaps: Ranges) -> None:
    """Every click has the class that the rules give, was given no other one, and is counted under it."""
    clicks = [
        click
        for click in stored_clicks(database.select(ALL_CLICKS))
        if not in_gap(gaps, ("clicks", click.partition), click.offset)
    ]
    findings.by_class = dict(Counter(click.traffic_class for click in clicks))
    if wrong := misjudged(clicks, Rules()):
        findings.words.append(f"classes: {len(wrong)} clicks are misjudged: {wrong[:5]}")
    if twice := database.select(_JUDGED_TWICE):
        findings.words.append(f"classes: {len(twice)} events were judged twice, and differently: {twice[:5]}")
    stored = Counter(f"{click.traffic_class} {click.link}" for click in clicks)
    counted = Counter({str(name): int(count) for name, count in database.select(_BY_CLASS) if int(count)})
    if differing := {
        name: (counted[name], stored[name]) for name in counted | stored if counted[name] != stored[name]
    }:
        findings.words.append(f"classes: counted and stored differ: {list(differing.items())[:5]}")


def _dead_letters(findings: Findings, records: list[Raw], expected: Recount, ledger: Ledger) -> None:
    """Each dead letter is in its topic, under its key and with its reason; none other is."""
    headers_by_name: dict[str, str] = {}
    for record in records:
        if record.topic == "dead-letters":
            headers_by_name[(record.key or b"").decode()] = dict(record.headers).get("reason", b"").decode()
    findings.dead_letters = len(expected.dead)
    wanted = {"-".join(map(str, where)): reason for where, reason in expected.dead.items()}
    if missing := wanted.keys() - headers_by_name.keys():
        findings.add_lost(len(missing), f"dead letters that are in no topic: {sorted(missing)[:5]}")
    for key, reason in wanted.items():
        if reason != "poison" and headers_by_name.get(key, reason) != reason:
            findings.words.append(f"dead letter {key} has the reason {headers_by_name[key]}, not {reason}")
    reasons = Counter(expected.dead.values())
    for reason, least in ledger.dead_letters.items():
        if reasons[reason] < least - sum(expected.taken.values()):
            findings.add_lost(least - reasons[reason], f"dead letters of reason {reason} in Kafka's log")
