"""What the console says of a line is what the stream does with it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.event_lines import LineFault, read_line
from schemas.event_times import MAX_SKEW_S, SNAPSHOT_MAX_AGE_DAYS
from schemas.snapshot_times import snapshot_fault
from schemas.snapshots import Snapshot
from schemas.topics import EVENT_TOPICS
from stream.columns import EventColumns
from stream.decode import decode
from stream.snapshots import refusal
from stream.state import TimeBounds
from tests.builders import DAY_MS, NOW_MS

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**54), st.just(NOW_MS), st.text(max_size=4), st.just("go.example/a")
)
LINES = st.one_of(
    st.binary(max_size=20),
    st.dictionaries(
        st.sampled_from(["type", "time_ms", "link", "source", "kind", "count", "v", "seq", "ua", "other"]),
        st.one_of(VALUES, st.sampled_from(["click", "impression", "api", "viewable"])),
        max_size=8,
    ).map(msgspec.json.encode),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["click", "impression"]),
            "time_ms": st.just(NOW_MS),
            "link": st.just("go.example/a"),
        },
        optional={
            "source": st.sampled_from(["api", "pixel", "nobody"]),
            "kind": st.just("viewable"),
            "count": st.integers(0, 2),
            "v": st.integers(0, 2),
        },
    ).map(msgspec.json.encode),
    st.fixed_dictionaries(
        {"type": st.just("snapshot"), "observed_ms": st.just(NOW_MS), "platform": st.just("x")},
        optional={
            "post": st.sampled_from(["19", ""]),
            "series": st.just("views"),
            "total": st.integers(-1, 1),
            "v": st.integers(0, 2),
        },
    ).map(msgspec.json.encode),
)
AGES_MS = st.sampled_from([0, 1, 1000, int(MAX_SKEW_S * 1000), int(SNAPSHOT_MAX_AGE_DAYS * DAY_MS)])
TIMES_MS = st.one_of(
    st.just(0),
    st.builds(
        lambda age_ms, off, sign: max(0, NOW_MS + sign * age_ms + off),
        AGES_MS,
        st.integers(-1, 1),
        st.sampled_from([-1, 1]),
    ),
)


@given(LINES, st.sampled_from(EVENT_TOPICS))
def test_a_line_is_read_as_the_stream_reads_it(line: bytes, topic: str) -> None:
    if b"\n" in line or not line.strip():
        return
    columns = EventColumns()
    decoded = decode(topic, line, columns)
    read = read_line(topic, line)
    if isinstance(read, LineFault):
        assert [(poison.reason, len(columns)) for poison in decoded.poison] == [(read.reason, 0)]
    else:
        assert (decoded.poison, len(columns) + len(decoded.snapshots)) == ([], 1)


@given(TIMES_MS, TIMES_MS, TIMES_MS)
def test_a_snapshot_is_refused_for_its_times_as_the_stream_refuses_it(
    observed_ms: int, start_ms: int, end_ms: int
) -> None:
    snapshot = Snapshot(
        observed_ms=observed_ms, platform="x", post="19", series="views", total=1, start_ms=start_ms, end_ms=end_ms
    )
    bounds = TimeBounds(max_skew_ms=int(MAX_SKEW_S * 1000), max_age_ms=1, allowed_lateness_ms=0)
    theirs, ours = refusal(snapshot, NOW_MS, bounds), snapshot_fault(snapshot, NOW_MS)
    assert (ours and ours.reason) == (theirs and theirs.reason)
