"""How long a connection lasts, and in which pieces requests come on it."""

import select
import socket
from contextlib import suppress

import pytest

from tests.integration.http_conformance.expected import ITEM, REDIRECT, Counted, without_date
from tests.integration.serve_process import (
    DEADLINE_S,
    Client,
    ConnectionClosedError,
    Serve,
    get,
    post,
)


def test_a_connection_is_kept_until_the_client_closes_it(client: Client, counted: Counted) -> None:
    for _ in range(5):
        client.send(get())
        assert "connection" not in client.answer().headers
    client.send(get("/launch", "Connection: close"))
    assert client.answer().headers["connection"] == "close"
    assert client.is_closed()
    assert counted.now() == 6


def test_nothing_is_answered_after_the_closing_request(client: Client, counted: Counted) -> None:
    client.send(get("/launch", "Connection: close") + get())
    assert client.answer().headers["connection"] == "close"
    assert client.is_closed()
    assert counted.now() == 1


def test_http_1_0_closes_unless_asked_to_stay(client: Client, serve: Serve) -> None:
    client.send(get(version="1.0"))
    answer = client.answer()
    assert (answer.status, answer.version) == (302, b"1.0")
    assert without_date(answer.headers) == REDIRECT
    assert client.is_closed()
    with serve.connect() as staying:
        for _ in range(2):
            staying.send(get("/launch", "Connection: keep-alive", version="1.0"))
            assert staying.answer().headers["connection"] == "keep-alive"


def test_pipelined_requests_are_answered_in_order(client: Client, counted: Counted) -> None:
    paths = ["/launch", "/nope", "/moved", "/i/launch.gif", "/over", "/"] * 50
    client.send(b"".join(get(path) for path in paths))
    statuses = [client.answer().status for _ in paths]
    assert statuses == [302, 404, 301, 200, 410, 302] * 50
    assert counted.now() == 200


def test_a_packet_may_mix_what_both_lanes_do(client: Client, counted: Counted) -> None:
    client.send(get() + get("/moved") + post(b"[" + ITEM + b"]") + get() + get(method="HEAD") + get("/moved"))
    statuses = [client.answer(method).status for method in ("GET", "GET", "POST", "GET", "HEAD", "GET")]
    assert statuses == [302, 301, 202, 302, 302, 301]
    assert counted.now() == 5


def test_a_request_may_come_byte_by_byte(client: Client, counted: Counted) -> None:
    for raw, method in ((get("/launch", "User-Agent: slow"), "GET"), (post(ITEM), "POST"), (get(), "GET")):
        for byte in raw:
            client.send(bytes([byte]))
        assert client.answer(method).status in (202, 302)
    assert counted.now() == 3


@pytest.mark.parametrize("cut", [1, 3, 10, 30, 45])
def test_a_packet_may_end_anywhere(client: Client, counted: Counted, cut: int) -> None:
    stream = (get() + get("/moved")) * 20
    for start in range(0, len(stream), cut):
        client.send(stream[start : start + cut])
    assert [client.answer().status for _ in range(40)] == [302, 301] * 20
    assert counted.now() == 40


@pytest.mark.parametrize(
    "pieces", [[get()], [get(), get("/moved")], [get(method="HEAD"), get()], [post(ITEM), get()]]
)
def test_a_client_that_closes_its_half_gets_its_answers(
    client: Client, counted: Counted, pieces: list[bytes]
) -> None:
    client.send(b"".join(pieces))
    client.half_close()
    for piece in pieces:
        assert client.answer(piece.partition(b" ")[0].decode()).status in (202, 301, 302)
    assert client.is_closed()
    assert counted.now() == sum(not piece.startswith(b"HEAD") for piece in pieces)


def test_an_end_that_comes_at_once_changes_nothing(serve: Serve, counted: Counted) -> None:
    for raw in [get(), get(method="HEAD"), post(ITEM), get(host="[::1")] * 25:
        with serve.connect() as quick:
            quick.send(raw)
            quick.half_close()
            assert quick.answer(raw.partition(b" ")[0].decode()).status in (202, 302, 400)
    assert counted.now() == 50


@pytest.mark.parametrize("raw", [get()[:30], post(ITEM)[:-5]])
def test_a_client_that_leaves_in_the_middle_counts_nothing(client: Client, counted: Counted, raw: bytes) -> None:
    client.send(raw)
    client.half_close()
    with suppress(ConnectionClosedError):
        assert client.answer().status == 400
    assert counted.now() == 0


def test_a_reset_in_the_middle_hurts_nobody(serve: Serve) -> None:
    for raw in (get(), get()[:20], post(ITEM), post(ITEM)[:-3], b""):
        with serve.connect() as leaving:
            leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            leaving.send(raw)
    with serve.connect() as another:
        another.send(get())
        assert another.answer().status == 302


def test_a_client_that_does_not_read_is_not_read_from(client: Client, serve: Serve, counted: Counted) -> None:
    client.socket.setblocking(False)
    request, sent, stuck = get("/launch", "X: " + "y" * 300) * 100, 0, 0
    while stuck < 20:
        try:
            sent += client.socket.send(request[sent % len(request) :])
            stuck = 0
        except BlockingIOError:
            stuck += 1
            with serve.connect() as another:  # a round trip through the server in between
                another.send(get("/nope"))
                another.answer()
    assert sent < 64 * 1024 * 1024
    rest = request[sent % len(request) :]
    wanted, tail, answers = -(-sent // len(request)) * 100, b"", 0
    while answers < wanted:
        readable, writable, _ = select.select([client.socket], [client.socket] if rest else [], [], DEADLINE_S)
        assert readable or writable
        if writable:
            rest = rest[client.socket.send(rest) :]
        if readable:
            tail += client.socket.recv(1 << 20)
            answers += tail.count(b"HTTP/1.1 302 Found\r\n")
            tail = tail[tail.rfind(b"HTTP/1.1 302 Found\r\n") + 1 :]
    assert counted.now() == wanted
