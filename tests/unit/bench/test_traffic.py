"""The events of the benches are what they claim to be."""

import msgspec

from bench.traffic import BATCH_EVENTS, Traffic
from redirector.relay.partitions import partition_of
from schemas.events import Click, Impression
from schemas.topics import CLICKS, IMPRESSIONS


def test_batches_are_valid_events_of_their_partition_in_the_order_of_their_seqs() -> None:
    decode = msgspec.json.Decoder(Click).decode_lines
    for batch in Traffic(links=500, partitions=3).batches(CLICKS, 6_000):
        events = decode(batch.value)
        seqs = [event.seq for event in events]
        assert len(events) == BATCH_EVENTS
        assert seqs == sorted(set(seqs))
        assert (seqs[0], seqs[-1]) == (batch.headers.first, batch.headers.last)
        assert {partition_of(3)(event.link) for event in events} == {batch.partition}


def test_each_batch_names_the_one_before_of_its_spool_and_partition() -> None:
    last: dict[tuple[str, int], int] = {}
    for batch in Traffic(links=500, partitions=2).batches(IMPRESSIONS, 20_000):
        place = (batch.headers.spool, batch.partition)
        if batch.fresh:
            assert batch.headers.prev == last.get(place, 0)
            last[place] = batch.headers.last
        else:
            assert batch.headers.last == last[place]


def test_about_one_percent_is_late_and_one_percent_resent() -> None:
    batches = list(Traffic(links=500, partitions=2).batches(IMPRESSIONS, 100_000))
    fresh = sum(batch.fresh for batch in batches)
    assert 0.005 < sum(batch.late for batch in batches) / fresh < 0.015
    assert any(not batch.fresh for batch in batches)
    events = msgspec.json.Decoder(Impression).decode_lines(batches[0].value)
    assert {event.kind for event in events} == {"served"}
