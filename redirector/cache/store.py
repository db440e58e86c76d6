"""How the host's cache lies in LMDB: a table a followed topic (key → record as JSON), and the relay's marks."""

from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import lmdb

TableName = Literal["links", "tokens"]
"""A table is called as its topic."""
TABLES: Final[tuple[TableName, ...]] = ("links", "tokens")

MARKS_TABLE: Final = b"follower"

MAP_BYTES: Final = 64 * 1024**3
"""Address space kept for the cache, by readers and writer alike: no disk, no memory, just its upper limit."""
_MAX_TABLES: Final = 16


class Marks(NamedTuple):
    """The names under which the relay notes how far a table follows its topic."""

    offset: bytes
    ready: bytes
    followed_at: bytes


def marks_of(table: TableName) -> Marks:
    """The marks of a table. Those of `links` are older than other tables, and have no prefix."""
    prefix = b"" if table == "links" else f"{table}.".encode()
    return Marks(prefix + b"next_offset", prefix + b"ready", prefix + b"followed_at_s")


def open_environment(directory: Path, *, readonly: bool) -> Any:
    """The LMDB environment. LMDB allows one per directory and process. Raises lmdb.Error."""
    return lmdb.open(
        str(directory),
        map_size=MAP_BYTES,
        max_dbs=_MAX_TABLES,
        max_readers=512,
        readonly=readonly,
        create=not readonly,
    )
