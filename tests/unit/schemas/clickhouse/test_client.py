"""The ClickHouse client's URL and its errors."""

import asyncio

import aiohttp
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError, ProgrammingError

from schemas.clickhouse.client import Server, UrlError, clickhouse_errors, connect
from schemas.errors import ClickHouseError, TransientClickHouseError


def test_a_url_names_server_user_and_database() -> None:
    server = Server.of_url("http://ann:p%40ss@db.example:8124/clicks")
    assert server == Server("http", "db.example", 8124, "ann", "p@ss", "clicks")


def test_a_short_url_means_the_usual_port_user_and_database() -> None:
    assert Server.of_url("https://db.example") == Server("https", "db.example", 8443, "default", "", "default")


@pytest.mark.parametrize(
    "url",
    ["", "db:8123", "tcp://ann:secret@db/x", "http://ann:secret@db:port/x", "http://ann:secret@db/a;drop",
     "http://ann:secret@db/a/b", "http://ann:secret@db/a?x=1", "http://ann:secret@[::1/x"],
)  # fmt: skip
def test_a_broken_url_is_told_without_its_password(url: str) -> None:
    with pytest.raises(UrlError) as caught:
        Server.of_url(url)
    assert "secret" not in str(caught.value)


def test_a_server_is_shown_without_its_password() -> None:
    assert "secret" not in repr(Server.of_url("http://ann:secret@db/clicks"))


@pytest.mark.parametrize(
    "raised",
    [
        OperationalError("Network Error: connection reset"),
        DatabaseError("HTTP 502"),
        DatabaseError("too many parts", code=252),
        aiohttp.ClientPayloadError("cut"),
        TimeoutError(),
        ConnectionResetError(),
    ],
)
def test_what_may_work_a_second_time_is_transient(raised: Exception) -> None:
    with pytest.raises(TransientClickHouseError) as caught, clickhouse_errors():
        raise raised
    assert caught.value.code == (getattr(raised, "code", None) or 0)
    assert caught.value.__cause__ is raised


@pytest.mark.parametrize("kind", [DatabaseError, ProgrammingError, OperationalError])
def test_what_the_server_refuses_for_good_is_not(kind: type[DatabaseError]) -> None:
    with pytest.raises(ClickHouseError) as caught, clickhouse_errors():
        raise kind("no such table", code=60)
    assert caught.value.code == 60


def test_wrong_use_of_the_client_passes_as_it_is() -> None:
    with pytest.raises(ProgrammingError), clickhouse_errors():
        raise ProgrammingError("no column x")


async def test_cancellation_passes_as_it_is() -> None:
    with pytest.raises(asyncio.CancelledError), clickhouse_errors():
        raise asyncio.CancelledError


async def test_nobody_at_the_address_is_transient() -> None:
    with pytest.raises(TransientClickHouseError) as caught:
        await connect("http://127.0.0.1:1/clicks")
    assert caught.value.code == 0
