"""How long a client may take to send, and to read."""

import socket

import pytest

from tests.integration.http_conformance.expected import Counted
from tests.integration.serve_process import (
    Client,
    Serve,
    get,
    wait_for,
)


@pytest.fixture
def serve(hasty: Serve) -> Serve:
    """The one that is asked here."""
    return hasty


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

    wait_for(trickled_out)
    assert serve.scrape()["slow_clients_closed_total"] == before + 1
    assert counted.now() == 0


def test_a_silent_connection_is_closed(client: Client, serve: Serve) -> None:
    with serve.connect() as used:
        used.send(get())
        assert used.answer().status == 302
        assert used.is_closed()
    assert client.is_closed()


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
