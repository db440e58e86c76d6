"""Read from an HTTP request what its client asks for: URL, headers and body put together."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Final

import cramjam
from multidict import CIMultiDictProxy, MultiDict

from deploy.local.clickhouse import compression, errors, framing
from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.external import ExternalTable
from deploy.local.clickhouse.request import Request
from deploy.local.clickhouse.running import Mark
from deploy.local.clickhouse.sessions import DEFAULT_TIMEOUT_S
from deploy.local.clickhouse.statement import parse

# Parameters of the interface itself; every other one in the URL is a setting.
_INTERFACE: Final = {
    "query", "query_id", "database", "default_format", "user", "password", "quota_key", "session_id",
    "session_timeout", "session_check", "compress", "decompress", "enable_http_compression", "role",
    "wait_end_of_query", "buffer_size", "client_protocol_version", "send_progress_in_http_headers",
    "http_headers_progress_interval_ms", "stacktrace", "close_session", "add_http_cors_header", "readonly",
}  # fmt: skip
# They describe a table that comes in a form: NAME_structure and its like.
_OF_TABLES: Final = ("_structure", "_types", "_format")
_MOST_SESSION_S: Final = 3600.0
_SHORT_BYTES: Final = 4096
_PARAMETER: Final = re.compile(r"\w+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request, its body read; ``query`` is the URL's and what a form adds to it.

    ``most_bytes``: what the body may unpack to; None: whatever it does.
    """

    method: str
    headers: CIMultiDictProxy[str]
    query: MultiDict[str]
    body: bytes = b""
    files: dict[str, bytes] = field(default_factory=dict)
    most_bytes: int | None = None

    @property
    def is_short(self) -> bool:
        """Whether reading it takes no longer than handing it to a thread and back, some 0.2 ms."""
        coded = "Content-Encoding" in self.headers or self.is_on("decompress")
        length = len(self.body) + sum(len(value) for value in self.query.values())
        return length <= _SHORT_BYTES and not self.files and not coded

    @property
    def query_id(self) -> str:
        """The id that the client gave its query."""
        return self.query.get("query_id", "")

    @property
    def whole(self) -> bool:
        """Whether the answer is to wait for the end of the query."""
        return self.is_on("wait_end_of_query")

    @property
    def buffer_bytes(self) -> int:
        """How much of an answer the client wants to be held back; 0 when it does not say."""
        size = self.query.get("buffer_size", "")
        return int(size) if size.isascii() and size.isdigit() else 0

    @property
    def revision(self) -> int:
        """The protocol revision that the client wants the format Native in; 0 when it does not say."""
        version = self.query.get("client_protocol_version", "")
        return int(version) if version.isascii() and version.isdigit() else 0

    def is_on(self, name: str) -> bool:
        """Whether a switch in the URL is on."""
        return self.query.get(name, "0") not in {"0", "false", ""}


class Reader:
    """Makes requests for the engine of calls; ``version`` is for the text of errors."""

    def __init__(self, version: str) -> None:
        self._version = version

    def request(self, call: Call, role: Role) -> Request:
        """What a call asks for; unpacks its body, so it is for a worker thread unless the call is short.

        Raises:
            StatementError: a coding or a value that is none.
        """
        body = self._unpacked(call)
        query = call.query.get("query", "").encode(errors="surrogateescape")
        text = query + b"\n" + body if query and body else query or body
        statement = parse(text)
        return Request(
            statement=statement,
            mark=Mark(role, self._query_id(call)),
            rows=memoryview(text)[statement.rows_at :] if statement.rows_format else b"",
            settings=_settings(call),
            parameters=self._parameters(call),
            external=self._external(call),
            database=call.query.get("database") or call.headers.get("X-ClickHouse-Database") or "",
            default_format=self._format(call),
            must_read=self._must_read(call),
            session_id=call.query.get("session_id", ""),
            session_timeout_s=self._session_timeout_s(call),
            session_must_exist=call.query.get("session_check") == "1",
        )

    def _query_id(self, call: Call) -> str:
        if not call.query_id.isprintable():
            raise self._bad(f"query_id {call.query_id!r} has characters that no header can carry")
        return call.query_id or str(uuid.uuid4())

    def _parameters(self, call: Call) -> dict[str, str]:
        parameters = {name[6:]: value for name, value in call.query.items() if name[:6] == "param_"}
        for name in parameters:
            # They are SET by name, on a connection that may do more than its client until it has its limits.
            if not _PARAMETER.fullmatch(name):
                raise self._bad(f"{name!r} can name no parameter: letters, digits and _ of ASCII")
        return parameters

    def _external(self, call: Call) -> tuple[ExternalTable, ...]:
        tables = []
        for name, rows in call.files.items():
            structure = call.query.get(f"{name}_structure", "")
            if not structure:
                types = [kind for kind in call.query.get(f"{name}_types", "").split(",") if kind.strip()]
                structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types, 1))
            if not structure:
                raise self._bad(f"the table {name} needs {name}_structure or {name}_types in the URL")
            rows_format = call.query.get(f"{name}_format", "TabSeparated")
            tables.append(ExternalTable(name=name, structure=structure, rows_format=rows_format, rows=rows))
        return tuple(tables)

    def _unpacked(self, call: Call) -> bytes:
        try:
            body = compression.decompressed(call.body, call.headers.get("Content-Encoding", ""), call.most_bytes)
            return framing.unframed(body, call.most_bytes) if call.is_on("decompress") else body
        except compression.UnknownCodingError as error:
            name = "UNKNOWN_COMPRESSION_METHOD"
            raise raised(errors.UNKNOWN_COMPRESSION_METHOD, str(error), name, self._version) from error
        except (cramjam.DecompressionError, framing.FramingError) as error:
            raise raised(errors.CANNOT_DECOMPRESS, str(error), "CANNOT_DECOMPRESS", self._version) from error

    def _format(self, call: Call) -> str:
        name = call.headers.get("X-ClickHouse-Format") or call.query.get("default_format") or "TabSeparated"
        if not name.isidentifier():
            raise self._bad(f"{name!r} can be no format's name")
        return name

    def _must_read(self, call: Call) -> bool:
        readonly = call.query.get("readonly", "")
        if readonly not in {"", "0", "1", "2"}:
            raise self._bad(f"readonly is 0, 1 or 2, not {readonly!r}")
        reads = call.method in {"GET", "HEAD"}
        if reads and readonly == "0":
            message = f"Cannot modify 'readonly' setting in readonly mode: a {call.method} only reads, send a POST"
            raise raised(errors.READONLY, message, "READONLY", self._version)
        return reads or readonly in {"1", "2"}

    def _session_timeout_s(self, call: Call) -> float:
        timeout = call.query.get("session_timeout", "")
        if timeout and not (timeout.isascii() and timeout.isdigit()):
            raise self._bad(f"session_timeout is a number of seconds, not {timeout!r}")
        return min(float(timeout or DEFAULT_TIMEOUT_S), _MOST_SESSION_S)

    def _bad(self, message: str) -> errors.StatementError:
        return raised(errors.BAD_ARGUMENTS, message, "BAD_ARGUMENTS", self._version)


def _settings(call: Call) -> dict[str, str]:
    of_tables = {name + end for name in call.files for end in _OF_TABLES}
    return {
        name: value
        for name, value in call.query.items()
        if name not in _INTERFACE and name not in of_tables and name[:6] != "param_"
    }
