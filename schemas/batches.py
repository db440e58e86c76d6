"""The batch: the events in one Kafka record, NDJSON, with the headers that give them their identity.

A record without these headers is a batch too: its events are known by (topic, partition, offset, index).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.errors import PoisonError
from schemas.events import NUMBER_LIMIT

SPOOL: Final = "spool"
FIRST: Final = "first"
LAST: Final = "last"
PREV: Final = "prev"

MAX_BATCH_BYTES: Final = 256 * 1024
MAX_BATCH_EVENTS: Final = 800

Headers = list[tuple[str, bytes]]


class BatchHeaders(msgspec.Struct, frozen=True):
    """Which part of which spool a batch is.

    `first` and `last` are the smallest and largest seq in the batch; `prev` is the seq with which the
    spool's previous batch of this partition ended, 0 when there was none. Seqs inside a batch rise, with
    holes where events went to other partitions.
    """

    spool: str
    first: int
    last: int
    prev: int

    def to_kafka(self) -> Headers:
        """As Kafka record headers: ASCII text, decimal numbers."""
        return [
            (SPOOL, self.spool.encode("ascii")),
            (FIRST, b"%d" % self.first),
            (LAST, b"%d" % self.last),
            (PREV, b"%d" % self.prev),
        ]


def read_headers(headers: Iterable[tuple[str, bytes]]) -> BatchHeaders | None:
    """The identity of a batch, or None for a producer that sends none.

    Raises PoisonError when `spool` is there but the numbers beside it are missing, broken or out of order.
    """
    values = dict(headers)
    spool = values.get(SPOOL)
    if spool is None:
        return None
    try:
        batch = BatchHeaders(
            spool=spool.decode("ascii"), first=int(values[FIRST]), last=int(values[LAST]), prev=int(values[PREV])
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PoisonError(
            "bad_headers",
            f"a batch with a spool header needs the ASCII numbers first, last and prev: {error!r}",
        ) from error
    if not (0 <= batch.prev < batch.first <= batch.last < NUMBER_LIMIT) or not batch.spool:
        raise PoisonError("bad_headers", f"want 0 <= prev < first <= last < 2**53 and a spool id, got {batch}")
    return batch
