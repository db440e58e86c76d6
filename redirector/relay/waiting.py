"""How long the oldest line of a spool has waited for Kafka."""

import os
import time
from pathlib import Path
from typing import Final

import msgspec

from redirector.spool.reader import Place
from schemas.spool import segment_path

_PEEKED_BYTES: Final = 8192


class _Timed(msgspec.Struct):
    type: str
    time_ms: int


def waiting_s(spool: Path, place: Place, waiting_since: float | None) -> float:
    """Age of the oldest line behind `place`: a click says it; before anything else, since when it was seen.

    `waiting_since` is by the monotonic clock; None: nothing waits. Raises OSError.
    """
    if waiting_since is None:
        return 0.0
    seen_s = time.monotonic() - waiting_since
    try:
        fd = os.open(segment_path(spool, place.segment), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return seen_s
    try:
        line = os.pread(fd, _PEEKED_BYTES, place.offset).partition(b"\n")[0]
    finally:
        os.close(fd)
    try:
        first = msgspec.json.decode(line, type=_Timed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return seen_s
    return max(seen_s, time.time() - first.time_ms / 1000) if first.type == "click" else seen_s
