"""Whatever sequence of crashes a relay goes through, the trimmed log holds each event once and in order."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from redirector.relay.metrics import RelayMetrics
from redirector.relay.round import Limits
from redirector.relay.shipper import Shipper
from redirector.spool.writer import SpoolWriter
from schemas.events import Click, Event, Impression
from schemas.spool import spools
from tests.fakes import NO_PAUSES
from tests.unit.redirector.relay.outlets import CrashError, FakeKafka, trim

LINKS = ("a.example/x", "a.example/y", "b.example/ü", "b.example/z")

kinds = st.lists(
    st.tuples(st.sampled_from(LINKS), st.sampled_from(["click", "impression", "derived", "hole"])), max_size=60
)
runs = st.lists(
    st.fixed_dictionaries(
        {
            "crash_after": st.integers(0, 8),
            "keep_last": st.booleans(),
            "partition_count": st.integers(1, 6),
            "round_bytes": st.integers(300, 3000),
            "batch_events": st.integers(1, 7),
            "batch_bytes": st.integers(1024, 2000),
        }
    ),
    max_size=5,
)


def write_spool(spool_dir: Path, wanted: list[tuple[str, str]]) -> list[Event]:
    """A dead writer's spool of small segments; `derived` events have another spool's identity."""
    writer = SpoolWriter.open(spool_dir, segment_bytes=500, cap_bytes=1 << 30, fsync="never")
    events: list[Event] = []
    for number, (link, kind) in enumerate(wanted, 1):
        event: Event
        if kind == "hole":
            writer.take_seq()
            continue
        if kind == "click":
            event = Click(time_ms=number, link=link, seq=writer.take_seq())
        elif kind == "impression":
            event = Impression(time_ms=number, link=link, source="pixel", kind="served", seq=writer.take_seq())
        else:
            event = Impression(time_ms=number, link=link, source="api", kind="viewable", seq=number, spool="d" * 16)
        writer.append(msgspec.json.encode(event) + b"\n")
        events.append(event)
    writer.close()
    return events


def new_shipper(spool: Path, kafka: FakeKafka, *, round_bytes: int, limits: Limits) -> Shipper:
    return Shipper(
        spool,
        kafka,
        RelayMetrics(CollectorRegistry()),
        limits=limits,
        round_bytes=round_bytes,
        round_interval_s=0,
        slots=asyncio.Semaphore(1),
        retry=NO_PAUSES,
    )


async def ship_until_crash(shipper: Shipper) -> None:
    with contextlib.suppress(CrashError, BaseExceptionGroup):
        await shipper.run(asyncio.Event())


def per_place(events: list[Event]) -> dict[tuple[str, str], list[Event]]:
    by_place: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        by_place.setdefault((type(event).__name__, event.link), []).append(event)
    return by_place


@settings(deadline=None, max_examples=150)
@given(wanted=kinds, crashes=runs)
def test_any_sequence_of_crashes_and_other_cuts_yields_each_event_once_and_in_order(
    wanted: list[tuple[str, str]], crashes: list[dict[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        events = write_spool(Path(directory), wanted)
        (spool,) = spools(Path(directory))
        kafka = FakeKafka()
        for crash in crashes:
            if not spool.exists():
                break
            kafka.crash_after = crash["crash_after"]
            kafka.keep_last = bool(crash["keep_last"])
            kafka.partition_count = crash["partition_count"]
            limits = Limits(crash["batch_events"], crash["batch_bytes"])
            asyncio.run(
                ship_until_crash(new_shipper(spool, kafka, round_bytes=crash["round_bytes"], limits=limits))
            )
        if spool.exists():
            kafka.crash_after = None
            last = new_shipper(spool, kafka, round_bytes=4000, limits=Limits(500, 262144))
            asyncio.run(last.run(asyncio.Event()))
        assert not spool.exists()
        assert per_place(trim(kafka.log)) == per_place(events)
