"""Ask ClickHouse and Prometheus endpoints without the product's clients."""

import contextlib
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any


class NoAnswerError(Exception):
    """ClickHouse did not answer, or not with what was asked for."""


def select(url: str, query: str, *, timeout_s: float = 5.0, database: str = "clicktally") -> list[list[Any]]:
    """The rows of a query. Raises NoAnswerError."""
    where = f"{url}/?{urllib.parse.urlencode({'database': database, 'output_format_json_quote_64bit_integers': 0})}"
    request = urllib.request.Request(where, data=f"{query} FORMAT JSONCompact".encode())  # noqa: S310 - http alone
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - the same
            rows: list[list[Any]] = json.load(answer)["data"]
            return rows
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"{query}: {error.read()[:500]!r}") from error
    except (OSError, ValueError) as error:
        raise NoAnswerError(f"{query}: {error!r}") from error


def execute(url: str, statement: str, *, database: str = "clicktally") -> None:
    """Run a statement that gives no rows. Raises NoAnswerError."""
    request = urllib.request.Request(f"{url}/?database={database}", data=statement.encode())  # noqa: S310 - http alone
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310 - the same
            return
    except urllib.error.HTTPError as error:
        raise NoAnswerError(f"{statement}: {error.read()[:500]!r}") from error
    except OSError as error:
        raise NoAnswerError(f"{statement}: {error!r}") from error


def is_ready(port: int) -> bool:
    """Whether a service says that it is ready."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def scrape(port: int, name: str) -> float | None:
    """The sum of a metric over its labels; None when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            text = answer.read().decode()
    except (OSError, ValueError):
        return None
    total = 0.0
    for line in text.splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            with contextlib.suppress(ValueError):
                total += float(line.rsplit(" ", 1)[1])
    return total
