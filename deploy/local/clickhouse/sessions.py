"""HTTP sessions: ``session_id`` names a connection that keeps its SETs and temporary tables."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, raised
from deploy.local.clickhouse.statement import Statement

DEFAULT_TIMEOUT_S = 60.0
# Clients name a session with every query and hardly ever use it; only these statements leave anything behind.
_LEAVES_STATE = {b"SET", b"USE"}


@dataclass(slots=True)
class _Session:
    connection: Any = None
    busy: threading.Lock = field(default_factory=threading.Lock)
    expires: float = 0.0


class Sessions:
    """The open sessions; ``connect`` makes a connection, ``now`` tells the time in seconds."""

    def __init__(
        self, connect: Callable[[Role], Any], version: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect, self._version, self._now = connect, version, now
        self._sessions: dict[tuple[Role, str], _Session] = {}
        self._changes = threading.Lock()

    @contextmanager
    def use(
        self,
        role: Role,
        session_id: str,
        statement: Statement,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        must_exist: bool = False,
    ) -> Iterator[Any]:
        """The session's connection, or None while it has nothing to remember.

        Raises:
            StatementError: another query runs in the session (373), or it should exist and does not (372).
        """
        session = self._find((role, session_id), must_exist=must_exist)
        if not session.busy.acquire(blocking=False):
            raise raised(SESSION_IS_LOCKED, f"Session {session_id} is locked by a concurrent client.",
                         "SESSION_IS_LOCKED", self._version)  # fmt: skip
        try:
            if session.connection is None and leaves_state(statement):
                session.connection = self._connect(role)
            yield session.connection
        finally:
            session.expires = self._now() + timeout_s
            session.busy.release()

    def close(self) -> None:
        """End all sessions."""
        with self._changes:
            for session in self._sessions.values():
                _close(session)
            self._sessions.clear()

    def _find(self, key: tuple[Role, str], *, must_exist: bool) -> _Session:
        with self._changes:
            now = self._now()
            for name, one in list(self._sessions.items()):
                if one.expires < now and not one.busy.locked():
                    _close(self._sessions.pop(name))
            if must_exist and key not in self._sessions:
                raise raised(SESSION_NOT_FOUND, f"Session {key[1]} not found", "SESSION_NOT_FOUND", self._version)
            # Not to be taken for expired before its first query begins.
            session = self._sessions.setdefault(key, _Session(expires=now + DEFAULT_TIMEOUT_S))
            session.expires = max(session.expires, now + 1)
            return session


def leaves_state(statement: Statement) -> bool:
    """Whether the statement changes the session it runs in."""
    return statement.verb in _LEAVES_STATE or (
        statement.verb in {b"CREATE", b"REPLACE"} and b"TEMPORARY" in statement.sql[:200].upper()
    )


def _close(session: _Session) -> None:
    if session.connection is not None:
        session.connection.close()
