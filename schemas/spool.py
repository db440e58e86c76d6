"""The spool's places on disk: what `serve` writes, `relay` follows and `audit` checks.

SPOOL_DIR/<spool id>/lock                 held (flock) by the writer as long as it lives
SPOOL_DIR/<spool id>/<first seq>.ndjson   segments, 20 digits, appended to, one event a line
SPOOL_DIR/<spool id>/checkpoint.json      the relay's: everything before it is in Kafka
"""

import re
import secrets
from pathlib import Path
from typing import Final

import msgspec

LOCK_NAME: Final = "lock"
CHECKPOINT_NAME: Final = "checkpoint.json"

_SPOOL_ID: Final = re.compile(r"[0-9a-f]{16}")
_SEGMENT: Final = re.compile(r"([0-9]{20})\.ndjson")


class Checkpoint(msgspec.Struct, frozen=True):
    """How far the relay shipped one spool: all of the segments before `segment`, and its first `offset` bytes.

    `partitions` pins each topic's partition count until the spool is drained; `prev` holds, by topic and
    partition, the seq with which the last acknowledged batch ended.
    """

    segment: int
    offset: int
    partitions: dict[str, int]
    prev: dict[str, dict[int, int]]


def new_spool_id() -> str:
    """A random id: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def segment_path(spool: Path, first_seq: int) -> Path:
    """Where the segment that begins with `first_seq` lies."""
    return spool / f"{first_seq:020d}.ndjson"


def segments(spool: Path) -> list[int]:
    """The first seqs of the segments that lie in a spool's directory, rising."""
    return sorted(int(match[1]) for path in spool.iterdir() if (match := _SEGMENT.fullmatch(path.name)))


def spools(spool_dir: Path) -> list[Path]:
    """The spools below `spool_dir`, by id; none when it does not exist."""
    if not spool_dir.is_dir():
        return []
    return sorted(path for path in spool_dir.iterdir() if _SPOOL_ID.fullmatch(path.name) and path.is_dir())


def read_checkpoint(spool: Path) -> Checkpoint | None:
    """The relay's checkpoint, None before its first. Raises msgspec.DecodeError when the file is damaged."""
    try:
        return msgspec.json.decode((spool / CHECKPOINT_NAME).read_bytes(), type=Checkpoint)
    except FileNotFoundError:
        return None
