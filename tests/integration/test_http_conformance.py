"""HTTP as the fast and the ordinary lane speak it: the same tests, the same answers, byte by byte if need be."""

import gzip
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest

from tests.integration.serve_process import (
    DEADLINE_S,
    Client,
    ConnectionClosedError,
    Serve,
    get,
    post,
    running,
    wait_for,
)

HEADER_TIMEOUT_S: Final = 1.0
REDIRECT: Final = {
    "location": "https://example.com/launch?utm_source=x",
    "cache-control": "private, no-store",
    "content-length": "0",
}
ITEM: Final = b'{"link": "go.example/launch", "kind": "rendered"}'


@pytest.fixture(scope="module", params=["fast", "ordinary"])
def serve(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    with running(
        tmp_path_factory.mktemp(request.param),
        fast_lane=request.param == "fast",
        header_timeout_s=HEADER_TIMEOUT_S,
        body_timeout_s=1,
        idle_timeout_s=3,
        max_body_bytes=10_000,
    ) as process:
        yield process


@pytest.fixture
def client(serve: Serve) -> Iterator[Client]:
    with serve.connect() as connection:
        yield connection


class Counted:
    """How many events were appended since it was made."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._before = len(serve.events())

    def now(self) -> int:
        return len(self._serve.events()) - self._before


@pytest.fixture
def counted(serve: Serve) -> Counted:
    return Counted(serve)


def without_date(headers: dict[str, str]) -> dict[str, str]:
    assert headers["date"].endswith(" GMT")
    assert headers["server"] == "clicktally"
    return {name: value for name, value in headers.items() if name not in ("date", "server")}


def test_a_get_is_redirected_and_counted(client: Client, counted: Counted) -> None:
    client.send(get())
    answer = client.answer()
    assert (answer.status, answer.version, answer.body) == (302, b"1.1", b"")
    assert without_date(answer.headers) == REDIRECT
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/", 302, "https://example.com/"),
        ("/?utm=1", 302, "https://example.com/"),
        ("/launch?x=/y", 302, "https://example.com/launch?utm_source=x"),
        ("/a/b%20c", 302, "https://example.com/nested"),
        ("/%C3%BC", 302, "https://example.com/%C3%BC"),
        ("/moved", 301, "https://example.com/moved"),
        ("/later", 302, "https://example.com/later"),
    ],
)
def test_a_path_leads_to_its_link(client: Client, counted: Counted, path: str, status: int, location: str) -> None:
    client.send(get(path))
    answer = client.answer()
    assert (answer.status, answer.headers["location"]) == (status, location)
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/ü", "https://example.com/%C3%BC"),
        ("/ü?utm_source=grün", "https://example.com/%C3%BC"),
        ("/launch?q=ü", "https://example.com/launch?utm_source=x"),
        ("http://go.example/ü", "https://example.com/%C3%BC"),
    ],
)
@pytest.mark.parametrize("seam", [0, 6, 40])
def test_raw_utf_8_in_a_target_means_what_its_escapes_mean(
    client: Client, counted: Counted, target: str, location: str, seam: int
) -> None:
    raw = b"GET %b HTTP/1.1\r\nHost: go.example\r\nX-Note: \xc3\xbc\r\n\r\n" % target.encode()
    for piece in (raw[:seam], raw[seam:]):
        client.send(piece)
    answer = client.answer()
    assert (answer.status, answer.headers["location"]) == (302, location)
    assert counted.now() == 1


def test_bytes_that_are_no_utf_8_lead_nowhere_and_close_nothing(client: Client, counted: Counted) -> None:
    client.send(b"GET /\xff HTTP/1.1\r\nHost: go.example\r\n\r\n" + get())
    assert [client.answer().status for _ in range(2)] == [404, 302]
    assert counted.now() == 1


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/launch/", 302, "https://example.com/launch?utm_source=x"),
        ("/launch/?a=1", 302, "https://example.com/launch?utm_source=x"),
        ("/launch//", 404, ""),
        ("/nope/", 404, ""),
    ],
)
def test_a_domain_may_take_a_trailing_slash_for_nothing(
    tmp_path: Path, path: str, status: int, location: str
) -> None:
    with running(tmp_path, trailing_slash_domains="GO.example") as lenient, lenient.connect() as client:
        client.send(get(path))
        answer = client.answer()
        assert (answer.status, answer.headers.get("location", "")) == (status, location)
        client.send(get("/launch/", host="other.example"))
        assert client.answer().status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404),
        ("/launch/", 404),
        ("/%68ealthz", 404),
        ("//launch", 404),
        ("/%ff", 404),
        ("/" + "x" * 700, 404),
        ("/i/nope.gif", 404),
        ("/v1/nope", 404),
        ("/over", 410),
        ("/healthz", 200),
        ("/readyz", 200),
    ],
)
def test_other_paths_count_nothing(client: Client, counted: Counted, path: str, status: int) -> None:
    client.send(get(path) + get(path))
    first, second = client.answer(), client.answer()
    assert first.status == second.status == status
    assert without_date(first.headers) == {
        "content-type": "text/plain; charset=utf-8",
        "cache-control": "private, no-store",
        "content-length": str(len(first.body)),
    }
    assert counted.now() == 0


def test_the_host_decides_whose_link_it_is(client: Client) -> None:
    client.send(get(host="OTHER.example:8080"))
    assert client.answer().headers["location"] == "https://example.org/other"


def test_a_pixel_is_a_dot_and_an_impression(client: Client, serve: Serve, counted: Counted) -> None:
    client.send(get("/i/launch.gif?cache=buster"))
    answer = client.answer()
    assert (answer.status, len(answer.body)) == (200, 43)
    assert without_date(answer.headers) == {
        "content-type": "image/gif",
        "cache-control": "private, no-store",
        "content-length": "43",
    }
    assert counted.now() == 1
    event = serve.events()[-1]
    assert (event["type"], event["link"], event["kind"]) == ("impression", "go.example/launch", "served")


@pytest.mark.parametrize("path", ["/launch", "/i/launch.gif", "/nope", "/over", "/healthz"])
def test_head_has_the_headers_of_get_and_counts_nothing(client: Client, counted: Counted, path: str) -> None:
    client.send(get(path, method="HEAD"))
    head = client.answer("HEAD")
    assert counted.now() == 0
    client.send(get(path))
    answer = client.answer()
    assert (head.status, head.body) == (answer.status, b"")
    assert without_date(head.headers) == without_date(answer.headers)


def test_options_and_other_methods_tell_what_is_allowed(client: Client, counted: Counted) -> None:
    for method, path, status, allow in (
        ("OPTIONS", "/launch", 204, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "*", 204, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/v1/impressions", 204, "POST, OPTIONS"),
        ("PUT", "/launch", 405, "GET, HEAD, OPTIONS"),
        ("DELETE", "/launch", 405, "GET, HEAD, OPTIONS"),
        ("GET", "/v1/impressions", 405, "POST, OPTIONS"),
    ):
        client.send(get(path, method=method))
        answer = client.answer(method)
        assert (answer.status, answer.headers["allow"]) == (status, allow)
    assert counted.now() == 0


def test_beacons_may_come_from_any_page(client: Client) -> None:
    origin = "https://page.example"
    client.send(get("/v1/impressions", f"Origin: {origin}", method="OPTIONS"))
    assert client.answer("OPTIONS").headers["access-control-allow-origin"] == origin
    client.send(post(ITEM, f"Origin: {origin}", "Content-Type: text/plain"))
    answer = client.answer("POST")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (202, origin)
    assert (answer.headers["vary"], answer.headers["access-control-allow-credentials"]) == ("Origin", "true")


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


def test_a_body_that_does_not_come_is_408(client: Client, counted: Counted) -> None:
    client.send(get("/v1/impressions", "Content-Length: 100", method="POST") + b"[")
    assert client.answer("POST").status == 408
    assert client.is_closed()
    assert counted.now() == 0


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
    wanted, tail, found = -(-sent // len(request)) * 100, b"", 0
    while found < wanted:
        readable, writable, _ = select.select([client.socket], [client.socket] if rest else [], [], DEADLINE_S)
        assert readable or writable
        if writable:
            rest = rest[client.socket.send(rest) :]
        if readable:
            tail += client.socket.recv(1 << 20)
            found += tail.count(b"HTTP/1.1 302 Found\r\n")
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


def test_the_books_balance(serve: Serve) -> None:
    metrics = serve.scrape()
    dropped = sum(value for name, value in metrics.items() if name.startswith("dropped_total"))
    assert metrics["events_received_total"] == metrics["events_appended_total"] + dropped
    assert metrics["events_appended_total"] == len(serve.events())
    assert metrics['requests_total{outcome="failed"}'] == 0
    assert metrics["malformed_requests_total"] > 0
