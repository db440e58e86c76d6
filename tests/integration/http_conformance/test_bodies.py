"""Bodies: awaited, chunked, packed, too large, missing."""

import gzip
from contextlib import suppress

import pytest

from tests.integration.http_conformance.expected import ITEM, Counted
from tests.integration.serve_process import (
    Client,
    Serve,
    get,
    post,
)


def test_a_client_may_wait_for_100_continue(client: Client, counted: Counted) -> None:
    client.send(get("/v1/impressions", f"Content-Length: {len(ITEM)}", "Expect: 100-continue", method="POST"))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(ITEM)
    assert client.answer("POST").status == 202
    client.send(get("/launch", "Expect: 100-continue"))
    assert client.answer().status == 302
    assert counted.now() == 2


def test_a_body_too_large_is_refused_before_it_is_sent(client: Client, counted: Counted) -> None:
    client.send(get("/v1/impressions", "Content-Length: 10001", "Expect: 100-continue", method="POST"))
    answer = client.answer("POST")
    assert (answer.status, answer.interim, answer.headers["connection"]) == (413, [], "close")
    assert b"10000 bytes" in answer.body
    assert counted.now() == 0


def test_a_chunked_body_is_read_and_limited(client: Client, counted: Counted) -> None:
    head = get("/v1/impressions", "Transfer-Encoding: chunked", method="POST")
    client.send(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(ITEM), ITEM) + get())
    assert (client.answer("POST").status, client.answer().status) == (202, 302)
    client.send(head + b"2af8\r\n" + b" " * 0x2AF8 + b"\r\n0\r\n\r\n")
    assert client.answer("POST").status == 413
    assert counted.now() == 2


@pytest.mark.parametrize("chunks", [b"1\r\n \r\n" * 1600 + b"0\r\n\r\n", b"4\r\n    \r\nzz\r\n"])
def test_a_chunked_body_that_is_none_is_refused_at_once(client: Client, counted: Counted, chunks: bytes) -> None:
    head = get("/v1/impressions", "Transfer-Encoding: chunked", method="POST")
    with suppress(ConnectionError):
        client.send(head + chunks)
    answer = client.answer("POST")
    assert (answer.status, b"chunk" in answer.body) == (400, True)
    assert client.is_closed()
    assert counted.now() == 0


def test_requests_behind_bodies_are_answered_before_a_bad_one(client: Client, counted: Counted) -> None:
    chunked = get("/v1/impressions", "Transfer-Encoding: chunked", method="POST") + b"%x\r\n%b\r\n0\r\n\r\n" % (
        len(ITEM),
        ITEM,
    )
    client.send(
        chunked + post(ITEM) + get("/launch", "Content-Length: 4") + b"\r\n\r\n" + get() + b"nonsense\r\n\r\n"
    )
    statuses = [client.answer(method).status for method in ("POST", "POST", "GET", "GET", "GET")]
    assert statuses == [202, 202, 302, 302, 400]
    assert client.is_closed()
    assert counted.now() == 4


def test_a_get_with_a_body_is_a_click_and_its_body_is_no_request(client: Client, counted: Counted) -> None:
    inner = get("/moved")
    client.send(get("/launch", f"Content-Length: {len(inner)}") + inner + get())
    assert [client.answer().status for _ in range(2)] == [302, 302]
    client.send(get("/launch", "Content-Length: 0") + get("/moved"))
    assert [client.answer().status for _ in range(2)] == [302, 301]
    assert counted.now() == 4


def test_a_body_that_cannot_be_unpacked_is_400(client: Client, counted: Counted) -> None:
    packed = gzip.compress(ITEM)
    client.send(post(packed, "Content-Encoding: gzip"))
    assert client.answer("POST").status == 202
    client.send(post(b"x" * len(packed), "Content-Encoding: gzip"))
    assert client.answer("POST").status == 400
    assert counted.now() == 1


def test_a_small_body_that_unpacks_to_a_large_one_is_413(client: Client, counted: Counted) -> None:
    client.send(post(gzip.compress(b" " * 1_000_000), "Content-Encoding: gzip"))
    assert client.answer("POST").status == 413
    assert counted.now() == 0


def test_a_body_that_does_not_come_is_408(hasty: Serve) -> None:
    counted = Counted(hasty)
    with hasty.connect() as client:
        client.send(get("/v1/impressions", "Content-Length: 100", method="POST") + b"[")
        assert client.answer("POST").status == 408
        assert client.is_closed()
    assert counted.now() == 0
