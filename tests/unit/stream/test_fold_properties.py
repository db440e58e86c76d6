"""What no cut, resend or restart may change: the table that a log of records becomes."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.batches import BatchHeaders, read_headers
from schemas.counters import DEDUP, DELTA, HEAD, MARKER, REPEATS, Chain
from schemas.events import Click, Event, Impression
from schemas.idempotency import KEY_TTL_S
from schemas.topics import CLICKS, IMPRESSIONS
from stream.chain import NO_HEAD, Flushed
from stream.deltas import Record, Tally
from stream.folds import FOLDS
from stream.repeats import RepeatLimits, Repeats
from stream.state import KeptSnapshot, StateFold
from tests.builders import (
    BOT,
    BOUNDS,
    BROWSER,
    DAY_MS,
    NOW_MS,
    batch,
    counter_block,
    event_block,
    events_of,
    judged_flush,
    ndjson,
    new_fold,
    read_record,
    record,
    snapshot,
)
from tests.fakes import dedup_rows, event_rows_of, rows_of, state_rows
from tests.unit.stream.chain_contents import remembered
from tests.unit.stream.latest_by_link import LatestByLink

KINDS: tuple[type[StateFold], ...] = (*FOLDS, LatestByLink)
"""Every fold that is registered, and one of tests alone."""

pytestmark = pytest.mark.usefixtures("with_and_without_the_scanner")


LIMITS = RepeatLimits(window_ms=10_000, clicks_per_minute=3)
MOST_REMEMBERED = 7

times = st.one_of(
    st.integers(NOW_MS - 12_000, NOW_MS),
    st.integers(NOW_MS - 200_000, NOW_MS + 200_000),
    st.sampled_from([0, 2**53 - 1, NOW_MS - 89 * DAY_MS, NOW_MS - 91 * DAY_MS, NOW_MS + 10**6]),
)
shared: dict[str, st.SearchStrategy[Any]] = {
    "time_ms": times,
    "link": st.sampled_from(["go.example/a", "go.example/ü", "b.example/"]),
    "seq": st.integers(0, 12),
    "spool": st.sampled_from(["", "", "k1", "k2"]),
    "visitor": st.one_of(st.sampled_from([0, 1, 1, 2]), st.integers(0, 2**53 - 1)),
    "ua": st.sampled_from([BROWSER, BOT, "", "\x00"]),
    "purpose": st.sampled_from(["", "prefetch"]),
}
clicks = st.builds(Click, **shared)
impressions = st.builds(
    Impression,
    **shared,
    source=st.sampled_from(["pixel", "beacon", "api", "platform"]),
    kind=st.sampled_from(["served", "viewable", "platform"]),
    count=st.integers(1, 10**9),
)


snapshots = st.builds(
    snapshot,
    st.sampled_from(["go.example/a", "b.example/", ""]),
    observed_ms=times,
    seq=shared["seq"],
    spool=shared["spool"],
    total=st.integers(0, 99),
    post=st.sampled_from(["1", "2"]),
    start_ms=st.sampled_from([0, 0, NOW_MS - DAY_MS]),
    end_ms=st.sampled_from([0, NOW_MS - 1, NOW_MS]),
    published_ms=st.sampled_from([0, NOW_MS]),
)


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records of one partition: batches of spools, records without identity, poison. Their clock jumps."""
    topic = draw(st.sampled_from([CLICKS, IMPRESSIONS]))
    events = clicks if topic == CLICKS else st.one_of(impressions, snapshots)
    at_ms = NOW_MS
    log = []
    for offset in range(draw(st.integers(1, 12))):
        at_ms += draw(st.sampled_from([0, 1, 500, 60_000, 61_000, KEY_TTL_S * 500, KEY_TTL_S * 1000 + 1, -3000]))
        lines = [msgspec.json.encode(event) for event in draw(st.lists(events, max_size=6))]
        lines += draw(st.lists(st.sampled_from([b"garbage", b"{}", b""]), max_size=2))
        first = draw(st.integers(1, 10))
        headers = draw(
            st.sampled_from(
                [
                    [],
                    [],
                    BatchHeaders("aa", first, first + 4, first - 1).to_kafka(),
                    [("spool", b"aa"), ("first", b"x")],
                ]
            )
        )
        log.append(record(b"\n".join(lines), offset=offset, topic=topic, at_ms=at_ms, headers=headers))
    return log


