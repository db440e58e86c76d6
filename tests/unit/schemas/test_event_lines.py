"""What the console says of a line is what the stream does with it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.event_lines import LineFault, read_line
from schemas.topics import EVENT_TOPICS
from stream.columns import EventColumns
from stream.decode import decode
from tests.builders import NOW_MS

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
        assert (decoded.poison, len(columns)) == ([], 1)
