"""A ClickHouse with settings of its own, and queries that take long."""

import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.processes import ClickHouse
from tests.integration.clickhouse_http import Http

LONG = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"


@contextmanager
def own(tmp_path: Path, **settings: str | int) -> Iterator[Http]:
    """A ClickHouse with settings of its own."""
    env = {f"CLICKTALLY_LOCAL_{name.upper()}": str(value) for name, value in settings.items()}
    part = ClickHouse(tmp_path / "own", env=env)
    part.start()
    try:
        yield Http(part.url, "default")
    finally:
        part.stop()


@contextmanager
def left_waiting(http: Http, query: str, query_id: str) -> Iterator[socket.socket]:
    """A client that sent a query and has no answer yet."""
    target = urllib.parse.urlencode({"query_id": query_id, "user": http.user})
    where = urllib.parse.urlsplit(http.url)
    with socket.create_connection((where.hostname, where.port)) as made:
        head = f"POST /?{target} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {len(query)}\r\n\r\n{query}"
        made.sendall(head.encode())
        yield made


def running(http: Http, text: str) -> int:
    """How many queries with that text run, beside the one that asks."""
    rows = http.rows(
        "SELECT count() FROM system.processes WHERE query LIKE {text:String} AND query NOT LIKE '%processes%'",
        param_text=f"%{text}%",
    )
    return int(rows[0][0])
