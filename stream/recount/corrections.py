"""A block of corrections: rows of the counters that move counts from one class to another, and the head."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from schemas.counters import DELTA, HEAD, RECOUNT
from stream.chain import Flushed
from stream.recount.again import Cell
from stream.rows import COUNTER_COLUMNS, Block, block_of

_ARROW: Final = {
    "String": pa.string(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
}


def correction_rows(flushed: Flushed, moved: Counter[Cell], *, rules: int, now_s: int) -> Block:
    """What `moved` adds by the rule set `rules`, and the head that says so, in one block.

    They are deltas of a key of their own (`topic`), so that what was first counted stays apart.
    """
    month = datetime.fromtimestamp(now_s, UTC).date().replace(day=1)
    head: dict[str, Any] = {
        "kind": HEAD,
        "topic": flushed.chain.name,
        "partition": flushed.chain.partition,
        "last_offset": flushed.last,
        "touched_at": now_s,
    }
    deltas: list[dict[str, Any]] = [
        {
            "kind": DELTA,
            "topic": RECOUNT,
            "link": cell.link,
            "window_start": cell.window_s,
            "class": cell.traffic_class,
            "source": cell.source,
            "impression_kind": cell.impression_kind,
            "rules": rules,
            "impressions" if cell.impression_kind else "clicks": count,
        }
        for cell, count in sorted(moved.items())
    ]
    rows = [
        {"flush_month": (month - datetime(1970, 1, 1, tzinfo=UTC).date()).days} | row for row in (*deltas, head)
    ]
    columns = {
        name: pa.array([row.get(name, "" if kind == "String" else 0) for row in rows], _ARROW[kind])
        for name, kind in COUNTER_COLUMNS.items()
    }
    return block_of(pa.record_batch([*columns.values()], names=[*columns]))
