"""Random streams of requests, cut at random: both lanes answer with the same bytes and keep the same events."""

import random
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from redirector.visitor_key.day_key import DayKey
from redirector.visitor_key.host_key import HostKey
from tests.integration.serve_process import Serve, get, post, running
from tests.tokens import AS_WRITER

STREAMS: Final = 400
PATHS: Final = (
    "/launch",
    "/launch?utm_source=a+b&utm_term=%C3%BC&qr=1",
    "/moved?x=1",
    "/",
    "/nope",
    "/over",
    "/i/launch.gif",
    "/i/launch.png",
    "/i/launch",
    "/i/nope",
    "/v1/beacon.js",
    "/a/b%20c",
    "/healthz",
    "/v1/x",
    "//",
)
HEADERS: Final = (
    "User-Agent: Mozilla/5.0 (X11; caf\xe9)",
    "x-note: caf\xe9",
    "Referer: https://a.example/?q",
    "DNT: 1",
    "Sec-Purpose: prefetch",
    "Accept: */*",
    "Content-Length: 0",
    "Expect: 100-continue",
    "X-Long: " + "y" * 3000,
    "Cookie: a=b; c=\xff",
    "Connection: keep-alive",
    "Upgrade: h2c",
    "Connection: Upgrade",
)
PROXIED: Final = (
    "X-Forwarded-For: 203.0.113.1",
    "X-Forwarded-For: 203.0.113.2, 10.0.0.1",
    "x-forwarded-for: 2001:db8::1",
    "X-Forwarded-For: unknown",
    "X-Forwarded-For: 203.0.113.3:8080",
    "X-Forwarded-For: 10.0.0.2",
    "X-Forwarded-For: caf\xe9",
    "X-Forwarded-For:",
    "X-Real-IP: 203.0.113.4",
    "X-Request-ID: 4f1c",
    "Accept-Language: de",
    "accept-language: en-GB;q=0.5, de",
    "CF-IPCountry: FR",
    "cf-ipcountry: nowhere",
    "CF-Ray: 4f1c",
    "Cookie: a=b",
)
LAST: Final = (
    get("/launch", "Connection: close"),
    get("/launch", version="1.0"),
    b"GET /launch HTTP/1.1\r\n\r\n",
    b"GET /launch HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /launch HTTP/1.1\r\nHost: go.example\r\nX: a\x00\r\n\r\n",
    b"GET /launch HTTP/1.1\r\n Host: go.example\r\n\r\n",
    b"nonsense\r\n\r\n",
    get("/launch", "User-Agent: one", "User-Agent: two"),
    get("/launch", "X: " + "z" * 9000, "Connection: close"),
    get("/launch", "X-Forwarded-For: 203.0.113.1\r\n 203.0.113.2", "Connection: close"),
    get("/launch", "X-Forwarded-For: 203.0.113.1\nX-Real-IP: 203.0.113.2", "Connection: close"),
    get("/launch", *["X-Real-IP: 203.0.113.1"] * 130),
)
BODY: Final = b'[{"link": "go.example/launch", "kind": "rendered", "time_ms": null}, {"kind": "rendered"}]'


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serve, Serve]]:
    alike: dict[str, Any] = {
        "trusted_proxies": "127.0.0.0/8,10.0.0.0/8",
        "country_header": "CF-IPCountry",
    }
    places = tmp_path_factory.mktemp("fast"), tmp_path_factory.mktemp("ordinary")
    for place in places:
        HostKey(place / "spool").replace(DayKey(day=0, key=bytes(32)))
    with (
        running(places[0], fast_lane=True, **alike) as fast,
        running(places[1], fast_lane=False, **alike) as ordinary,
    ):
        yield fast, ordinary


def stream_of(chance: random.Random) -> bytes:
    """Some requests, mostly plain."""
    requests = []
    for _ in range(chance.randint(0, 8)):
        headers = chance.sample(HEADERS, chance.randint(0, 4)) if chance.random() < 0.5 else []
        headers += chance.sample(PROXIED, chance.randint(0, 3))
        chance.shuffle(headers)
        kind = chance.random()
        if kind < 0.7:
            requests.append(get(chance.choice(PATHS), *headers))
        elif kind < 0.8:
            requests.append(get(chance.choice(PATHS), *headers, method=chance.choice(["HEAD", "OPTIONS", "PUT"])))
        elif kind < 0.9:
            requests.append(post(BODY, AS_WRITER))
        else:
            requests.append(get("/launch", "Content-Length: 4") + b"\r\n\r\n")
        if chance.random() < 0.1:
            requests.append(b"\r\n")
    return b"".join(requests)


def cut(stream: bytes, chance: random.Random) -> list[bytes]:
    """The stream in one to a few pieces; the last request, which may be malformed, comes whole.

    Otherwise its end may meet a closed connection, and the reset wipes out what was answered.
    """
    if len(stream) < 2 or chance.random() < 0.2:
        return [stream + chance.choice(LAST)]
    ends = sorted(chance.choices(range(1, len(stream)), k=chance.choice([0, 0, 1, 3, 10])))
    pieces = [stream[start:end] for start, end in zip([0, *ends], [*ends, len(stream)], strict=True)]
    return [*pieces, chance.choice(LAST)]


def everything(serve: Serve, pieces: list[bytes]) -> bytes:
    """All that is answered until the server closes, without what tells the time."""
    with serve.connect() as client:
        received = b""
        try:
            for piece in pieces:
                client.send(piece)
            while more := client.socket.recv(65536):
                received += more
        except ConnectionError:
            received += b"(reset)"
    return re.sub(rb"Date: [^\r]*", b"Date:", received)


def kept(serve: Serve, since: int) -> list[dict[str, Any]]:
    """What the events say, but for when and in which order two connections came, and for what is random."""
    return [{**event, "time_ms": 0, "seq": 0, "click_id": 0} for event in serve.events()[since:]]


def test_both_lanes_say_and_keep_the_same(lanes: tuple[Serve, Serve]) -> None:
    fast, ordinary = lanes
    for seed in range(STREAMS):
        chance = random.Random(seed)
        stream = stream_of(chance)
        pieces = cut(stream, chance)
        before = len(fast.events()), len(ordinary.events())
        answers = everything(fast, pieces), everything(ordinary, pieces)
        assert answers[0] == answers[1], (seed, pieces)
        assert kept(fast, before[0]) == kept(ordinary, before[1]), (seed, pieces)
    assert fast.scrape()["events_appended_total"] > STREAMS
    assert fast.scrape()["handovers_total"] > 0
