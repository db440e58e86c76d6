"""Run statements on the engine in this process, each with its own settings, several at a time.

A connection costs 0.2 ms, so every request gets a fresh one: what it sets, no other sees. Queries release the
interpreter's lock; two of them run on two cores.
"""

import fcntl
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chdb.state import sqlitelike

from deploy.local.clickhouse.errors import (
    INVALID_USAGE_OF_INPUT,
    UNKNOWN_SETTING,
    StatementError,
    from_engine,
    raised,
)
from deploy.local.clickhouse.sessions import DEFAULT_TIMEOUT_S, Sessions
from deploy.local.clickhouse.statement import Statement

# Typed by chDB for str alone, though it takes bytes as well: statements need not be UTF-8.
Connection: Any = sqlitelike.Connection

# Formats whose blocks can simply follow each other: only these can be sent while the query still runs.
_STREAMED = {"Native", "RowBinary", "JSONEachRow", "JSONLines", "NDJSON", "TabSeparated", "TSV", "CSV"}
# HTTP bodies are cut into blocks of max_insert_block_size rows, files into blocks of max_block_size.
_MAX_INSERT_BLOCK_SIZE = 1_048_449


class DirectoryInUseError(Exception):
    """Another process has these tables open."""


@dataclass(frozen=True, slots=True)
class Request:
    """A statement with all that belongs to it; ``parameters`` without their ``param_``."""

    statement: Statement
    rows: memoryview | bytes = b""
    settings: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    session_id: str = ""
    session_timeout_s: float = DEFAULT_TIMEOUT_S
    session_must_exist: bool = False

    @property
    def output_format(self) -> str:
        """The format that the answer has."""
        return self.statement.output_format or self.default_format


