"""Lines become batches of the right partition, size and identity; what is no event becomes a dead letter."""

from itertools import pairwise

import msgspec
import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from redirector.relay.partitions import partition_of
from redirector.relay.round import Cutter, Limits, Round, TopicPartition, halves
from redirector.spool.reader import Chunk, Place
from schemas.batches import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, BatchHeaders
from schemas.dead_letters import KEPT_BYTES
from schemas.events import Click, ClickRouting, Impression, Routing
from schemas.snapshots import Snapshot
from schemas.topics import CLICKS, IMPRESSIONS

SPOOL = "0123456789abcdef"
LIMITS = Limits(MAX_BATCH_EVENTS, MAX_BATCH_BYTES)


def new_cutter(partitions: int = 1, limits: Limits = LIMITS) -> Cutter:
    return Cutter(SPOOL, {CLICKS: partitions, IMPRESSIONS: partitions}, {}, limits)


def chunk(*lines: bytes, offset: int = 0) -> Chunk:
    joined = b"".join(line + b"\n" for line in lines)
    return Chunk(Place(1, offset), joined, Place(1, offset + len(joined)))


def click(seq: int, link: str = "a.example/x", spool: str = "") -> bytes:
    return msgspec.json.encode(Click(time_ms=1, link=link, seq=seq, spool=spool))


def impression(seq: int, spool: str = "") -> bytes:
    return msgspec.json.encode(
        Impression(time_ms=1, link="a.example/x", source="api", kind="served", seq=seq, spool=spool)
    )


def snapshot(seq: int, link: str = "") -> bytes:
    return msgspec.json.encode(
        Snapshot(observed_ms=1, platform="x", post="19", series="views", total=5, link=link, seq=seq)
    )


def headers_of(cut: Round, topic: str = CLICKS, partition: int = 0) -> list[BatchHeaders | None]:
    return [batch.headers for batch in cut.batches[TopicPartition(topic, partition)]]


@given(link=st.text(min_size=2, max_size=50), partitions=st.integers(1, 100))
def test_a_link_lies_where_kafkas_default_partitioner_puts_it(link: str, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(partitions)(link) == DefaultPartitioner()(link.encode(), numbers, numbers)


def test_the_bytes_of_a_batch_are_its_lines_untouched() -> None:
    odd = b'{ "type" : "click", "time_ms":1, "link":"a.example/x", "seq":2, "new":[1,"\\u00e9"] }'
    cut = new_cutter().cut(chunk(click(1), odd, click(3)))
    (batch,) = cut.batches[TopicPartition(CLICKS, 0)]
    assert batch.value == click(1) + b"\n" + odd + b"\n" + click(3) + b"\n"
    assert (batch.events, cut.lines, cut.dead_letters) == (3, 3, [])


def test_clicks_and_impressions_part_with_headers_of_their_own() -> None:
    cut = new_cutter().cut(chunk(click(1), impression(2), click(4), impression(5)))
    assert headers_of(cut) == [BatchHeaders(SPOOL, 1, 4, 0)]
    assert headers_of(cut, IMPRESSIONS) == [BatchHeaders(SPOOL, 2, 5, 0)]


def test_a_snapshot_goes_with_the_impressions_of_its_link_or_by_its_post_until_it_has_one() -> None:
    linked, unlinked = snapshot(1, link="a.example/x"), snapshot(2)
    cut = new_cutter(partitions=7).cut(chunk(linked, unlinked))
    of_link, of_post = (partition_of(7)(key) for key in ("a.example/x", "x:19"))
    assert of_link != of_post
    assert [batch.value for batch in cut.batches[TopicPartition(IMPRESSIONS, of_link)]] == [linked + b"\n"]
    assert [batch.value for batch in cut.batches[TopicPartition(IMPRESSIONS, of_post)]] == [unlinked + b"\n"]


def test_a_snapshot_that_names_no_post_is_a_dead_letter() -> None:
    cut = new_cutter().cut(chunk(b'{"type":"snapshot","platform":"x","seq":1}', click(2)))
    assert [letter.reason for letter in cut.dead_letters] == ["not_an_event"]
    assert headers_of(cut) == [BatchHeaders(SPOOL, 2, 2, 0)]


def test_each_batch_names_the_end_of_the_one_before_also_over_rounds() -> None:
    cutter = new_cutter(limits=Limits(2, MAX_BATCH_BYTES))
    first = cutter.cut(chunk(click(1), click(2), click(5)))
    assert headers_of(first) == [BatchHeaders(SPOOL, 1, 2, 0), BatchHeaders(SPOOL, 5, 5, 2)]
    assert headers_of(cutter.cut(chunk(click(1)))) == [BatchHeaders(SPOOL, 1, 1, 0)]
    cutter.settle(first)
    assert headers_of(cutter.cut(chunk(click(7)))) == [BatchHeaders(SPOOL, 7, 7, 5)]


def test_headers_speak_only_of_lines_without_a_spool_of_their_own() -> None:
    cut = new_cutter().cut(
        chunk(click(90, spool="k"), click(1), click(91, spool="k"), click(2), click(3, spool="k"))
    )
    assert headers_of(cut) == [BatchHeaders(SPOOL, 1, 2, 0)]
    assert cut.disorder == 0


def test_a_batch_of_lines_with_identities_of_their_own_has_no_headers() -> None:
    cutter = new_cutter()
    cut = cutter.cut(chunk(impression(1, spool="k"), impression(2, spool="k")))
    assert headers_of(cut, IMPRESSIONS) == [None]
    cutter.settle(cut)
    assert cutter.prev == {}


def test_a_seq_that_does_not_rise_is_counted_and_sent_but_not_in_the_headers() -> None:
    cutter = new_cutter()
    cut = cutter.cut(chunk(click(1), click(3), click(2), click(3), click(4), click(0)))
    assert cut.disorder == 3
    assert headers_of(cut) == [BatchHeaders(SPOOL, 1, 4, 0)]
    assert cut.batches[TopicPartition(CLICKS, 0)][0].events == 6
    cutter.settle(cut)
    assert headers_of(cutter.cut(chunk(click(4)))) == [None]


@given(
    sizes=st.lists(st.integers(0, 900), min_size=1, max_size=40),
    limits=st.builds(Limits, st.integers(1, 9), st.integers(100, 3000)),
)
def test_batches_keep_their_limits_and_lose_nothing(sizes: list[int], limits: Limits) -> None:
    lines = [click(seq, "a.example/" + "x" * (size % 400)) for seq, size in enumerate(sizes, 1)]
    cut = new_cutter(limits=limits).cut(chunk(*lines))
    batches = cut.batches[TopicPartition(CLICKS, 0)]
    assert b"".join(batch.value for batch in batches) == b"".join(line + b"\n" for line in lines)
    for batch in batches:
        assert batch.events == batch.value.count(b"\n") <= limits.batch_events
        assert len(batch.value) <= limits.batch_bytes or batch.events == 1
    for before, after in pairwise(batches):
        assert before.headers is not None
        assert after.headers is not None
        assert before.headers.last == after.headers.prev < after.headers.first


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\0" * 100, "not_json"),
        (b"", "not_json"),
        (b"garbage", "not_json"),
        (b'{"type":"click","link":"a.example/x"} {"type":"click","link":"a.example/x"}', "not_json"),
        (b'"\xff"', "not_an_event"),
        (b'{"pad":' + b"[" * 5000, "not_json"),
        (b'{"type":"purchase","link":"a.example/x"}', "not_an_event"),
        (b'{"type":"click"}', "not_an_event"),
        (b'{"type":"click","link":"a.example/x","pad":"' + b"x" * MAX_BATCH_BYTES + b'"}', "too_large"),
    ],
)
def test_a_line_that_is_no_event_is_a_dead_letter_and_its_neighbours_go_on(line: bytes, reason: str) -> None:
    cut = new_cutter().cut(chunk(click(1), line, click(2), offset=1000))
    kept = line if len(line) <= MAX_BATCH_BYTES else line[:KEPT_BYTES]
    assert [(letter.reason, letter.line, letter.offset, letter.cut_bytes) for letter in cut.dead_letters] == [
        (reason, kept, 1000 + len(click(1)) + 1, len(line) - len(kept))
    ]
    assert headers_of(cut) == [BatchHeaders(SPOOL, 1, 2, 0)]
    assert cut.lines == 3


