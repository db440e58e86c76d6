"""An index that turns out to be damaged is made anew: the process ends, and its next start finds a mark.

SQLite says so of a page when it meets it, perhaps days after it was written, and says it again at each start. The
index is only a copy; what it takes is to read the topics.
"""

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Final, NoReturn

from console.api.index import Index

log = logging.getLogger(__name__)

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_LOW_BYTE: Final = 0xFF
"""Of an extended code, the part that says what kind it is."""


class DamagedIndexError(Exception):
    """The index cannot be read on; the next start makes it anew."""


def is_damage(error: BaseException) -> bool:
    """Whether SQLite found its file damaged: not locked, not too large for the disk."""
    code = getattr(error, "sqlite_errorcode", 0)
    return isinstance(error, sqlite3.DatabaseError) and code & _LOW_BYTE in _DAMAGED


class Damage:
    """What is noted of damage, in a directory of its own file; one for each process."""

    def __init__(self, directory: Path) -> None:
        self._mark: Final = directory / "index.damaged"
        self._met: Final = asyncio.Event()

    def opened(self) -> Index:
        """The index; made anew where the process before met damage, or where it is met now."""
        directory = self._mark.parent
        try:
            index = Index(directory, damaged=self._mark.exists())
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            index = Index(directory, damaged=True)
        self._mark.unlink(missing_ok=True)
        return index

    def note(self, error: BaseException) -> None:
        """Take note of an error, if it is one of damage."""
        if is_damage(error) and not self._met.is_set():
            log.error("the index is damaged (%s): it is made anew when this console starts again, at once", error)
            self._mark.touch()
            self._met.set()

    async def met(self) -> NoReturn:
        """Wait until damage is noted. Raises DamagedIndexError then."""
        await self._met.wait()
        raise DamagedIndexError("the index is damaged: started again, this console makes it anew")
