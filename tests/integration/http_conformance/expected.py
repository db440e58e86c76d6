"""What the tests of both lanes expect of answers, and look at of events."""

from typing import Final

from tests.integration.serve_process import (
    Serve,
)

HEADER_TIMEOUT_S: Final = 1.0
ITEM: Final = b'{"link": "go.example/launch", "kind": "rendered"}'

REDIRECT: Final = {
    "location": "https://example.com/launch?utm_source=x",
    "cache-control": "private, no-store",
    "content-length": "0",
}


class Counted:
    """How many events were appended since it was made."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._before = len(serve.events())

    def now(self) -> int:
        """So many."""
        return len(self._serve.events()) - self._before


def without_date(headers: dict[str, str]) -> dict[str, str]:
    """The headers that are no server's own."""
    assert headers["date"].endswith(" GMT")
    assert headers["server"] == "clicktally"
    return {name: value for name, value in headers.items() if name not in ("date", "server")}
