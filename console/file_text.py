"""The lines of a file as text, whatever program on whatever system wrote it."""

import codecs
import io
from typing import Final

_MARK: Final = "clicktally-mark"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Longer ones first where one begins with another."""
_BOM_MAX: Final = 4


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no text become a lone surrogate, which no text has: its row is complained about."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\udcff", error.end


codecs.register_error(_MARK, _mark)


def encoding_of(head: bytes) -> str:
    """What a file is written in, by its first bytes: UTF-8 unless they say otherwise."""
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    # Every header and every JSON object begins with ASCII: a zero byte beside it is the other half of UTF-16.
    match [byte == 0 for byte in head[:2]]:
        case [False, True]:
            return "utf-16-le"
        case [True, False]:
            return "utf-16-be"
    return "utf-8"


def text_lines(source: io.BufferedReader, encoding: str | None = None) -> io.TextIOWrapper:
    """Each line with its end, LF, CRLF or CR alone; what is no text in the encoding has lone surrogates in it.

    The lines own the source from now on.
    """
    name = encoding or encoding_of(source.peek(_BOM_MAX))
    return io.TextIOWrapper(source, name, errors="surrogateescape" if name == "utf-8" else _MARK, newline="")
