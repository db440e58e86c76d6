"""The hot paths as plain calls: each does the same real work every time it is called."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench.load import get_links
from bench.spooled import fill_spool
from bench.stack import fill_link_cache
from bench.traffic import Batch, Traffic, link_key
from bench.yardsticks import Kind
from redirector.cache.reader import HostCache
from redirector.relay.round import Cutter, Limits
from redirector.serve.addresses import Addresses
from redirector.serve.connections import Connections
from redirector.serve.counts import Counts
from redirector.serve.fast import FastLane
from redirector.serve.service import serve_parts
from redirector.serve.settings import ServeSettings
from redirector.serve.visitors import Visitors
from redirector.spool.reader import Chunk, Place
from redirector.spool.writer import SpoolWriter
from redirector.visitor_key.day_key import DayKey
from schemas.batches import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from schemas.counters import Chain
from schemas.spool import segment_path, segments, spools
from schemas.topics import CLICKS, IMPRESSIONS
from stream.chain import Flushed
from stream.classify import Classifier
from stream.columns import ColumnsPool
from stream.dedup import DedupState
from stream.deltas import Record
from stream.enrich.enricher import Enricher
from stream.enriched import enrich
from stream.event_rows import event_rows
from stream.fold import Fold
from stream.judged import judge
from stream.repeats import RepeatLimits, Repeats
from stream.rows import counter_rows
from stream.state import TimeBounds

Call = Callable[[], object]
_BOUNDS: Final = TimeBounds(max_skew_ms=300_000, max_age_ms=90 * 86_400_000, allowed_lateness_ms=60_000)
_CLASSIFIER: Final = Classifier()
_ENRICHER: Final = Enricher()
"""They have seen every user agent after the first call."""
_POOL: Final = ColumnsPool()
_BATCHES: Final = 12
_LINKS: Final = 2_000
_REQUESTS: Final = 400
_CHUNK_BYTES: Final = 1 << 20


class HotPath(NamedTuple):
    """A path, and what it is compared with."""

    call: Call
    yardstick: Kind


@contextmanager
def hot_paths() -> Iterator[dict[str, HotPath]]:
    """Every path by name, its inputs made and its caches warm."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-guard-")))
        records = _records()
        yield {
            "stream: decode and fold": HotPath(lambda: _POOL.give_back(_fold_all(records).deltas.columns), "bytes"),
            "stream: rows of a flush": HotPath(_rows(records), "arrays"),
            "stream: repeats of a flush": HotPath(_repeats(records), "arrays"),
            "redirector: append to the spool": HotPath(_append(stack, place / "appended"), "writes"),
            "redirector: answer a redirect": HotPath(_redirect(stack, place / "serve"), "python"),
            "redirector: cut a relay's round": HotPath(_cut(place / "cut"), "python"),
        }


def _fold_all(records: list[Record]) -> Fold:
    fold = Fold(DedupState(), _BOUNDS, _POOL)
    for record in records:
        fold.add(record)
    return fold


def _records() -> list[Record]:
    batches: list[Batch] = list(Traffic(links=_LINKS, partitions=1).batches(CLICKS, _BATCHES * MAX_BATCH_EVENTS))
    now_ms = time.time_ns() // 1_000_000
    return [
        Record(CLICKS, 0, offset, now_ms, batch.headers.to_kafka(), batch.value)
        for offset, batch in enumerate(batches)
    ]


def _rows(records: list[Record]) -> Call:
    fold = _fold_all(records)
    deltas = fold.take_deltas()
    chain = Chain(CLICKS, 1, 0)
    flushed = Flushed(chain, -1, 0, len(records) - 1)

    def rows() -> None:
        judged = judge(deltas.columns, _CLASSIFIER)
        counter_rows(flushed, deltas, judged)
        event_rows(deltas, judged, enrich(judged, _ENRICHER), chain)

    return rows


def _repeats(records: list[Record]) -> Call:
    """By a partition that has seen no click yet: its memory grows, which costs more than looking up does."""
    deltas = _fold_all(records).take_deltas()
    judged = judge(deltas.columns, _CLASSIFIER)
    return lambda: Repeats(RepeatLimits()).judge(judged, deltas.parts)


def _append(stack: ExitStack, spool_dir: Path) -> Call:
    spool = SpoolWriter.open(spool_dir, segment_bytes=4 << 20, cap_bytes=8 << 30, fsync="never")
    stack.callback(spool.close)
    line = b'{"type":"click","time_ms":1795477937146,"link":"go.example/0704791","seq":48005,"ua":"Mozilla/5.0"}\n'

    def append() -> None:
        for _ in range(_REQUESTS):
            spool.take_seq()
            spool.append(line)

    return append


def _redirect(stack: ExitStack, place: Path) -> Call:
    fill_link_cache(place / "links", get_links(_LINKS))
    settings = ServeSettings(spool_dir=place / "spool", link_cache_dir=place / "links", fsync="never")
    cache = HostCache.open(settings.link_cache_dir)
    stack.callback(cache.close)
    spool = SpoolWriter.open(
        settings.spool_dir, segment_bytes=settings.segment_bytes, cap_bytes=settings.cap_bytes, fsync="never"
    )
    stack.callback(spool.close)
    counts = Counts()
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    lane = FastLane(
        serve_parts(settings, cache, spool, counts, addresses=Addresses(), visitors=Visitors(DayKey.random(0))),
        Connections(counts, 0.0),
        settings,
        loop=loop,
        new_ordinary=asyncio.Protocol,
    )
    connection = lane.connection()
    connection.connection_made(_Discarding())
    ua = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0"
    heads = [
        f"GET /{link_key(number).partition('/')[2]} HTTP/1.1\r\nHost: go.example\r\nUser-Agent: {ua}\r\n"
        f"Accept: text/html\r\nAccept-Language: en-GB\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        for number in range(_REQUESTS)
    ]

    def answer() -> None:
        for head in heads:
            connection.data_received(head)
            lane.settle()
        # The turns it asked the loop for have nothing left to do; they must not pile up.
        loop.call_soon(loop.stop)
        loop.run_forever()

    return answer


class _Discarding(asyncio.Transport):
    def get_extra_info(self, name: str, default: object = None) -> object:
        """A client of the loopback."""
        return ("127.0.0.1", 50_000) if name == "peername" else default

    def is_closing(self) -> bool:
        """Never."""
        return False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Away with it."""


def _cut(spool_dir: Path) -> Call:
    fill_spool(spool_dir, 10_000, links=_LINKS)
    (spool,) = spools(spool_dir)
    first = segments(spool)[0]
    lines = segment_path(spool, first).read_bytes()
    lines = lines[: lines.rindex(b"\n", 0, _CHUNK_BYTES) + 1]
    chunk = Chunk(Place(first, 0), lines, Place(first, len(lines)))
    cutter = Cutter(spool.name, {CLICKS: 12, IMPRESSIONS: 12}, {}, Limits(MAX_BATCH_EVENTS, MAX_BATCH_BYTES))
    return lambda: cutter.cut(chunk)
