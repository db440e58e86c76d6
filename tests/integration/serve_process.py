"""A `serve` child process with links of its own, and a client that sends exactly the bytes it is told."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import h11
import msgspec

from deploy.local.ports import free_port
from redirector.cache.writer import CacheWriter
from schemas.links import Link
from schemas.spool import segment_path, segments, spools
from tests.looking import pause_s
from tests.tokens import WRITER, token

DEADLINE_S: Final = 60.0
"""Of a machine that others use too; a second or two when it is idle."""
LINKS: Final = (
    Link(domain="go.example", slug="launch", destination="https://example.com/launch?utm_source=x"),
    Link(domain="go.example", slug="", destination="https://example.com/"),
    Link(domain="go.example", slug="a/b c", destination="https://example.com/nested"),
    Link(domain="go.example", slug="ü", destination="https://example.com/ü"),
    Link(domain="go.example", slug="moved", destination="https://example.com/moved", status=301),
    Link(domain="go.example", slug="over", destination="https://example.com/over", expires_at_ms=1),
    Link(domain="go.example", slug="later", destination="https://example.com/later", expires_at_ms=2**52),
    Link(domain="go.example", slug="acme", destination="https://example.com/acme", account="acme"),
    Link(
        domain="go.example",
        slug="pages",
        destination="https://example.com/pages",
        origins=("https://www.example.com",),
    ),
    Link(domain="go.example", slug="ring", destination="https://other.example/ring"),
    Link(domain="other.example", slug="ring", destination="https://go.example/ring"),
    Link(domain="other.example", slug="launch", destination="https://example.org/other"),
)


TOKENS: Final = (
    WRITER,
    token(2, "links:read"),
    token(3, account="acme"),
    token(4, expires_at_ms=1),
    token(5, revoked_at_ms=1),
    token(6),
)


def write_links(directory: Path, links: Sequence[Link] = LINKS, *, ready: bool = True) -> None:
    """Fill a cache as the relay would, with the tokens of the tests."""
    writer = CacheWriter.open(directory)
    try:
        changes = [(link.key.encode(), msgspec.json.encode(link)) for link in links]
        writer.table("links").apply(changes, next_offset=len(links), ready=ready, now_s=time.time())
        known = [(token.key.encode(), msgspec.json.encode(token)) for token in TOKENS]
        writer.table("tokens").apply(known, next_offset=len(known), ready=True, now_s=time.time())
    finally:
        writer.close()


class Serve:
    """A running `python -m redirector serve`."""

    def __init__(self, directory: Path, *, port: int | None = None, **settings: object) -> None:
        self.port = port or free_port()
        self.metrics_port = free_port()
        self.spool_dir = directory / "spool"
        chosen = {
            "port": self.port,
            "metrics_port": self.metrics_port,
            "spool_dir": self.spool_dir,
            "link_cache_dir": directory / "links",
            **settings,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKTALLY_")}
        own = {f"CLICKTALLY_SERVE_{name.upper()}": str(value) for name, value in chosen.items()}
        self.child = subprocess.Popen([sys.executable, "-m", "redirector", "serve"], env=inherited | own)

    def __enter__(self) -> Self:
        self.wait_until_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def wait_until_up(self) -> None:
        """Until the metrics answer and the port takes connections."""
        wait_for(lambda: self._is_up() or self.child.poll() is not None)
        assert self.child.poll() is None, f"serve ended with {self.child.returncode}"

    def _is_up(self) -> bool:
        try:
            self.scrape()
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(DEADLINE_S)

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self.child.kill()
        self.child.wait(DEADLINE_S)

    def connect(self) -> "Client":
        """A new connection."""
        return Client(self.port)

    def events(self) -> list[dict[str, Any]]:
        """Every whole line of every spool, in order."""
        return [msgspec.json.decode(line) for line in spool_lines(self.spool_dir)]

    def scrape(self) -> dict[str, float]:
        """The metrics' values by name with labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name.removeprefix("clicktally_serve_"): float(value) for name, value in pairs}


def spool_lines(spool_dir: Path) -> list[bytes]:
    """The whole lines of every spool below a directory."""
    lines: list[bytes] = []
    for spool in spools(spool_dir):
        for first in segments(spool):
            *whole, _torn = segment_path(spool, first).read_bytes().split(b"\n")
            lines += whole
    return lines


class Client:
    """One connection: raw bytes out, h11's reading of what comes in."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, raw: bytes) -> None:
        """These bytes."""
        self.socket.sendall(raw)

    def half_close(self) -> None:
        """Say that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, method: str = "GET") -> "Answer":
        """The next final answer, to a request of this method."""
        parser = h11.Connection(h11.CLIENT)
        parser.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
        parser.send(h11.EndOfMessage())
        interim: list[int] = []
        status, version, headers, body = 0, b"", [], b""
        if self.received:
            parser.receive_data(self.received)
            self.received = b""
        while True:
            event = parser.next_event()
            if event is h11.NEED_DATA:
                more = self.socket.recv(65536)
                if not more and not status:
                    raise ConnectionClosedError
                parser.receive_data(more)
            elif isinstance(event, h11.InformationalResponse):
                interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                status, version = event.status_code, event.http_version
                headers = [(name.decode(), value.decode("latin-1")) for name, value in event.headers]
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.received = parser.trailing_data[0]
                return Answer(status, version, dict(headers), body, interim)

    def is_closed(self) -> bool:
        """Wait for the server to close, having read what it still sent to nobody's use. False: it did not."""
        if self.received:
            return False
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


class ConnectionClosedError(Exception):
    """The server closed without an answer."""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer; header names in lower case."""

    status: int
    version: bytes
    headers: dict[str, str]
    body: bytes
    interim: list[int]


def answered(serve: Serve, raw: bytes, method: str = "GET") -> Answer:
    """The answer to a request on a connection of its own."""
    with serve.connect() as client:
        client.send(raw)
        return client.answer(method)


def wait_for(condition: Any, deadline_s: float = DEADLINE_S) -> None:
    """Poll until the condition holds; fail at the deadline."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < deadline_s, "the condition did not come true in time"
        time.sleep(pause_s(began))


def get(
    path: str = "/launch", *headers: str, host: str = "go.example", version: str = "1.1", method: str = "GET"
) -> bytes:
    """A request's head."""
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def post(body: bytes, *headers: str, path: str = "/v1/impressions") -> bytes:
    """A POST with its body."""
    return get(path, f"Content-Length: {len(body)}", *headers, method="POST") + body


@contextlib.contextmanager
def running(directory: Path, *, port: int | None = None, **settings: object) -> Iterator[Serve]:
    """A process with the usual links."""
    write_links(directory / "links")
    with Serve(directory, port=port, **settings) as serve:
        yield serve
