"""Cut a request into the statement and the rows that travel with it, as ClickHouse's parser does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

_TOKEN = re.compile(
    rb"""
    (?P<blank> \s+ | --[^\n]* | \#[\ !][^\n]* | /\*.*?\*/ )
  | (?P<word> [A-Za-z_][A-Za-z0-9_$]* )
  | (?P<quoted> '(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" | `(?:[^`\\]|\\.|``)*`
              | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
  | (?P<number> [0-9][A-Za-z0-9_.]* )
  | (?P<sign> . )
    """,
    re.VERBOSE | re.DOTALL,
)
# After these, FORMAT was a column's name.
_NO_FORMAT = {b"FROM", b"AS", b"AND", b"OR", b"IN", b"IS", b"NOT", b"LIKE", b"BETWEEN", b"DESC", b"ASC"}
_OPENING, _CLOSING = (b"(", b"[", b"{"), (b")", b"]", b"}")


class Token(NamedTuple):
    """A word, literal or sign of the text at ``start:end``; ``depth`` counts the brackets around it."""

    kind: str
    text: bytes
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> bytes:
        """The word in capitals; empty for what is no word."""
        return self.text.upper() if self.kind == "word" else b""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement and the place where its rows begin.

    ``sql`` is the text to run: whole, or without FORMAT clause and rows when ``rows_format`` is set.
    ``verb`` is its first keyword, in capitals. ``rows_at`` is the offset of the rows in the text.
    ``input_call`` spans the arguments' brackets and name of an ``input(…)`` in ``sql``.
    ``output_format`` is what an explicit FORMAT clause of a query asks for.
    """

    sql: bytes
    verb: bytes
    rows_format: str | None = None
    rows_at: int = 0
    input_call: tuple[int, int, bytes] | None = None
    output_format: str | None = None

    def reading_file(self, path: str) -> bytes:
        """The statement with ``input('structure')`` replaced by the rows in the file at ``path``, an SQL literal.

        Only for a statement with ``input_call``.
        """
        if self.input_call is None or self.rows_format is None:
            raise ValueError("this statement has no input() to replace")
        start, end, structure = self.input_call
        separator = b", " if structure.strip() else b""
        call = f"file({path}, '{self.rows_format}'".encode() + separator + structure + b")"
        return self.sql[:start] + call + self.sql[end:]


def tokens(text: bytes) -> Iterator[Token]:
    """Words, literals and signs, lazily: rows behind a FORMAT clause are never looked at."""
    depth = 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or "sign"
        if kind == "blank":
            continue
        if kind == "tag":
            kind = "quoted"
        word = found.group()
        if word in _CLOSING:
            depth -= 1
        yield Token(kind, word, found.start(), found.end(), depth)
        if word in _OPENING:
            depth += 1


def parse(text: bytes) -> Statement:
    """The statement in ``text``, which may go on with rows after ``FORMAT name``."""
    found = tokens(text)
    first = next(found, None)
    if first is None:
        return Statement(text, b"")
    if first.keyword == b"INSERT":
        return _parse_insert(text, found)
    return Statement(text, first.keyword, output_format=_output_format(found))


def _output_format(found: Iterator[Token]) -> str | None:
    named, last = None, None
    for token in found:
        if _names_format(last, token):
            named = token.text.decode()
        last = token
    return named


def _parse_insert(text: bytes, found: Iterator[Token]) -> Statement:
    input_call = None
    previous: tuple[Token | None, Token | None] = (None, None)
    for token in found:
        before, last = previous
        if _opens_input(before, last, token) and last is not None:
            end = next((t.end for t in found if t.text == b")" and t.depth == token.depth), len(text))
            input_call = (last.start, end, text[token.end : end - 1])
        elif token.depth == 0 and token.keyword == b"VALUES":
            return Statement(text, b"INSERT")
        elif _names_format(last, token) and last is not None:
            name = token.text.decode()
            settings, rows_at = _settings_after_format(text, token.end)
            return Statement(text[: last.start] + settings, b"INSERT", name, rows_at, input_call)
        previous = (last, token)
    return Statement(text, b"INSERT", input_call=input_call)


def _names_format(last: Token | None, token: Token) -> bool:
    """Whether ``token`` is the name in a FORMAT clause."""
    return (
        last is not None
        and last.depth == 0
        and last.keyword == b"FORMAT"
        and token.kind == "word"
        and token.keyword not in _NO_FORMAT
    )


def _opens_input(before: Token | None, last: Token | None, token: Token) -> bool:
    """Whether ``token`` is the bracket of an ``input(`` that stands where a table would."""
    return (
        token.text == b"("
        and last is not None
        and last.keyword == b"INPUT"
        and before is not None
        and before.keyword in (b"FROM", b"JOIN")
    )


def _settings_after_format(text: bytes, at: int) -> tuple[bytes, int]:
    """A SETTINGS clause that stands between FORMAT name and the rows, and where the rows begin.

    Rows begin after blanks and one line end, as in ParserInsertQuery.
    """
    settings = b""
    clause = re.compile(rb"\s+SETTINGS\s+\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|[\w.+-]+)", re.IGNORECASE)
    more = re.compile(rb"\s*,\s*\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|[\w.+-]+)")
    found = clause.match(text, at)
    while found:
        settings += found.group()
        at = found.end()
        found = more.match(text, at)
    blanks = re.compile(rb"[ \t\f]*;?[ \t\f]*\r?\n?").match(text, at)
    return settings, blanks.end() if blanks else at
