"""The spools of this host: what waits, who minds it, and whether the files fit the relay's checkpoint."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from console.audit.findings import Finding
from schemas.spool import LOCK_NAME, Checkpoint, read_checkpoint, segment_path, segments, spools

WAITING_TOO_LONG_S: Final = 60.0
_PEEKED_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Spool:
    """A spool as it was found. `sizes` are bytes by segment; `owned`: a writer or a relay holds its lock."""

    spool_id: str
    owned: bool
    sizes: dict[int, int]
    torn: dict[int, int]
    """Bytes after the last newline, by segment; a segment that is written to is left out."""
    checkpoint: Checkpoint | None = None
    damage: str = ""
    """Why the checkpoint cannot be read; empty where it can, or where there is none yet."""
    waiting_since_s: float | None = None
    """Event time of the first line that waits, or when its segment was last written; None when none waits."""

    @property
    def waiting_bytes(self) -> int:
        """Bytes after the checkpoint."""
        at = (self.checkpoint.segment, self.checkpoint.offset) if self.checkpoint is not None else (0, 0)
        return sum(
            max(0, size - at[1]) if first == at[0] else size for first, size in self.sizes.items() if first >= at[0]
        )


def look_at_spools(spool_dir: Path) -> list[Spool]:
    """Every spool below a directory. Raises OSError when the directory cannot be read."""
    if not spool_dir.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(spool_dir))
    looked_at = []
    for path in spools(spool_dir):
        try:
            looked_at.append(_look_at(path))
        except FileNotFoundError:
            continue  # the relay drained and removed it
    return looked_at


def check_spools(looked_at: list[Spool], *, now_s: float) -> list[Finding]:
    """What is wrong with each spool; one ok finding when nothing is."""
    findings = [finding for spool in looked_at for finding in _check(spool, now_s)]
    if not findings:
        waiting = sum(spool.waiting_bytes for spool in looked_at)
        findings.append(
            Finding(
                severity="ok",
                check="spools",
                name="minded",
                where="spools",
                what=f"{len(looked_at)} spools, {waiting:,} bytes wait for the relay",
            )
        )
    return findings


def _check(spool: Spool, now_s: float) -> Iterator[Finding]:
    if spool.damage:
        yield _finding(
            spool,
            "checkpoint_damaged",
            f"the checkpoint cannot be read: {spool.damage}",
            "the relay sends again all that is left of the spool, and the stream drops what it has: nothing is"
            " lost; see what happened to the disk",
        )
    at = spool.checkpoint
    if at is not None:
        size = spool.sizes.get(at.segment)
        if size is not None and at.offset > size:
            yield _finding(
                spool,
                "checkpoint_beyond",
                f"the checkpoint is at byte {at.offset:,} of segment {at.segment}, which has {size:,}",
                "the segment lost its end, as after a power cut: what Kafka has is safe; stop the writer, so that"
                " it goes on in a new spool and nothing is appended below the checkpoint",
                severity="broken",
            )
        elif size is None and spool.sizes and max(spool.sizes) < at.segment:
            yield _finding(
                spool,
                "checkpoint_beyond",
                f"the checkpoint is in segment {at.segment}, the last one is {max(spool.sizes)}",
                "the segments were put back from a copy, or the checkpoint is another spool's: remove the"
                " checkpoint, and all of the spool is sent again; the stream drops what it has",
                severity="broken",
            )
    for first, size in sorted(spool.torn.items()):
        yield _finding(
            spool,
            "torn_tail",
            f"segment {first} ends in {size:,} bytes of an unfinished line",
            "its client was not answered, so nothing is lost; the relay skips it",
        )
    waiting = spool.waiting_bytes
    if waiting and not spool.owned:
        yield _finding(
            spool,
            "undrained",
            f"its writer is dead, and {waiting:,} bytes wait that nobody drains",
            "start the relay on this directory",
        )
    elif waiting and spool.waiting_since_s is not None and now_s - spool.waiting_since_s > WAITING_TOO_LONG_S:
        yield _finding(
            spool,
            "waiting",
            f"{waiting:,} bytes wait, the oldest since {now_s - spool.waiting_since_s:,.0f} s",
            "see whether the relay runs and Kafka takes its batches",
        )


def _finding(spool: Spool, name: str, what: str, advice: str, *, severity: str = "warning") -> Finding:
    return Finding(
        severity="broken" if severity == "broken" else "warning",
        check="spools",
        name=name,
        where=f"spool {spool.spool_id}",
        what=what,
        advice=advice,
        runbook="relay-waiting.md" if name in {"undrained", "waiting"} else "spool-damaged.md",
    )


def _look_at(path: Path) -> Spool:
    owned = _is_owned(path)
    checkpoint, damage = None, ""
    # The checkpoint first: it only moves on, and what lies before it may be deleted while we look.
    try:
        checkpoint = read_checkpoint(path)
    except msgspec.DecodeError as error:
        damage = str(error)
    sizes: dict[int, int] = {}
    torn: dict[int, int] = {}
    present = segments(path)
    for first in present:
        try:
            size = segment_path(path, first).stat().st_size
            sizes[first] = size
            if not owned or first != present[-1]:
                torn_bytes = _torn_bytes(segment_path(path, first))
                if torn_bytes:
                    torn[first] = torn_bytes
        except FileNotFoundError:
            sizes.pop(first, None)
    return Spool(path.name, owned, sizes, torn, checkpoint, damage, _waiting_since_s(path, sizes, checkpoint))


def _is_owned(path: Path) -> bool:
    """Whether a writer or the relay holds the lock. A shared lock for an instant bothers neither."""
    try:
        descriptor = os.open(path / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _torn_bytes(segment: Path) -> int:
    with segment.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        at = end
        while at > 0:
            start = max(0, at - _PEEKED_BYTES)
            file.seek(start)
            newline = file.read(at - start).rfind(b"\n")
            if newline >= 0:
                return end - (start + newline + 1)
            at = start
    return end


class _Timed(msgspec.Struct):
    time_ms: int


def _waiting_since_s(path: Path, sizes: dict[int, int], checkpoint: Checkpoint | None) -> float | None:
    at = (checkpoint.segment, checkpoint.offset) if checkpoint is not None else (0, 0)
    for first in sorted(sizes):
        offset = at[1] if first == at[0] else 0
        if first < at[0] or sizes[first] <= offset:
            continue
        try:
            with segment_path(path, first).open("rb") as file:
                file.seek(offset)
                line = file.read(_PEEKED_BYTES).partition(b"\n")[0]
                written_s = os.fstat(file.fileno()).st_mtime
        except FileNotFoundError:
            continue
        try:
            return min(written_s, msgspec.json.decode(line, type=_Timed).time_ms / 1000, time.time())
        except msgspec.DecodeError:
            return written_s
    return None
