"""The snapshots of a flush as rows of the table `snapshots`: what the platform said, and what it changed."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import pyarrow as pa

from schemas.counters import Chain
from stream.rows import Block, block_of
from stream.state import KeptSnapshot

_MS: Final = pa.timestamp("ms", tz="UTC")
_TEXT: Final = pa.string()
_DIFFERENCE: Final = pa.struct(
    [("window_start", pa.timestamp("s", tz="UTC")), ("source", _TEXT), ("why", _TEXT), ("impressions", pa.int64())]
)

_COLUMNS: Final[dict[str, tuple[pa.DataType, Callable[[KeptSnapshot], Any]]]] = {
    "link": (_TEXT, lambda kept: kept.snapshot.link),
    "platform": (_TEXT, lambda kept: kept.snapshot.platform),
    "post": (_TEXT, lambda kept: kept.snapshot.post),
    "series": (_TEXT, lambda kept: kept.snapshot.series),
    "start_at": (_MS, lambda kept: kept.snapshot.start_ms),
    "end_at": (_MS, lambda kept: kept.snapshot.end_ms),
    "observed_at": (_MS, lambda kept: kept.snapshot.observed_ms),
    "total": (pa.uint64(), lambda kept: kept.snapshot.total),
    "published_at": (_MS, lambda kept: kept.snapshot.published_ms),
    "source": (_TEXT, lambda kept: kept.snapshot.source),
    "account": (_TEXT, lambda kept: kept.snapshot.account),
    "profile": (_TEXT, lambda kept: kept.snapshot.profile),
    "permalink": (_TEXT, lambda kept: kept.snapshot.permalink),
    "other_ids": (pa.list_(_TEXT), lambda kept: kept.snapshot.other_ids),
    "urls": (pa.list_(_TEXT), lambda kept: kept.snapshot.urls),
    "side": (pa.map_(_TEXT, pa.int64()), lambda kept: sorted(kept.snapshot.side.items())),
    "is_retired": (pa.bool_(), lambda kept: kept.snapshot.is_retired),
    "provisional": (pa.bool_(), lambda kept: kept.snapshot.provisional),
    "metric_before": (_TEXT, lambda kept: kept.metric_before),
    "differences": (
        pa.list_(_DIFFERENCE),
        lambda kept: [(one.window_s, one.source, one.why, one.impressions) for one in kept.differences],
    ),
    "record_offset": (pa.int64(), lambda kept: kept.offset),
    "event_index": (pa.uint32(), lambda kept: kept.line),
    "spool": (_TEXT, lambda kept: kept.spool),
    "seq": (pa.uint64(), lambda kept: kept.snapshot.seq),
    "received_at": (_MS, lambda kept: kept.timestamp_ms),
}


def snapshot_rows(snapshots: Iterable[KeptSnapshot], chain: Chain) -> Block:
    """The rows of a flush, of which there is at least one."""
    kept = list(snapshots)
    columns = {name: pa.array(map(of, kept), kind) for name, (kind, of) in _COLUMNS.items()}
    columns["topic"] = pa.array([chain.topic] * len(kept))
    columns["partition"] = pa.array([chain.partition] * len(kept), pa.int32())
    return block_of(pa.record_batch([*columns.values()], names=[*columns]))
