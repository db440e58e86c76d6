"""How the link cache lies in LMDB: two tables, `links` (key → Link as JSON) and `follower` (the relay's marks)."""

from pathlib import Path
from typing import Any, Final

import lmdb

LINKS: Final = b"links"
FOLLOWER: Final = b"follower"
OFFSET: Final = b"next_offset"
READY: Final = b"ready"
FOLLOWED_AT: Final = b"followed_at_s"

MAP_BYTES: Final = 64 * 1024**3
"""Address space kept for the cache, by readers and writer alike: no disk, no memory, just its upper limit."""


def open_environment(directory: Path, *, readonly: bool) -> Any:
    """The LMDB environment. LMDB allows one per directory and process. Raises lmdb.Error."""
    return lmdb.open(
        str(directory), map_size=MAP_BYTES, max_dbs=2, max_readers=512, readonly=readonly, create=not readonly
    )