@dataclass(slots=True)
class Progress:
    """What a statement read and wrote, for X-ClickHouse-Summary."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0


def quoted(text: str) -> str:
    """The text as a string literal of ClickHouse's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Engine:
    """The tables in one directory.

    Raises:
        DirectoryInUseError: another process holds the directory.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._lock_file = (directory / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            raise DirectoryInUseError(
                f"{directory} is in use by another process. Stop that one, or give this one another "
                "CLICKTALLY_LOCAL_DATA_DIR."
            ) from None
        self._url = f"{directory / 'store'}?log-level=error"
        self._rows_directory = self._fresh_rows_directory(directory)
        # Held open as long as the engine is to live; its tables close with the last connection.
        self._anchor = Connection(self._url)
        self._conditional = threading.Lock()
        answer = self._anchor.query("SELECT version(), timezone()", "TSV").bytes().decode()
        self.version, self.timezone = answer.strip().split("\t")
        self._sessions = Sessions(lambda: Connection(self._url), self.version)

    def close(self) -> None:
        """Close the tables; the directory is free afterwards."""
        self._sessions.close()
        self._anchor.close()
        self._lock_file.close()

    @contextmanager
    def connection(self, request: Request) -> Iterator[Any]:
        """A connection with the request's database, settings and parameters, for this request alone.

        Raises:
            StatementError: a setting or the database is unknown, or the session is busy.
        """
        if not request.session_id:
            with closing(Connection(self._url)) as connection:
                self._prepare(connection, request)
                yield connection
            return
        with self._sessions.use(
            request.session_id,
            request.statement,
            timeout_s=request.session_timeout_s,
            must_exist=request.session_must_exist,
        ) as kept:
            if kept is None:
                with closing(Connection(self._url)) as connection:
                    self._prepare(connection, request)
                    yield connection
            elif request.statement.verb in {b"SET", b"USE"}:
                yield kept
            else:
                with self._restored(kept, request):
                    self._prepare(kept, request)
                    yield kept

    def _prepare(self, connection: Any, request: Request) -> None:
        unknown = next((name for name in request.settings if not name.isidentifier()), None)
        if unknown is not None:
            raise raised(UNKNOWN_SETTING, f"Unknown setting '{unknown}'", "UNKNOWN_SETTING", self.version)
        # chDB's own default takes `1 + 1` for a query; a server does not.
        settings = {"implicit_select": "0", **request.settings}
        settings.update({f"param_{name}": value for name, value in request.parameters.items()})
        with self._errors():
            connection.query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items()))
            if request.database:
                connection.query(f"USE `{request.database.replace('`', '``')}`")

    @contextmanager
    def _restored(self, connection: Any, request: Request) -> Iterator[None]:
        """Give a session its own settings and database back after a request that had others."""
        names = ", ".join(quoted(name) for name in ("implicit_select", *request.settings))
        with self._errors():
            database = connection.query("SELECT currentDatabase()", "TSVRaw").bytes().decode().strip()
            said = f"SELECT name, value FROM system.settings WHERE name IN ({names})"  # noqa: S608
            answer = connection.query(said, "JSONCompact")
            before = json.loads(answer.bytes())["data"]
        try:
            yield
        finally:
            connection.query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in before))
            connection.query(f"USE `{database}`")

    def chunks(self, connection: Any, request: Request, progress: Progress) -> Iterator[bytes]:
        """Run a request; gives the answer in pieces and fills in ``progress``.

        Raises:
            StatementError: also after some chunks, when the query fails while it runs.
        """
        with self._errors():
            if request.statement.input_call is not None:
                self._insert_from_input(connection, request, progress)
            elif request.statement.rows_format is not None:
                self._insert(connection, request, request.statement.rows_format, progress)
            elif request.output_format in _STREAMED and request.statement.verb in {b"SELECT", b"WITH"}:
                yield from self._stream(connection, request, progress)
            else:
                answer = connection.query(request.statement.sql, request.default_format)
                _note(progress, answer)
                if answer.size():
                    yield answer.bytes()

    def _stream(self, connection: Any, request: Request, progress: Progress) -> Iterator[bytes]:
        with closing(connection.send_query(request.statement.sql, request.default_format)) as stream:
            for block in stream:
                _note(progress, block)
                yield block.bytes()

    @staticmethod
    def _insert(connection: Any, request: Request, rows_format: str, progress: Progress) -> None:
        with connection.send_insert(request.statement.sql.decode(), rows_format) as inserter:
            if request.rows:
                inserter.append(bytes(request.rows))
            done = inserter.finish()
        progress.read_rows = progress.written_rows = done.rows_written
        progress.read_bytes = progress.written_bytes = done.bytes_written

    def _insert_from_input(self, connection: Any, request: Request, progress: Progress) -> None:
        """``INSERT … SELECT … FROM input(…)``, one at a time.

        The engine's own input() inserts nothing, without an error, so the rows go through a file. The lock makes
        check and insert of a conditional insert one step, which a server does not promise.
        """
        if request.statement.rows_format is None:
            raise raised(
                INVALID_USAGE_OF_INPUT, "FORMAT must be specified for function input()", "INVALID_USAGE_OF_INPUT",
                self.version,
            )  # fmt: skip
        block_size = int(request.settings.get("max_insert_block_size", _MAX_INSERT_BLOCK_SIZE))
        if block_size > int(request.settings.get("max_block_size", 0)):
            connection.query(f"SET max_block_size = {block_size}")
        with tempfile.NamedTemporaryFile(dir=self._rows_directory, prefix="rows-") as rows:
            rows.write(request.rows)
            rows.flush()
            statement = request.statement.reading_file(quoted(rows.name))
            with self._conditional:
                answer = connection.query(statement, "TSV")
        _note(progress, answer)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except StatementError:
            raise
        except RuntimeError as error:
            raise from_engine(error, self.version) from error

    @staticmethod
    def _fresh_rows_directory(directory: Path) -> Path:
        """A place for rows in transit; what a killed run left there is removed.

        They live for milliseconds and are never synced, so they hardly ever reach the disk.
        """
        rows = directory / "rows"
        rows.mkdir(exist_ok=True)
        for left in rows.iterdir():
            left.unlink()
        return rows


def _note(progress: Progress, answer: Any) -> None:
    progress.read_rows += answer.storage_rows_read()
    progress.read_bytes += answer.storage_bytes_read()
    progress.written_rows += answer.rows_written()
    progress.written_bytes += answer.bytes_written()
    progress.result_rows += answer.rows_read()
    progress.result_bytes += answer.size()
