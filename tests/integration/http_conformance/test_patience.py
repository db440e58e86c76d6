"""How long a client may take to send, and to read."""

import select
import socket

from tests.integration.http_conformance.expected import HEADER_TIMEOUT_S, Counted
from tests.integration.serve_process import (
    DEADLINE_S,
    Client,
    Serve,
    get,
    wait_for,
)


def test_a_head_that_trickles_in_is_cut(client: Client, serve: Serve, counted: Counted) -> None:
    before = serve.scrape()["slow_clients_closed_total"]
    client.send(get()[:8])
    client.socket.settimeout(0.1)

    def trickled_out() -> bool:
        try:
            client.send(b"x")
            return client.socket.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    wait_for(trickled_out, HEADER_TIMEOUT_S + 4)
    assert serve.scrape()["slow_clients_closed_total"] == before + 1
    assert counted.now() == 0


def test_a_silent_connection_is_closed(client: Client, serve: Serve) -> None:
    with serve.connect() as used:
        used.send(get())
        assert used.answer().status == 302
        assert used.is_closed()
    assert client.is_closed()


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


def test_a_client_that_never_reads_is_cut(client: Client, serve: Serve) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.socket.settimeout(0.2)
    before = serve.scrape()["slow_clients_closed_total"]

    def is_cut() -> bool:
        try:
            client.send(get() * 2000)  # faster than kernels can make room for the answers
        except TimeoutError:
            pass
        except ConnectionError:
            return True
        return serve.scrape()["slow_clients_closed_total"] > before

    wait_for(is_cut)
