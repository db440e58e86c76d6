"""The letter: bytes that cannot be an event, as a record of the topic `dead-letters`.

Relay and stream write it, the audit reads it; docs/contracts/dead-letters.md is for everybody else.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal, Self

from schemas.batches import Headers

KEPT_BYTES: Final = 64 * 1024
"""Of what is too large only its beginning is kept: enough to see what it was."""
LEAST_KEPT_BYTES: Final = 1024
"""A topic that takes less refuses letters as such."""
DETAIL_MAX_CHARS: Final = 300
BATCH_HEADERS_MAX_BYTES: Final = 4096
"""Of a record's own headers; a stranger chooses them."""

BATCH_PREFIX: Final = "batch."
CUT: Final = "cut"

Service = Literal["relay", "stream", ""]
_SERVICES: Final[dict[str, Service]] = {"relay": "relay", "stream": "stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOrigin:
    """A line of a Kafka record by its `index`: 0 is the first line, or the whole record."""

    topic: str
    partition: int
    offset: int
    index: int

    @property
    def key(self) -> bytes:
        """The key of the letter's record; copies of one letter have the same."""
        return f"{self.topic}-{self.partition}-{self.offset}-{self.index}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolOrigin:
    """A line of a spool's segment, by the byte that it began at."""

    spool: str
    segment: int
    offset: int

    @property
    def key(self) -> bytes:
        """The key of the letter's record; copies of one letter have the same."""
        return f"{self.spool}-{self.segment}-{self.offset}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`value` are the bytes, but for the last `cut_bytes` of them; `batch` are the headers of the record that held
    them, so that a letter can be sent again as what it was. `reason` is a DeadLetterReason, or a newer release's.
    """

    service: Service
    reason: str
    detail: str
    origin: RecordOrigin | SpoolOrigin
    value: bytes
    cut_bytes: int = 0
    batch: tuple[tuple[str, bytes], ...] = ()

    def cut_to(self, kept_bytes: int) -> Self:
        """The letter with a value of at most so many bytes."""
        missing = max(0, len(self.value) - kept_bytes)
        return replace(self, value=self.value[:kept_bytes], cut_bytes=self.cut_bytes + missing) if missing else self

    def to_kafka(self) -> Headers:
        """The headers of the letter's record; its key is the origin's."""
        origin = {name: getattr(self.origin, name) for name in self.origin.__dataclass_fields__}
        return [
            ("reason", self.reason.encode()),
            ("detail", self.detail[:DETAIL_MAX_CHARS].encode(errors="replace")),
            ("service", self.service.encode()),
            *((name, str(value).encode()) for name, value in origin.items()),
            *([(CUT, b"%d" % self.cut_bytes)] if self.cut_bytes else []),
            *((BATCH_PREFIX + name, value) for name, value in _first_bytes(self.batch)),
        ]


def read_letter(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> Letter:
    """A record of the topic. Letters of before this schema name no service. Raises ValueError: it is no letter."""
    headers = list(headers)
    given = {
        name: content.decode(errors="replace") for name, content in headers if not name.startswith(BATCH_PREFIX)
    }
    try:
        origin: RecordOrigin | SpoolOrigin
        if "topic" in given:
            origin = RecordOrigin(
                topic=given["topic"],
                partition=int(given["partition"]),
                offset=int(given["offset"]),
                index=int(given["index"]),
            )
        else:
            origin = SpoolOrigin(spool=given["spool"], segment=int(given["segment"]), offset=int(given["offset"]))
        return Letter(
            service=_SERVICES.get(given.get("service", ""), ""),
            reason=given["reason"],
            detail=given.get("detail", ""),
            origin=origin,
            value=value or b"",
            cut_bytes=int(given.get(CUT, 0)),
            batch=tuple(
                (name.removeprefix(BATCH_PREFIX), content)
                for name, content in headers
                if name.startswith(BATCH_PREFIX)
            ),
        )
    except KeyError as error:
        raise ValueError(f"a dead letter has the header {error}") from error


def _first_bytes(headers: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, bytes]]:
    """The headers until they would be too many bytes."""
    left = BATCH_HEADERS_MAX_BYTES
    for name, value in headers:
        left -= len(name.encode()) + len(value or b"")
        if left < 0:
            return
        yield name, value or b""
