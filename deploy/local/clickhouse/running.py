"""The queries that run now, by the ids that clients gave them, and how they are ended."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.statement import Statement, quoted, tokens

# The engine gives each statement an id of its own. A setting that does nothing on one server says in
# system.processes whose it is.
MARK: Final = "parallel_replicas_custom_key"
_BEHIND_THE_CONDITION: Final = {b"SYNC", b"ASYNC", b"TEST", b"FORMAT", b"SETTINGS"}
_OURS: Final = f"Settings['{MARK}']"
_WHO: Final = f"substringIndex({_OURS}, '/', 1)"
_NAME: Final = f"substring({_OURS}, position({_OURS}, '/') + 1)"
_SHOWN: Final = (
    f"EXCEPT (query_id, initial_query_id, user), {_WHO} AS user, {_NAME} AS shown_id, query_id AS engine_id"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose query it is and what they call it."""

    role: Role
    query_id: str

    def __str__(self) -> str:
        return f"{self.role}/{self.query_id}"


class Running:
    """Queries under way; ``connect`` opens a connection that may do what a role may."""

    def __init__(self, connect: Callable[[Role], Any], version: str) -> None:
        self._connect, self._version = connect, version
        self._ids: set[str] = set()
        self._changes = threading.Lock()

    @contextmanager
    def as_one(self, mark: Mark) -> Iterator[None]:
        """While a query runs, no other has its id.

        Raises:
            StatementError: another has (216).
        """
        with self._changes:
            if mark.query_id in self._ids:
                name = "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING"
                message = f"Query with id = {mark.query_id} is already running."
                raise raised(errors.QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, message, name, self._version)
            self._ids.add(mark.query_id)
        try:
            yield
        finally:
            with self._changes:
                self._ids.discard(mark.query_id)

    def end(self, mark: Mark) -> None:
        """Ask the engine to end a query, and don't wait for it; nothing happens when it is over."""
        connection = self._connect(mark.role)
        try:
            connection.query(f"KILL QUERY WHERE {_OURS} = {quoted(str(mark))} ASYNC", "TSV")
        finally:
            connection.close()

    def kill(self, statement: Statement, role: Role) -> bytes:
        """Run a client's KILL QUERY over their own ids and the engine's; gives a query that has the answer.

        Raises:
            StatementError: no such condition, or the engine's own.
        """
        condition, wait = self._condition(statement.sql)
        both = " UNION ALL ".join(
            f"SELECT *, {name} AS query_id, {name} AS initial_query_id "  # noqa: S608 - our own columns
            f"FROM (SELECT * {_SHOWN} FROM system.processes)"
            for name in ("shown_id", "engine_id")
        )
        mine = "" if role is Role.WRITER else f" AND user = {quoted(role)}"
        connection = self._connect(role)
        try:
            running = connection.query(
                f"SELECT DISTINCT engine_id, shown_id, user FROM ({both}) "  # noqa: S608 - a condition that was checked
                f"WHERE shown_id != ''{mine} AND engine_id IN (SELECT engine_id FROM ({both}) WHERE {condition})",
                "JSONCompact",
            )
            shown = {engine_id: (name, user) for engine_id, name, user in json.loads(running.bytes())["data"]}
            names = ", ".join(map(quoted, shown)) or "''"
            killed = connection.query(f"KILL QUERY WHERE query_id IN ({names}) {wait}", "JSONCompact").bytes()
        except errors.OF_ENGINE as error:
            raise errors.from_engine(error, self._version) from error
        finally:
            connection.close()
        rows = [
            (status, *shown[engine_id], text)
            for status, engine_id, _, text in (json.loads(killed)["data"] if killed else [])
        ]
        kind = "Array(Tuple(kill_status String, query_id String, user String, query String))"
        return (
            "SELECT one.kill_status AS kill_status, one.query_id AS query_id, one.user AS user, one.query AS query "  # noqa: S608 - literals in quotes
            f"FROM (SELECT arrayJoin(JSONExtract({quoted(json.dumps(rows))}, {quoted(kind)})) AS one)"
        ).encode()

    def _condition(self, text: bytes) -> tuple[str, str]:
        start = end = 0
        wait = "ASYNC"
        for token in tokens(text):
            if token.depth < 0 or (start and token.keyword == b"UNION"):
                start = 0
                break
            if not start and token.depth == 0 and token.keyword == b"WHERE":
                start = end = token.end
            elif token.depth == 0 and (token.keyword in _BEHIND_THE_CONDITION or token.text == b";"):
                wait = token.keyword.decode() if token.keyword in {b"SYNC", b"TEST"} else wait
                break
            else:
                end = token.end
        if not start:
            raise raised(errors.SYNTAX_ERROR, "KILL QUERY WHERE condition [SYNC | ASYNC | TEST] is what there is",
                         "SYNTAX_ERROR", self._version)  # fmt: skip
        return text[start:end].decode(), wait
