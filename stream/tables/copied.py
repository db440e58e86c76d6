"""What a table that is copied from a compacted topic is made of."""

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Copied:
    """A compacted topic with one partition, and the table of the same name.

    `key` is the table's sorting key; beside what `row` gives, its columns are `deleted` and `version`. `row` takes
    a record's key, value and Kafka time, and raises ValueError or msgspec's errors where it is none.
    """

    topic: str
    key: str
    schema: pa.Schema
    row: Callable[[bytes | None, bytes | None, int], Row]