@dataclass
class Table:
    """What a log became."""

    deltas: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    dedup: list[dict[str, Any]] = field(default_factory=list)
    states: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """Rows of the other folds, by kind."""
    reached_s: int = 0
    marked: Counter[str] = field(default_factory=Counter)
    events: list[dict[str, Any]] = field(default_factory=list)
    snapshots: list[KeptSnapshot] = field(default_factory=list)
    dead_letters: list[tuple[int, int, str, bytes]] = field(default_factory=list)


def fold_in_flushes(log: list[Record], cuts: set[int], *, restart: bool) -> Table:
    """Fold a log, flushing before each offset in `cuts` and at the end; `restart` with what the table holds."""
    table, fold, head = Table(), new_fold(folds=[kind(BOUNDS) for kind in KINDS]), NO_HEAD
    repeats = Repeats(LIMITS, MOST_REMEMBERED)
    for one in log:
        fold.add(one)
        if one.offset + 1 in cuts or one is log[-1]:
            deltas = fold.take_deltas()
            flushed = Flushed(Chain(one.topic, 1, 0), head, head + 1, one.offset)
            judged = judged_flush(deltas, repeats)
            for row in rows_of(counter_block(flushed, deltas, fold.dedup, judged)):
                note(table, row)
            if deltas.parts:
                rows = event_rows_of(event_block(deltas, one.topic, judged=judged))
                table.events += sorted(rows, key=lambda row: (row["record_offset"], row["event_index"]))
            table.snapshots += deltas.snapshots
            table.dead_letters += [(at.offset, bad.index, bad.reason, bad.value) for at, bad in deltas.poison]
            fold.forget_expired()
            head = one.offset
            if restart:
                folds = [kind(BOUNDS) for kind in KINDS]
                for other in folds:
                    rows = table.states.get(other.kind, [])
                    other.restore(state_rows(rows, table.reached_s - other.ttl_s), table.reached_s)
                repeats = Repeats(LIMITS, MOST_REMEMBERED)
                repeats.restore(state_rows(table.states.get(REPEATS, []), table.reached_s - repeats.ttl_s))
                dedup = dedup_rows(table.dedup, table.reached_s)
                fold = new_fold(dedup, table.reached_s, folds)
    return table


def note(table: Table, row: dict[str, Any]) -> None:
    if row["kind"] == DELTA:
        key = tuple(row[name] for name in ("link", "window_start", "class", "source", "impression_kind"))
        table.deltas[*key, "clicks"] += row["clicks"]
        table.deltas[*key, "impressions"] += row["impressions"]
    elif row["kind"] == DEDUP:
        table.dedup.append(row)
    elif row["kind"] in {REPEATS, *(kind.kind for kind in KINDS)}:
        table.states.setdefault(row["kind"], []).append(row)
    elif row["kind"] == HEAD:
        table.reached_s = max(table.reached_s, row["touched_at"])
    elif row["kind"] == MARKER:
        table.marked.update({name: row[name] for name in ("records", "events", "resent", "dead_letters", "late")})


@settings(deadline=None, max_examples=100)
@given(logs(), st.sets(st.integers(1, 12)), st.booleans())
def test_any_cut_into_flushes_gives_the_table_of_one(log: list[Record], cuts: set[int], restart: bool) -> None:
    whole = fold_in_flushes(log, set(), restart=False)
    cut = fold_in_flushes(log, cuts, restart=restart)
    for table in (whole, cut):
        table.dedup = [{"state": dedup_rows(table.dedup, table.reached_s)}]
        for kind in KINDS:
            rows = state_rows(table.states.get(kind.kind, []), table.reached_s - kind.ttl_s)
            table.states[kind.kind] = [{"state": sorted(rows)}]
        table.states[REPEATS] = [
            {"state": remembered(table.states.get(REPEATS, []), table.reached_s, MOST_REMEMBERED)}
        ]
    assert cut == whole


