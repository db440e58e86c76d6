"""Dictionaries loaded again when what they are made of changes: a server does that by itself, chDB does not.

Only what the dictionary's own INVALIDATE_QUERY tells, asked every few seconds; a dictionary that was never used is
not loaded, and is not asked for.
"""

import logging
import re
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from deploy.local.clickhouse.access import Role

log = logging.getLogger(__name__)

EVERY_S: Final = 2.0
_INVALIDATE: Final = re.compile(r"INVALIDATE_QUERY '((?:[^'\\]|\\.)*)'")
# By database and by name, too: for pairs alone the engine writes down every table that there is, in 0.1 s.
_LOADED: Final = """
WITH loaded AS (SELECT database, name FROM system.dictionaries WHERE status IN ('LOADED', 'FAILED'))
SELECT database, name, create_table_query
FROM system.tables
WHERE database IN (SELECT database FROM loaded) AND name IN (SELECT name FROM loaded)
    AND (database, name) IN (SELECT database, name FROM loaded)
FORMAT TSVRaw
"""


class Refresher:
    """Asks in a thread of its own until it is closed."""

    def __init__(self, connect: Callable[[Role], Any]) -> None:
        self._connect = connect
        self._answers: dict[tuple[str, str], bytes] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dictionaries", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Returns when no query of it runs any more."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.wait(EVERY_S):
            try:
                with closing(self._connect(Role.WRITER)) as connection:
                    self.refresh(connection)
            except RuntimeError as error:
                # As on a server: what was loaded before goes on answering.
                log.warning("dictionaries are not refreshed: %s", error)

    def refresh(self, connection: Any) -> None:
        """Load again whose answer is another one than before. Raises RuntimeError."""
        for line in connection.query(_LOADED, "TSVRaw").bytes().decode().splitlines():
            database, name, definition = line.split("\t", 2)
            query = _INVALIDATE.search(definition)
            if query is None:
                continue
            answer = connection.query(re.sub(r"\\(.)", r"\1", query[1]), "TSV").bytes()
            if self._answers.get((database, name)) != answer:
                connection.query(f"SYSTEM RELOAD DICTIONARY `{database}`.`{name}`")
                self._answers[database, name] = answer
