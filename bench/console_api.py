"""What a client of the API waits for: one link, a page of a list, a search; and many lines in one request."""

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
import numpy as np

from bench.console_links import CAMPAIGNS, fields_of
from bench.stack import BenchError
from bench.traffic import DOMAIN, link_key

_TIMEOUT_S: Final = 300.0
_LINES_A_CHUNK: Final = 500


@dataclass(frozen=True)
class Door:
    """Where the console answers, and to whom."""

    port: int
    bearer: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"Authorization": f"Bearer {self.bearer}", "Content-Type": "application/json"}

    def connection(self) -> http.client.HTTPConnection:
        """One that is kept from request to request."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT_S)


@dataclass(frozen=True)
class Request:
    """One request; `body` goes as JSON."""

    method: str
    path: str
    body: dict[str, Any] | None = None


Kind = Callable[[int], Request]
"""The n-th request of a kind: each time another link or another text."""


def changes(links: int) -> dict[str, Kind]:
    """Requests that make and change one link, waiting until it is durable and followed."""

    def make(number: int) -> Request:
        name = {"domain": DOMAIN, "slug": f"made-{time.time_ns():x}"}
        return Request("POST", "/v1/links", name | fields_of(links + number))

    def change(number: int) -> Request:
        return Request("PATCH", _path(number, links), {"title": f"changed at {time.time_ns():x}"})

    return {"make a link": make, "change a link": change}


def reads(links: int) -> dict[str, Kind]:
    """Requests that read one link or look for some: of all links, of the first page each."""
    searches: dict[str, Callable[[int], dict[str, str]]] = {
        "list, the latest": lambda _: {},
        "list, a campaign": lambda number: {"campaign": f"campaign-{number * 37 % CAMPAIGNS}"},
        "list, a channel": lambda number: {"channel": ("email", "sms", "print")[number % 3]},
        "list, two labels": lambda number: {"campaign": f"campaign-{number % CAMPAIGNS}", "tag": "boots"},
        "list, archived": lambda _: {"archived": "true"},
        "search, a slug": lambda number: {"search": link_key(_rank(number, links)).partition("/")[2]},
        "search, a destination": lambda number: {"search": fields_of(_rank(number, links))["destination"][21:50]},
        "search, a rare title": lambda number: {"search": f"number {_rank(number, links)}"},
        "search, a word of many": lambda number: {"search": ("boots", "teal", "violin")[number % 3]},
        "search, three characters": lambda number: {"search": ("oot", "vio", "amb")[number % 3]},
        "search, in a campaign": lambda number: {"search": "amber", "campaign": f"campaign-{number % CAMPAIGNS}"},
        "search, in a channel": lambda number: {"search": "teal", "channel": ("email", "sms")[number % 2]},
        "search, nothing found": lambda number: {"search": f"zebra quagga {number}"},
        "search, nothing found of common parts": lambda number: {"search": f"boots teal violin {number % 7}"},
    }

    def page(query: Callable[[int], dict[str, str]]) -> Kind:
        return lambda number: Request("GET", f"/v1/links?{urlencode(query(number))}")

    return {"read a link": lambda number: Request("GET", _path(number, links))} | {
        name: page(query) for name, query in searches.items()
    }


def took_ms(door: Door, kind: Kind, *, times: int, clients: int) -> dict[str, float]:
    """Percentiles until the last byte, by so many clients at once, the first ten of each not counted.

    Raises BenchError for an answer that is no success.
    """
    took: list[float] = []
    failures: list[str] = []

    def ask(client: int) -> None:
        connection = door.connection()
        try:
            for number in range(-_UNCOUNTED, times):
                seconds = _asked(connection, door, kind(abs(number) * clients + client))
                if number >= 0:
                    took.append(seconds * 1000)
        except (OSError, http.client.HTTPException, BenchError) as error:
            failures.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise BenchError(failures[0])
    p50, p95, p99 = (float(one) for one in np.percentile(took, (50, 95, 99)))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99}


_UNCOUNTED: Final = 10


def _asked(connection: http.client.HTTPConnection, door: Door, request: Request) -> float:
    body = None if request.body is None else msgspec.json.encode(request.body)
    began = time.monotonic()
    connection.request(request.method, request.path, body, door.headers)
    answer = connection.getresponse()
    content = answer.read()
    seconds = time.monotonic() - began
    if answer.status not in (200, 201):
        raise BenchError(f"{request.method} {request.path} was answered {answer.status}: {content[:300]!r}")
    return seconds


def bulk(door: Door, all_lines: list[bytes]) -> float:
    """Make a link of each line in one request; seconds until the last answer. Raises BenchError."""
    connection = door.connection()
    headers = door.headers | {"Content-Type": "application/x-ndjson"}
    content = [b"".join(all_lines[at : at + _LINES_A_CHUNK]) for at in range(0, len(all_lines), _LINES_A_CHUNK)]
    began = time.monotonic()
    connection.request("POST", "/v1/links/bulk", iter(content), headers, encode_chunked=True)
    answer = connection.getresponse()
    if answer.status != 200:
        raise BenchError(f"bulk was answered {answer.status}: {answer.read(300)!r}")
    made, other = 0, b""
    while line := answer.readline():
        if b'"status":201' in line:
            made += 1
        else:
            other = other or line
    seconds = time.monotonic() - began
    connection.close()
    if made != len(all_lines):
        raise BenchError(f"{made} of {len(all_lines)} lines made a link; one of the others: {other!r}")
    return seconds


def _rank(number: int, links: int) -> int:
    """Spread over all links, and the same in every run."""
    return (number * 2_654_435_761 + 97) % links


def _path(number: int, links: int) -> str:
    return f"/v1/links/{DOMAIN}/{quote(link_key(_rank(number, links)).partition('/')[2])}"
