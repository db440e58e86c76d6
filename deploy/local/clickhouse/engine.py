"""Run statements on the engine in this process, each with its own rights and settings, several at a time.

Every request gets a fresh connection: what it sets, no other sees. Queries release the interpreter's lock; two of
them run on two cores.
"""

import fcntl
import json
import threading
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Final

from chdb.state import sqlitelike

from deploy.local.clickhouse import access, errors, external, guard
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.dictionaries import Refresher
from deploy.local.clickhouse.errors import from_engine, raised
from deploy.local.clickhouse.guard import Verdict
from deploy.local.clickhouse.pipe import piped
from deploy.local.clickhouse.ready import Ready
from deploy.local.clickhouse.request import Progress, Request
from deploy.local.clickhouse.running import MARK, Running
from deploy.local.clickhouse.sessions import Sessions
from deploy.local.clickhouse.statement import identifier, quoted
from deploy.local.settings import LocalSettings
from schemas.clickhouse.readers import OF_READER

# Typed by chDB for str alone, though it takes bytes as well: statements need not be UTF-8.
Connection: Any = sqlitelike.Connection

# Formats whose blocks can simply follow each other. The others are written through a pipe.
_BLOCKWISE: Final = {"Native", "RowBinary", "JSONEachRow", "JSONLines", "NDJSON", "TabSeparated", "TSV", "CSV"}
_SELECTS: Final = {b"SELECT", b"WITH", b"FROM", b"("}
_INPUT_ROWS: Final = "_rows_of_this_insert"
# HTTP bodies are cut into blocks of max_insert_block_size rows, tables into blocks of max_block_size.
_MAX_INSERT_BLOCK_SIZE: Final = 1_048_449
_READ_ONLY: Final = "READ_ONLY"


class DirectoryInUseError(Exception):
    """Another process has these tables open."""


