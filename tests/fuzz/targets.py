"""The doors: each takes some malformed lines and raises when it crashes or its books do not balance."""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from console.file_text import text_lines
from console.link_files import Blank, Complaint, FileFormat, FileLink, read_links
from redirector.relay.round import Cutter, Limits
from redirector.spool.reader import Place, SpoolReader
from schemas.counters import Chain
from schemas.events import Click, Event, Impression
from schemas.links import Link
from schemas.spool import LOCK_NAME, segment_path
from schemas.topics import CLICKS, IMPRESSIONS
from stream.chain import Flushed
from stream.deltas import Record
from tests.builders import (
    BOT,
    NOW_MS,
    batch_headers,
    click,
    counter_block,
    event_block,
    impression,
    ndjson,
    new_fold,
)
from tests.fuzz.http import requests
from tests.fuzz.http_cost import cost
from tests.fuzz.impressions import post_bodies
from tests.fuzz.mutations import Mutator
from tests.fuzz.snapshots import post_snapshots
from tests.fuzz.webhooks import post_events

EVENTS: Final[tuple[Event, ...]] = (
    click(seq=1, visitor=9, referrer="https://example.com/"),
    click(seq=2, spool="k1", purpose="prefetch"),
    click(country="DE", region="BY", language="de-at", network="office", destination=2, click_id="0f", scan=1),
    click(utm_source="a", utm_medium="b", utm_campaign="ü", utm_term="", utm_content="x" * 128),
    click(ua=BOT, time_ms=NOW_MS - 10**9),
    Click(time_ms=NOW_MS, link="a/b"),
    impression(seq=3, count=7, country="FR", network="mail_scanner"),
    impression(seq=4, source="platform", kind="platform", count=10**9),
    Impression(time_ms=NOW_MS, link="ü/ü", source="beacon", kind="viewable"),
)
LINES: Final = [ndjson([event]).rstrip(b"\n") for event in EVENTS]
LINK: Final = Link(
    domain="go.example", slug="a", destination="https://example.com/", campaign="spring", expires_at_ms=9
)
HEADER: Final = b"domain,slug,destination,campaign,status,expires_at"
CSV: Final = [
    b"go.example,a,https://example.com/,spring,301,2027-01-01T00:00:00Z",
    b'go.example,"b,""c""",https://example.com/?a=1,,,',
    "ü.example,ü,https://example.com/,,302,".encode(),
]
ROWS: Final = [
    b'{"domain":"go.example","slug":"a","destination":"https://example.com/","status":301}',
    b'{"domain":"go.example","slug":"b","destination":"https://example.com/","expires_at":"2027-01-01T00:00:00Z"}',
]


def fold_lines(seed: int, count: int) -> None:
    """Decode and fold of the stream, up to the blocks of a flush."""
    mutator, rng = Mutator(seed, LINES), Mutator(seed + 1, LINES)
    fold = new_fold()
    topic = (CLICKS, IMPRESSIONS)[seed % 2]
    records = lines = 0
    while lines < count:
        some = mutator.lines(1 + records % 23)
        headers = [
            [],
            batch_headers("aa", 1 + records, 9 + records),
            [("spool", rng.line()), ("first", rng.line())],
        ][records % 3]
        value = b"\n".join(some)
        tally = fold.add(Record(topic, 0, records, NOW_MS + records, headers, value))
        whole = sum(bool(line.strip()) for line in value.split(b"\n"))
        refused = any(bad.reason == "bad_headers" for _, bad in fold.deltas.poison[-1:]) and tally.settled == 1
        one_over_all = tally.settled == 1
        assert tally.settled == max(1, whole) or refused or one_over_all, (seed, records, value)
        records += 1
        lines += len(some)
    deltas = fold.take_deltas()
    assert len(deltas.poison) == deltas.tally.dead_letters
    assert sum(part.rows for part in deltas.parts) == deltas.tally.counted
    counter_block(Flushed(Chain(topic, 1, 0), -1, 0, records), deltas, fold.dedup)
    if deltas.parts:
        assert event_block(deltas, topic).rows == deltas.tally.counted


def ship_lines(seed: int, count: int) -> None:
    """The spool's reading end and the relay's cutting of what it reads."""
    content = b"\n".join(Mutator(seed, LINES).lines(count))
    whole, newline, _torn = content.rpartition(b"\n")
    wanted = (whole + newline).count(b"\n")
    with tempfile.TemporaryDirectory() as place:
        spool = Path(place) / "0123456789abcdef"
        spool.mkdir()
        (spool / LOCK_NAME).touch()
        segment_path(spool, 1).write_bytes(content)
        reader = SpoolReader(spool, Place(0, 0), chunk_bytes=4096)
        cutter = Cutter(spool.name, {CLICKS: 3, IMPRESSIONS: 3}, {}, Limits(batch_events=50, batch_bytes=2048))
        assert not reader.look_for_writer()
        seen = 0
        try:
            while not reader.drained:
                chunk = reader.read()
                if chunk is None:
                    continue
                cut = cutter.cut(chunk)
                events = sum(batch.events for batches in cut.batches.values() for batch in batches)
                shipped = sum(batch.value.count(b"\n") for batches in cut.batches.values() for batch in batches)
                assert cut.lines == events + len(cut.dead_letters), (seed, chunk)
                assert events == shipped, (seed, chunk)
                cutter.settle(cut)
                seen += cut.lines
        finally:
            reader.close()
        assert seen == wanted, (seed, seen, wanted)


def import_lines(seed: int, count: int) -> None:
    """The parsers of link files."""
    kind: FileFormat = "csv" if seed % 2 else "ndjson"
    some = Mutator(seed, CSV if kind == "csv" else ROWS).lines(count)
    content = b"\n".join([HEADER, *some] if kind == "csv" else some) + b"\n"
    lines = list(text_lines(io.BufferedReader(io.BytesIO(content))))
    last = 0
    keys = set()
    records = 0
    for row in read_links(lines, kind, updated_at_ms=1):
        assert isinstance(row, FileLink | Complaint | Blank), (seed, row)
        assert last < row.line <= len(lines), (seed, row)
        last = row.line
        records += 1
        if isinstance(row, FileLink):
            assert row.link.key not in keys, (seed, row)
            keys.add(row.link.key)
            assert msgspec.json.decode(msgspec.json.encode(row.link), type=Link) == row.link, (seed, row)
    if kind == "ndjson":
        assert records == sum(bool(line.strip()) for line in lines), seed


TARGETS: Final[dict[str, Callable[[int, int], None]]] = {
    "http": requests,
    "http, by cost": cost,
    "impressions": post_bodies,
    "snapshots": post_snapshots,
    "webhooks": post_events,
    "stream": fold_lines,
    "relay": ship_lines,
    "links import": import_lines,
}
