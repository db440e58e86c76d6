"""The counted events of a flush as rows of the table `events`: a column for each field that it stores."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.counters import Chain
from schemas.events import FIELDS, TRAFFIC_CLASSES
from schemas.fields import Column, Field
from stream.columns import Ints
from stream.deltas import Deltas, Part
from stream.enriched import Enriched
from stream.judged import Coded, Judged, coded, coded_column, repeated
from stream.rows import Block, block_of

JUDGED_COLUMNS: Final = {
    "type": "LowCardinality(String)",
    "class": "LowCardinality(String)",
    "reason": "LowCardinality(String)",
    "rules": "UInt16",
}
ENRICHED_COLUMNS: Final = {
    "device": "LowCardinality(String)",
    "os": "LowCardinality(String)",
    "browser": "LowCardinality(String)",
    "referrer_source": "LowCardinality(String)",
    "referrer_medium": "LowCardinality(String)",
    "referrer_host": "LowCardinality(String)",
    "enrichment": "UInt16",
}
PLACE_COLUMNS: Final = {
    "topic": "LowCardinality(String)",
    "partition": "Int32",
    "record_offset": "Int64",
    "event_index": "UInt32",
    "spool": "LowCardinality(String)",
    "received_at": "DateTime64(3, 'UTC')",
}
"""What a row says beside the event's own fields. An event's spool is its own or its batch's."""

_STORED: Final = tuple(
    (field, field.column) for field in FIELDS if field.column is not None and field.column.name not in PLACE_COLUMNS
)
EVENT_COLUMNS: Final = {
    **JUDGED_COLUMNS,
    **{column.name: column.kind for _, column in _STORED},
    **ENRICHED_COLUMNS,
    **PLACE_COLUMNS,
}
"""Every column of `events` and its type."""

_MS: Final = pa.timestamp("ms", tz="UTC")


def event_rows(deltas: Deltas, judged: Judged, enriched: Enriched, chain: Chain) -> Block:
    """The rows of a flush. A column whose rows all hold the column's default is left out; what repeats is encoded
    by dictionary.
    """
    order, parts = judged.order, deltas.parts
    rows = len(order)
    sizes = [part.rows for part in parts]

    def of_part(values: Sequence[int]) -> npt.NDArray[np.int64]:
        return np.repeat(np.array(values, np.int64), sizes)[order]

    are_impressions = judged.columns.number("kind")[order] != 0
    columns = {
        "type": Coded(are_impressions.astype(np.int64), pa.array(["click", "impression"])).by_dictionary(),
        "class": Coded(judged.classes[order], pa.array(TRAFFIC_CLASSES)).by_dictionary(),
        "reason": judged.reasons.taken(order).by_dictionary(),
        "rules": pa.array(np.full(rows, judged.rules, np.uint16)),
        **dict(_fields(judged)),
        **dict(enriched.columns(order)),
        "enrichment": pa.array(np.full(rows, enriched.number, np.uint16)),
        "topic": repeated(chain.topic, rows).by_dictionary(),
        "partition": pa.array(np.full(rows, chain.partition, np.int32)),
        "record_offset": pa.array(of_part([part.offset for part in parts])),
        "event_index": pa.array(judged.columns.number("line")[order]),
        "spool": _spools(parts, deltas.spools_of).taken(order).by_dictionary(),
        "received_at": pa.array(of_part([part.timestamp_ms for part in parts])).cast(_MS),
    }
    return block_of(pa.record_batch([*columns.values()], names=[*columns]))


def _fields(judged: Judged) -> Iterator[tuple[str, pa.Array]]:
    for field, column in _STORED:
        array = _text(judged, field, column) if field.wire == "text" else _number(judged, field, column)
        if array is not None:
            yield column.name, array


def _text(judged: Judged, field: Field, column: Column) -> pa.Array | None:
    if judged.columns.is_blank(field.name):
        return None
    if field.name == "link":  # already by dictionary, and too many to be sent so
        return judged.links.texts.take(pa.array(judged.links.codes[judged.order]))
    if column.kind == "String":
        return judged.columns.text(field.name).take(pa.array(judged.order))
    known = judged.coded.get(field.name) or coded_column(judged.columns, field.name)
    return known.taken(judged.order).by_dictionary()


def _number(judged: Judged, field: Field, column: Column) -> pa.Array | None:
    numbers = judged.columns.number(field.name)
    if not numbers.any():
        return None
    if field.wire == "code":
        return Coded(numbers[judged.order].astype(np.int64), pa.array(("", *field.codes))).by_dictionary()
    if column.kind.startswith("DateTime64(3"):
        return pa.array(numbers[judged.order]).cast(_MS)
    return pa.array(numbers[judged.order].astype(column.kind.lower(), copy=False))


def _spools(parts: Sequence[Part], own: dict[int, str]) -> Coded:
    """Each row's spool: its batch's, unless it has one of its own."""
    of_parts = coded(pa.array([*(part.spool for part in parts), *own.values()], pa.string()))
    codes: Ints = np.repeat(of_parts.codes[: len(parts)], [part.rows for part in parts])
    codes[list(own)] = of_parts.codes[len(parts) :]
    return Coded(codes, of_parts.texts)
