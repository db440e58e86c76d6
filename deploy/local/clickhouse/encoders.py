"""What becomes of an answer's pieces on their way out."""

from collections.abc import Generator
from contextlib import closing
from typing import Protocol

from deploy.local.clickhouse import compression


class Encoder(Protocol):
    """Takes pieces, gives what goes on the wire; ``http_coding`` is the Content-Encoding that it makes."""

    http_coding: str

    def encode(self, piece: bytes) -> bytes:
        """What is to be sent of the pieces until now."""

    def finish(self) -> bytes:
        """The end."""


class Plain:
    """Pieces as they are."""

    http_coding = ""

    def encode(self, piece: bytes) -> bytes:
        """The same."""
        return piece

    def finish(self) -> bytes:
        """Nothing."""
        return b""


class Coded:
    """One compressed stream in an HTTP content coding."""

    def __init__(self, coding: str) -> None:
        self.http_coding = coding
        self._compressor = compression.compressor(coding)

    def encode(self, piece: bytes) -> bytes:
        """The pieces until now, flushed."""
        self._compressor.compress(piece)
        return bytes(self._compressor.flush())

    def finish(self) -> bytes:
        """The stream's end."""
        return bytes(self._compressor.finish())


def encoded(pieces: Generator[bytes, None, None], encoder: Encoder) -> Generator[bytes, None, None]:
    """The pieces as they go out; nothing at all when there are none."""
    began = False
    with closing(pieces):
        for piece in pieces:
            began = True
            if out := encoder.encode(piece):
                yield out
    if began and (end := encoder.finish()):
        yield end
