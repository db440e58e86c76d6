"""Plain HTTP to a ClickHouse, without a client library between the test and the wire."""

import json
import struct
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True)
class Answer:
    """Status, body and headers."""

    status: int
    body: bytes
    headers: Message

    @property
    def summary(self) -> dict[str, int]:
        """X-ClickHouse-Summary, counts as numbers."""
        return {name: int(count) for name, count in json.loads(self.headers["X-ClickHouse-Summary"]).items()}


@dataclass(frozen=True)
class Http:
    """Plain HTTP to a database of this test's own."""

    url: str
    database: str
    user: str = "default"

    def __call__(
        self,
        query: str,
        body: bytes | None = b"",
        headers: dict[str, str] | None = None,
        /,
        **parameters: str | int,
    ) -> Answer:
        """POST ``query`` in the URL with ``body``; GET when the body is None."""
        user = {} if self.user == "default" else {"user": self.user}
        url_query = urllib.parse.urlencode({"database": self.database, "query": query, **user, **parameters})
        request = urllib.request.Request(  # noqa: S310 - the test's own server
            f"{self.url}/?{url_query}", data=body, headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
                return Answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), error.headers)

    def rows(self, query: str, **parameters: str | int) -> list[list[str]]:
        """The answer's lines, cut into cells."""
        answer = self(query, **parameters)
        assert answer.status == 200, answer.body
        return [line.split("\t") for line in answer.body.decode().splitlines()]


def row(part: int, last: int, note: str = "") -> bytes:
    """One row of ``heads`` in RowBinary."""
    return struct.pack("<IQB", part, last, len(note)) + note.encode()