@settings(deadline=None, max_examples=60)
@given(logs())
def test_the_books_of_any_log_balance(log: list[Record]) -> None:
    fold = new_fold()
    for one in log:
        before = copy.copy(fold.deltas.tally)
        tally = fold.add(one)
        decoded = read_record(one.topic, one.value)
        if any(bad.reason == "bad_headers" for at, bad in fold.deltas.poison if at is one):
            assert tally == Tally(records=1, dead_letters=1)
        else:
            assert tally.settled == len(decoded.events) + len(decoded.snapshots) + len(decoded.poison)
        assert fold.deltas.tally.settled == before.settled + tally.settled
    deltas = fold.deltas
    assert len(deltas.poison) == deltas.tally.dead_letters
    assert sum(part.rows for part in deltas.parts) == len(deltas.columns)
    assert len(deltas.columns) + len(deltas.snapshots) == deltas.tally.counted
    topic = log[0].topic
    counted = events_of(deltas.columns, deltas.spools_of, topic=topic)
    rows = rows_of(counter_block(Flushed(Chain(topic, 1, 0), NO_HEAD, 0, 0), deltas, fold.dedup))
    assert sum(row["clicks"] for row in rows) == sum(isinstance(event, Click) for event in counted)
    assert sum(row["impressions"] for row in rows) == sum(
        event.count for event in counted if isinstance(event, Impression)
    )


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(1, 9)), max_size=15),
    st.sets(st.integers(1, 40)),
)
def test_however_a_spool_is_cut_and_sent_again_each_event_counts_once(
    count: int, sends: list[tuple[int, int]], cuts: set[int]
) -> None:
    spool: list[Event] = [Click(time_ms=NOW_MS, link="go.example/a", seq=seq) for seq in range(1, count + 1)]
    log: list[Record] = []
    shipped = 0
    # A relay goes back to where its checkpoint is, never beyond what it has shipped.
    for start, length in [*sends, (shipped, 10), (0, count), (0, count)]:
        begin = min(start, shipped)
        part = spool[begin : begin + length]
        if part:
            log.append(batch("aa", part, prev=begin, offset=len(log)))
            shipped = max(shipped, begin + len(part))
    table = fold_in_flushes(log, cuts, restart=True)
    assert [row["seq"] for row in table.events] == list(range(1, count + 1))
    assert table.marked["events"] == count
    assert table.marked["resent"] == sum(len(ndjson_lines(one)) for one in log) - count
    ((spool_id, seq, _),) = dedup_rows(table.dedup, table.reached_s)
    assert (spool_id, seq) == ("aa", count)


def ndjson_lines(one: Record) -> list[bytes]:
    return (one.value or b"").splitlines()


@settings(deadline=None)
@given(st.lists(st.one_of(clicks, impressions), min_size=1, max_size=5))
def test_events_survive_the_wire(events: list[Event]) -> None:
    wanted = [event for event in events if isinstance(event, Click)]
    decoded = read_record(CLICKS, ndjson(events))
    assert decoded.events == wanted
    assert [bad.reason for bad in decoded.poison] == ["wrong_topic"] * (len(events) - len(wanted))


numbers = st.integers(0, 2**53 - 1)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=20), st.lists(numbers, min_size=3, max_size=3))
def test_headers_survive_the_wire(spool: str, three: list[int]) -> None:
    prev, first, last = sorted(three)
    headers = BatchHeaders(spool, first + 1, last + 1, prev)
    if last + 1 < 2**53:
        assert read_headers(headers.to_kafka()) == headers
