"""SPOOL_DIR/misses/<minute>-<id>.json: whole when it is there, removed when Kafka has it.

Apart from the spools: what is counted of strangers' guesses must never hold up an event.
"""

from pathlib import Path
from typing import Final

import msgspec

from schemas.misses import MissedMinute

MOST_FILES: Final = 2000
"""More than a day of one process. At most 60 kB each as a rule."""
_DRAFT: Final = ".draft"


class Outbox:
    """Below the spools of a host; any number of processes write, the relay takes."""

    def __init__(self, spool_dir: Path) -> None:
        self._directory: Final = spool_dir / "misses"

    def put(self, missed: MissedMinute) -> bool:
        """False: there is no room, since nobody took what was there. Raises OSError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if len(self.waiting()) >= MOST_FILES:
            return False
        name = f"{missed.minute:010d}-{missed.id}"
        draft = self._directory / (name + _DRAFT)
        draft.write_bytes(msgspec.json.encode(missed))
        draft.rename(self._directory / f"{name}.json")
        return True

    def waiting(self) -> list[Path]:
        """What nobody has taken yet, the oldest first. Raises OSError."""
        return sorted(self._directory.glob("*.json")) if self._directory.is_dir() else []
