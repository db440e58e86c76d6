"""Heads of which more is to be said than each header's first value: one stands twice, or Connection is new."""

from functools import lru_cache
from typing import Final

import httptools

from redirector.serve.request_facts import text_of

FORWARDED_FOR: Final = "x-forwarded-for"
ONCE: Final = frozenset(
    {"content-location", "content-range", "content-type", "etag", "host", "max-forwards", "server", "user-agent"}
)
"""Of which a second one is refused: by the ordinary lane, where what is malformed is decided."""
_CONNECTIONS_KEPT: Final = 64


class _Pairs:
    """All headers of a head, in their order, and whether its connection goes on."""

    def __init__(self, head: bytes) -> None:
        self.pairs: Final[list[tuple[bytes, bytes]]] = []
        self.goes_on = False
        self._parser: Final = httptools.HttpRequestParser(self)
        self._parser.feed_data(head)

    def on_header(self, name: bytes, value: bytes) -> None:
        """llhttp has read one."""
        self.pairs.append((name, value))

    def on_message_complete(self) -> None:
        """llhttp has read the request."""
        self.goes_on = self._parser.should_keep_alive()


def first_values(head: bytes) -> tuple[dict[bytes, bytes], tuple[str, ...]] | None:
    """The first values of a head in which some header stands twice, and all of X-Forwarded-For. None: refused."""
    first: dict[str, bytes] = {}
    spelt: dict[bytes, bytes] = {}
    forwarded = []
    for name, value in _Pairs(head).pairs:
        lower = name.lower().decode("latin-1")
        if lower == FORWARDED_FOR:
            forwarded.append(text_of(value))
        if lower not in first:
            first[lower] = value
            spelt[name] = value
        elif lower in ONCE or lower == "connection":
            return None
    return spelt, tuple(forwarded)


@lru_cache(_CONNECTIONS_KEPT)
def connection_ends(connection: bytes | None, *, http11: bool) -> bool:
    """Whether llhttp takes a request with this value of Connection, or without, for its connection's last."""
    line = b"" if connection is None else b"Connection: %b\r\n" % connection
    return not _Pairs(b"GET / HTTP/1.%d\r\nHost: a\r\n%b\r\n" % (http11, line)).goes_on
