"""Blocks of the format Native as clients of a protocol revision want them (``client_protocol_version``).

chDB writes revision 0. Later ones begin a block with an info, and say of each column how it is serialised
(src/Formats/NativeWriter.cpp). Columns carry no sizes, so to find the next one means to walk through its type.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Final

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.errors import raised
from deploy.local.clickhouse.native_types import Reader, UnknownTypeError, column

WITH_BLOCK_INFO: Final = 51903
WITH_CUSTOM_SERIALIZATION: Final = 54454
# Field 1: no overflow row. Field 2: bucket -1. Field 0: the end.
_BLOCK_INFO: Final = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_AS_ALWAYS: Final = b"\x00"


def revised(pieces: Generator[bytes, None, None], revision: int, version: str) -> Generator[bytes, None, None]:
    """The pieces, each of whole blocks of revision 0, in a later revision; ``version`` is for the text of errors.

    Raises:
        StatementError: a column's type cannot be walked through (48).
    """
    with closing(pieces):
        for piece in pieces:
            try:
                yield piece if revision < WITH_BLOCK_INFO else b"".join(_blocks(piece, revision))
            except UnknownTypeError as error:
                raise raised(errors.NOT_IMPLEMENTED, str(error), "NOT_IMPLEMENTED", version) from error


def _blocks(piece: bytes, revision: int) -> Iterator[bytes]:
    reader = Reader(piece)
    while reader.at < len(piece):
        start = reader.at
        columns, rows = reader.number(), reader.number()
        yield _BLOCK_INFO
        for _ in range(columns):
            reader.string()
            type_name = reader.string().decode()
            if revision >= WITH_CUSTOM_SERIALIZATION:
                yield piece[start : reader.at] + _AS_ALWAYS
                start = reader.at
            if rows:
                walk = column(type_name)
                walk.prefix(reader)
                walk.rows(reader, rows)
        yield piece[start : reader.at]
