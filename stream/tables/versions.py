"""Where copying a compacted topic goes on: the table itself says, by the highest version in it. No I/O.

version = (epoch << 40) + offset. The highest version of a row counts, so writing one twice changes nothing, and
two copiers at once do no harm. An epoch begins whenever the topic must be read anew from its beginning; what an
older epoch left and the new one did not write again is deleted by a version between the two.
"""

from typing import Final, NamedTuple

EPOCH_SHIFT: Final = 40
_OFFSETS: Final = (1 << EPOCH_SHIFT) - 1


class Unseen(NamedTuple):
    """The first record of the topic that the table does not hold, and the broker's time of it."""

    offset: int
    timestamp_ms: int


class Start(NamedTuple):
    """Where to begin. `why` says what for a new epoch begins; it is empty when the table is just read on."""

    epoch: int
    offset: int
    why: str = ""


def version_of(epoch: int, offset: int) -> int:
    """What a row of this record carries."""
    return (epoch << EPOCH_SHIFT) + offset


def before_epoch(epoch: int) -> int:
    """Above every version of older epochs, below every one of this."""
    return (epoch << EPOCH_SHIFT) - 1


def where_to_start(
    stored: int | None,
    beginning: int,
    end: int,
    unseen: Unseen | None,
    *,
    now_ms: int,
    rebuild_after_ms: int,
    least_epoch: int,
) -> Start:
    """Go on behind the highest version `stored`, unless deletions may be lost to us: then read everything again.

    `beginning` and `end` are the topic's first offset and the one after its last. A deletion's record is dropped
    by compaction a day after it was written, so what waits for longer than `rebuild_after_ms` says that some may
    be gone. `least_epoch` is an operator's order to begin one.
    """
    if stored is None:
        return Start(max(1, least_epoch), beginning)
    epoch, offset = stored >> EPOCH_SHIFT, stored & _OFFSETS
    if offset == _OFFSETS:  # the mark of a sweep is all there is of the epoch after it
        return Start(max(epoch + 1, least_epoch), beginning)
    waits_ms = 0 if unseen is None else now_ms - unseen.timestamp_ms
    why = ""
    if least_epoch > epoch:
        why = f"epoch {least_epoch} was ordered"
    elif offset + 1 > end:
        why = f"the table holds offset {offset}, the topic ends at {end}"
    elif offset + 1 < beginning:
        why = f"offsets {offset + 1} to {beginning - 1} are gone from the topic"
    elif unseen is not None and waits_ms > rebuild_after_ms:
        why = f"offset {unseen.offset} has waited for {waits_ms // 1000} s"
    return Start(max(epoch + 1, least_epoch), beginning, why) if why else Start(epoch, offset + 1)
