"""Connect to ClickHouse by HTTP, and tell its errors apart the way the services want them told."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiohttp
import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import (
    DataError,
    Error,
    InterfaceError,
    InternalError,
    NotSupportedError,
    ProgrammingError,
)

from schemas.errors import clickhouse_error

USERS_OWN_DATABASE: Final = ""
"""For `Server.in_database`: whatever database the server gives this user."""

_DEFAULT_PORTS: Final = {"http": 8123, "https": 8443}
_OUR_MISTAKES: Final = (DataError, InterfaceError, InternalError, NotSupportedError, ProgrammingError)
_NO_ANSWER: Final = 0


class UrlError(ValueError):
    """A ClickHouse URL that cannot be used; the message says what one looks like and never has its password."""


@dataclass(frozen=True)
class Server:
    """What `http://user:password@host:port/database` says; escapes such as %40 are resolved."""

    scheme: str
    host: str
    port: int
    user: str
    password: str
    database: str
    ca_file: str = ""

    @classmethod
    def of_url(cls, url: str, *, ca_file: str = "") -> "Server":
        """`ca_file`: certificates (PEM) that sign the server's; empty: the system's. Raises UrlError."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise UrlError(f"the ClickHouse URL is broken: {error}") from error
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise UrlError("a ClickHouse URL looks like http://user:password@host:8123/database")
        database = unquote(parts.path.strip("/")) or "default"
        if not database.isidentifier() or parts.query or parts.fragment:
            raise UrlError(
                f"the ClickHouse URL ends in {database!r}: give one database name (letters, digits, _) and no more"
            )
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _DEFAULT_PORTS[parts.scheme],
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or ""),
            database=database,
            ca_file=ca_file,
        )

    def __repr__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}/{self.database}"

    def in_database(self, database: str) -> "Server":
        """The same server and user, another database."""
        return replace(self, database=database)


async def connect(
    url: str | Server,
    *,
    send_receive_timeout_s: float = 30.0,
    connect_timeout_s: float = 5.0,
    settings: dict[str, Any] | None = None,
) -> AsyncClient:
    """A client of the URL's database; it asks the server for its version and settings first. Close it after use.

    `send_receive_timeout_s` bounds the silence while an answer is awaited. Times come back with their zone.
    Raises UrlError, TransientClickHouseError (nobody answers) and ClickHouseError (no such database, wrong
    password).
    """
    server = url if isinstance(url, Server) else Server.of_url(url)
    with clickhouse_errors(f"{server}: "):
        return await clickhouse_connect.get_async_client(
            interface=server.scheme,
            host=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            database=server.database or None,
            connect_timeout=connect_timeout_s,
            send_receive_timeout=send_receive_timeout_s,
            # On by default since 26.3: it would acknowledge what is in no part yet.
            settings={"async_insert": 0, **(settings or {})},
            tz_mode="aware",
            compress="lz4",  # the least CPU; the default asks for brotli first where that is installed
            client_name="clicktally",
            ca_cert=server.ca_file or None,
        )


async def select(
    client: AsyncClient,
    query: str,
    parameters: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[tuple[Any, ...]]:
    """The rows of a query. Raises TransientClickHouseError, ClickHouseError."""
    with clickhouse_errors():
        result = await client.query(query, parameters=dict(parameters or {}), settings=dict(settings or {}))
    return [tuple(row) for row in result.result_rows]


@contextmanager
def clickhouse_errors(where: str = "") -> Iterator[None]:
    """Turn what the client raises inside into TransientClickHouseError or ClickHouseError; works as a decorator.
    `where` begins their messages.

    No answer and a broken connection have code 0 and are transient: the statement may have been applied. Wrong
    use of the client is a bug, and passes as it is.
    """
    try:
        yield
    except Error as error:
        if error.code is None and isinstance(error, _OUR_MISTAKES):
            raise
        raise clickhouse_error(error.code or _NO_ANSWER, f"{where}{error}") from error
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise clickhouse_error(_NO_ANSWER, f"{where}{error!r}") from error