def test_values_that_share_lines_are_not_taken_for_one_a_line() -> None:
    cut = new_cutter().cut(chunk(click(1) + b" " + click(2), b"", click(3)))
    assert [letter.reason for letter in cut.dead_letters] == ["not_json", "not_json"]
    assert headers_of(cut) == [BatchHeaders(SPOOL, 3, 3, 0)]


@given(lines=st.lists(st.one_of(st.binary(max_size=40), st.just(click(1)), st.just(impression(2))), max_size=8))
def test_no_bytes_stop_a_round_and_every_line_is_settled(lines: list[bytes]) -> None:
    lines = [line.replace(b"\n", b"") for line in lines] or [b""]
    cut = new_cutter(3).cut(chunk(*lines))
    events = sum(batch.events for batches in cut.batches.values() for batch in batches)
    assert events + len(cut.dead_letters) == cut.lines == len(lines)


def test_a_line_longer_than_a_round_is_a_dead_letter() -> None:
    long = Chunk(Place(1, 5), b"x" * 10, Place(1, 999_999), too_long=True)
    cut = new_cutter().cut(long)
    assert [(letter.reason, letter.offset, letter.line, letter.cut_bytes) for letter in cut.dead_letters] == [
        ("too_large", 5, b"x" * 10, 999_999 - 5 - 1 - 10)
    ]
    assert (cut.lines, cut.batches) == (1, {})


@pytest.mark.parametrize(("size", "cut_bytes"), [(MAX_BATCH_BYTES, 0), (MAX_BATCH_BYTES + 1, None)])
def test_only_what_no_batch_holds_is_cut(size: int, cut_bytes: int | None) -> None:
    (letter,) = new_cutter().cut(chunk(b"\0" * size)).dead_letters
    assert len(letter.line) + letter.cut_bytes == size
    assert letter.cut_bytes == (cut_bytes if cut_bytes is not None else size - KEPT_BYTES)


@pytest.mark.parametrize("events", [2, 3, 7])
def test_a_batch_in_halves_says_what_it_said_whole(events: int) -> None:
    (whole,) = (
        new_cutter().cut(chunk(*(click(seq) for seq in range(5, 5 + events)))).batches[TopicPartition(CLICKS, 0)]
    )
    first, second = halves(whole)
    assert first.value + second.value == whole.value
    assert first.events + second.events == events
    middle = 4 + events // 2
    assert [first.headers, second.headers] == [
        BatchHeaders(SPOOL, 5, middle, 0),
        BatchHeaders(SPOOL, middle + 1, 4 + events, middle),
    ]


def test_lines_with_an_identity_of_their_own_are_halved_without_headers() -> None:
    (whole,) = (
        new_cutter().cut(chunk(click(1, spool="k1"), click(2, spool="k1"))).batches[TopicPartition(CLICKS, 0)]
    )
    assert [(half.events, half.headers) for half in halves(whole)] == [(1, None), (1, None)]


def test_routing_is_all_that_is_decoded() -> None:
    assert msgspec.json.decode(click(7, spool="k"), type=Routing) == ClickRouting("a.example/x", 7, "k")