class Engine:
    """The tables in one directory.

    Raises:
        DirectoryInUseError: another process holds the directory.
    """

    def __init__(self, directory: Path, settings: LocalSettings) -> None:
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
        access.own_default_database(directory / "store")
        self._url = f"{directory / 'store'}?log-level=error&{access.configure(directory, settings)}"
        self._reader_limits = access.limits(settings)
        self._writer_limits = {"max_execution_time": str(settings.clickhouse_max_execution_s)}
        # Held open as long as the engine is to live; its tables close with the last connection.
        self._anchor = Connection(self._url)
        self._conditional = threading.Lock()
        answer = self._anchor.query("SELECT version(), timezone()", "TSV").bytes().decode()
        self.version, self.timezone = answer.strip().split("\t")
        self._ready = Ready(self._connect)
        self._sessions = Sessions(self._connect, self.version)
        self._bringer = external.Bringer(self.version)
        self.running = Running(self._connect, self.version)
        self._dictionaries = Refresher(self._connect)

    def close(self) -> None:
        """Close the tables; the directory is free afterwards."""
        self._dictionaries.close()
        self._sessions.close()
        self._ready.close()
        self._anchor.close()
        self._lock_file.close()

    def answer(self, request: Request, progress: Progress) -> Generator[bytes, None, None]:
        """Run a request; gives the answer in pieces and fills in ``progress``.

        Raises:
            StatementError: also after some pieces, when the query fails while it runs.
        """
        with self._errors(), self.running.as_one(request.mark), self._connection(request) as (connection, kept):
            verdict = guard.examine(connection, request.statement, self.version)
            guard.check(
                verdict,
                request.statement,
                request.rows,
                request.parameters,
                request.mark.role,
                must_read=request.must_read,
                version=self.version,
            )
            with self._prepared(connection, request, verdict, kept=kept):
                yield from self._run(connection, request, progress)

    def _connect(self, role: Role) -> Any:
        connection = Connection(self._url)
        connection.query(f"SET ROLE {role}", "TSV")
        if role is not Role.WRITER:
            # First the limits, then the constraints, which only check what changes a value.
            _set(connection, OF_READER | self._reader_limits)
            connection.query("SET profile = 'reader'", "TSV")
        return connection

    @contextmanager
    def _connection(self, request: Request) -> Iterator[tuple[Any, bool]]:
        """A connection of the client's role, and whether it is its session's to be kept.

        Raises:
            StatementError: the session is busy, or should exist and does not.
        """
        if not request.session_id:
            with self._fresh(request.mark.role) as connection:
                yield connection, False
            return
        with self._sessions.use(
            request.mark.role,
            request.session_id,
            request.statement,
            timeout_s=request.session_timeout_s,
            must_exist=request.session_must_exist,
        ) as kept:
            if kept is not None:
                yield kept, True
                return
            with self._fresh(request.mark.role) as connection:
                yield connection, False

    @contextmanager
    def _fresh(self, role: Role) -> Iterator[Any]:
        with closing(self._ready.take(role)) as connection:
            try:
                yield connection
            finally:
                self._ready.make(role)

    @contextmanager
    def _prepared(self, connection: Any, request: Request, verdict: Verdict, *, kept: bool) -> Iterator[None]:
        """The request's database, settings, parameters and external tables, for its statement alone."""
        if kept and request.statement.verb in {b"SET", b"USE"}:
            yield
            return
        settings = self._settings(request, verdict)
        parameters = {f"param_{name}": value for name, value in request.parameters.items()}
        with self._restored(connection, settings) if kept else nullcontext():
            for table in request.external:
                self._bringer.bring(connection, table, request.mark.role)
            if request.database:
                connection.query(f"USE {identifier(request.database)}", "TSV")
            # Cannot be taken back, so that no session may have it.
            only_reads = not kept and (request.must_read or request.mark.role is Role.READER)
            _set(connection, {**settings, **parameters, **({"readonly": "2"} if only_reads else {})})
            yield

    def _settings(self, request: Request, verdict: Verdict) -> dict[str, str]:
        guard.check_settings(request.settings, self.version)
        reads = request.mark.role is Role.WRITER and verdict.query_class == _READ_ONLY
        return {
            # chDB's own default takes `1 + 1` for a query; a server does not.
            "implicit_select": "0",
            guard.INTERPRETS: str(int(request.statement.inline_values)),
            **(self._writer_limits if reads else {}),
            **request.settings,
            MARK: str(request.mark),
        }

    @contextmanager
    def _restored(self, connection: Any, settings: Mapping[str, str]) -> Iterator[None]:
        """Give a session its own settings and database back after a request that had others."""
        names = ", ".join(quoted(name) for name in settings)
        database = connection.query("SELECT currentDatabase()", "TSVRaw").bytes().decode()[:-1]
        settings_sql = f"SELECT name, value FROM system.settings WHERE name IN ({names})"  # noqa: S608 - names in quotes
        before = dict(json.loads(connection.query(settings_sql, "JSONCompact").bytes())["data"])
        try:
            yield
        finally:
            _set(connection, before)
            connection.query(f"USE {identifier(database)}", "TSV")

    def _run(self, connection: Any, request: Request, progress: Progress) -> Iterator[bytes]:
        statement = request.statement
        if statement.input_call is not None:
            self._insert_from_input(connection, request, progress)
        elif statement.rows_format is not None:
            _note_rows(progress, external.insert(connection, statement.sql, statement.rows_format, request.rows))
        elif statement.verb not in _SELECTS:
            sql = self.running.kill(statement, request.mark.role) if statement.verb == b"KILL" else statement.sql
            answer = connection.query(sql, request.default_format)
            _note(progress, answer)
            if answer.size():
                yield answer.bytes()
        elif request.output_format in _BLOCKWISE:
            with closing(connection.send_query(statement.sql, request.default_format)) as stream:
                for block in stream:
                    _note(progress, block)
                    yield block.bytes()
        else:

            def run(path: str) -> Any:
                return connection.query(statement.into(quoted(path), request.default_format), "TSV")

            for piece in piped(run, partial(self.running.end, request.mark), partial(_note, progress)):
                progress.result_bytes += len(piece)
                yield piece

    def _insert_from_input(self, connection: Any, request: Request, progress: Progress) -> None:
        """``INSERT … SELECT … FROM input(…)``, one at a time.

        The engine's own input() inserts nothing, without an error, so the rows go through a temporary table. The
        lock makes check and insert of a conditional insert one step, which a server does not promise.
        """
        statement = request.statement
        if statement.rows_format is None:
            raise raised(
                errors.INVALID_USAGE_OF_INPUT, "FORMAT must be specified for function input()",
                "INVALID_USAGE_OF_INPUT", self.version,
            )  # fmt: skip
        block_size = int(request.settings.get("max_insert_block_size", _MAX_INSERT_BLOCK_SIZE))
        if block_size > int(request.settings.get("max_block_size", 0)):
            connection.query(f"SET max_block_size = {block_size}", "TSV")
        table = external.ExternalTable(
            name=_INPUT_ROWS,
            structure=statement.input_structure.decode(),
            rows_format=statement.rows_format,
            rows=request.rows,
        )
        self._bringer.bring(connection, table, request.mark.role)
        try:
            with self._conditional:
                answer = connection.query(statement.reading_table(_INPUT_ROWS), "TSV")
        finally:
            connection.query(f"DROP TEMPORARY TABLE IF EXISTS {_INPUT_ROWS}", "TSV")
        _note(progress, answer)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except errors.OF_ENGINE as error:
            raise from_engine(error, self.version) from error


def _set(connection: Any, settings: Mapping[str, str]) -> None:
    connection.query("SET " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items()), "TSV")


def _note(progress: Progress, answer: Any) -> None:
    progress.read_rows += answer.storage_rows_read()
    progress.read_bytes += answer.storage_bytes_read()
    progress.written_rows += answer.rows_written()
    progress.written_bytes += answer.bytes_written()
    progress.result_rows += answer.rows_read()
    progress.result_bytes += answer.size()


def _note_rows(progress: Progress, done: Any) -> None:
    progress.read_rows = progress.written_rows = done.rows_written
    progress.read_bytes = progress.written_bytes = done.bytes_written
