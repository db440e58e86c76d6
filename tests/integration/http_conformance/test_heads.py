"""Heads beyond the plain one: targets, versions, limits, and what is no request."""

from contextlib import suppress

import pytest

from tests.integration.http_conformance.expected import Counted
from tests.integration.serve_process import (
    Client,
    Serve,
    get,
)


@pytest.mark.parametrize(
    "upgrade",
    [
        ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: aaaa"),
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"),
    ],
)
def test_an_upgrade_is_declined_and_the_request_answered(
    client: Client, counted: Counted, upgrade: tuple[str, ...]
) -> None:
    client.send(get("/launch", *upgrade) + get("/moved"))
    assert [client.answer().status for _ in range(2)] == [302, 301]
    assert counted.now() == 2


def test_an_absolute_target_names_the_host(client: Client, counted: Counted) -> None:
    client.send(get("http://other.example/launch?x=1") + get("http://go.example") + get("http://go.example?x"))
    locations = [client.answer().headers["location"] for _ in range(3)]
    assert locations == ["https://example.org/other", "https://example.com/", "https://example.com/"]
    assert counted.now() == 3


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /launch HTTP/1.1\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nHost: other.example\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example/x\r\n\r\n",
        b"GET http://go.example/launch HTTP/1.1\r\n\r\n",
        b"GET /launch HTTP/1.1\nHost: go.example\n\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nBad Name: x\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nX: a\x00b\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost : go.example\r\n\r\n",
        b"GET /launch HTTP/3.7\r\nHost: go.example\r\n\r\n",
        b"G\xc3\xbcT /launch HTTP/1.1\r\nHost: go.example\r\n\r\n",
        b"GET /launch HTTP\xc3\xbc/1.1\r\nHost: go.example\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nH\xc3\xb6st: go.example\r\n\r\n",
        b"BREW /launch HTTP/1.1\r\nHost: go.example\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nContent-Length: -1\r\n\r\n",
        b"GET /launch HTTP/1.1\r\nHost: go.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\x00" * 100,
    ],
    ids=lambda raw: raw[:24].hex(),
)
def test_what_is_no_request_is_answered_400_and_closed(
    client: Client, serve: Serve, counted: Counted, raw: bytes
) -> None:
    client.send(raw)
    answer = client.answer()
    assert (answer.status, answer.version, answer.headers["server"]) == (400, b"1.1", "clicktally")
    if b"go.example/x" not in raw:
        assert answer.headers["connection"] == "close"
        assert client.is_closed()
    with serve.connect() as another:
        another.send(get())
        assert another.answer().status == 302
    assert counted.now() == 1


@pytest.mark.parametrize("line", [b"GET /launch HTTP/2.0", b"GET /launch"])
def test_other_versions_are_not_spoken(client: Client, counted: Counted, line: bytes) -> None:
    client.send(line + b"\r\nHost: go.example\r\n\r\n")
    answer = client.answer()
    assert (answer.status, answer.version) == (505, b"1.1")
    assert client.is_closed()
    assert counted.now() == 0


def test_a_good_request_before_a_bad_one_is_answered(client: Client, counted: Counted) -> None:
    client.send(get() + get("/moved") + b"nonsense\r\n\r\n" + get())
    assert [client.answer().status for _ in range(3)] == [302, 301, 400]
    assert client.is_closed()
    assert counted.now() == 2


@pytest.mark.parametrize("seam", [1, 2, 3])
def test_a_good_request_is_answered_when_its_end_comes_with_a_bad_one(
    client: Client, counted: Counted, seam: int
) -> None:
    put = get(method="PUT")
    client.send(get() + put[:-seam])
    assert client.answer().status == 302
    client.send(put[-seam:] + b"nonsense\r\n\r\n")
    assert [client.answer("PUT").status for _ in range(2)] == [405, 400]
    assert client.is_closed()
    assert counted.now() == 1


@pytest.mark.parametrize("many", [33, 64, 500])
def test_many_good_requests_before_a_bad_one_are_answered(client: Client, counted: Counted, many: int) -> None:
    client.send(get(method="PUT") * many + b"nonsense\r\n\r\n")
    assert [client.answer("PUT").status for _ in range(many + 1)] == [405] * many + [400]
    assert client.is_closed()
    assert counted.now() == 0


def test_empty_lines_before_a_request_are_passed_over(client: Client, counted: Counted) -> None:
    client.send(b"\r\n" + get() + b"\r\n\r\n" + get("/moved"))
    assert [client.answer().status for _ in range(2)] == [302, 301]
    assert counted.now() == 2


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (get("/" + "x" * 9000), 431),
        (get("/launch", "Cookie: " + "x" * 9000), 431),
        (get("/launch", *(f"X-{number}: y" for number in range(200))), 400),
        (b"GET /" + b"x" * 40_000, 431),
    ],
)
def test_lines_and_headers_are_limited(client: Client, counted: Counted, raw: bytes, status: int) -> None:
    with suppress(ConnectionError):
        client.send(raw)
    answer = client.answer()
    assert (answer.status, answer.version) == (status, b"1.1")
    assert b"xxx" not in answer.body
    assert b"bytearray" not in answer.body
    if status == 431:
        assert b"longer than 8190 bytes" in answer.body
    assert client.is_closed()
    assert counted.now() == 0


def test_many_large_headers_within_the_limits_are_fine(client: Client, counted: Counted) -> None:
    client.send(get("/launch", *(f"X-{number}: {'y' * 4000}" for number in range(20))))
    assert client.answer().status == 302
    assert counted.now() == 1


def test_what_a_proxy_adds_is_checked_each_time(client: Client, serve: Serve, counted: Counted) -> None:
    for number in range(1, 4):
        client.send(get("/launch", f"X-Forwarded-For: 203.0.113.{number}", f"X-Real-IP: 203.0.113.{number}"))
        assert client.answer().status == 302
    malformed = (
        ["X-Forwarded-For: 203.0.113.1\r\n 203.0.113.2"],
        ["X-Forwarded-For: 203.0.113.1\nX-Real-IP: 203.0.113.1"],
        ["X-Forwarded-For: 203.0.113.1\x7f"],
        ["X-Forwarded-For : 203.0.113.1"],
        ["X-Forwarded-For: 203.0.113.1"] * 128,
    )
    for headers in malformed:
        with serve.connect() as other:
            other.send(get("/launch", *headers))
            assert other.answer().status == 400, headers
            assert other.is_closed()
    client.send(get("/launch", *["X-Forwarded-For: 203.0.113.1"] * 127))
    assert client.answer().status == 302
    assert counted.now() == 4


def test_headers_in_any_encoding_become_valid_events(client: Client, serve: Serve) -> None:
    client.send(b"GET /launch HTTP/1.1\r\nhOST: go.example\r\nUser-Agent: caf\xe9 \xff\r\nReferer: \xfe?x\r\n\r\n")
    assert client.answer().status == 302
    event = serve.events()[-1]
    assert (event["ua"], event["referrer"]) == ("café ÿ", "þ")
