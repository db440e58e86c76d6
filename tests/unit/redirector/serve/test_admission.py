"""As many clients come in as there is room for; the rest are told so, and few of those may linger."""

import asyncio
import resource

import pytest

from redirector.serve.admission import Admission, most_connections
from redirector.serve.connections import Connection, Connections
from redirector.serve.counts import Counts
from tests.fuzz.http import FakeTransport


class Open:
    """A connection that is there and nothing else."""

    def overdue(self, now_s: float) -> bool:
        return now_s < 0

    def abort(self) -> None:
        raise AssertionError("nobody aborts it")

    def stop(self) -> None:
        raise AssertionError("nobody stops it")


def crowded(most: int, there: int) -> tuple[Admission, Connections, Counts]:
    counts = Counts()
    connections = Connections(counts, 0.0, most=most)
    connections.open.update(connection() for _ in range(there))
    return Admission(asyncio.Protocol, connections), connections, counts


def connection() -> Connection:
    return Open()


def test_the_last_that_there_is_room_for_is_admitted_and_the_next_is_not() -> None:
    for there, refused in ((1, 0), (2, 1), (3, 1)):
        admission, _, counts = crowded(2, there)
        assert (type(admission()) is not asyncio.Protocol) == bool(refused)
        assert counts.connections_refused == refused


async def test_who_is_refused_reads_why() -> None:
    admission, _, _ = crowded(1, 1)
    protocol = admission()
    transport = FakeTransport(protocol)
    protocol.connection_made(transport)
    assert transport.sent.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nRetry-After: 1\r\n" in transport.sent
    assert b"\r\nConnection: close\r\n\r\nToo many clients are here" in transport.sent
    assert (transport.ended, transport.closed) == (True, False)
    protocol.connection_lost(None)


async def test_no_more_than_a_few_of_the_refused_may_linger() -> None:
    admission, _, counts = crowded(1, 1)
    clients = [FakeTransport(admission()) for _ in range(33)]
    for client in clients:
        client.protocol.connection_made(client)
    assert [client.closed for client in clients] == [False] * 32 + [True]
    clients[0].protocol.connection_lost(None)
    clients[32].protocol.connection_lost(None)
    late = FakeTransport(admission())
    late.protocol.connection_made(late)
    assert not late.closed
    assert counts.connections_refused == 34
    for client in (*clients[1:32], late):
        client.protocol.connection_lost(None)


@pytest.mark.parametrize(
    ("limit", "most"),
    [(1024, 896), (512, 448), (100, 36), (64, 1), (1_048_576, 917_504), (-1, 2**31)],
)
def test_room_is_what_the_limit_of_open_files_leaves(
    monkeypatch: pytest.MonkeyPatch, limit: int, most: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (limit, limit))
    assert most_connections() == most
