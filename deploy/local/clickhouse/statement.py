"""Cut a request into the statement and the rows that travel with it, as ClickHouse's parser does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

# Possessive, and what is never closed is taken to the end: each byte is looked at once, whatever a stranger sends.
_TOKEN = re.compile(
    rb"""
    (?P<blank> \s++ | --[^\n]*+ | \#[\ !][^\n]*+ | /\*.*?\*/ )
  | (?P<word> [A-Za-z_][A-Za-z0-9_$]*+ )
  | (?P<quoted> '(?:[^'\\]|\\.|'')*+' | "(?:[^"\\]|\\.|"")*+" | `(?:[^`\\]|\\.|``)*+` )
  | (?P<heredoc> \$\w*+\$ )
  | (?P<number> [0-9][A-Za-z0-9_.]*+ )
  | (?P<sign> (?: ['"`] | /\* ) .* | . )
    """,
    re.VERBOSE | re.DOTALL,
)
# Each is looked for to the end of the text.
_MOST_OPEN_HEREDOCS = 100
# After these, FORMAT was a column's name.
_NO_FORMAT = {b"FROM", b"AS", b"AND", b"OR", b"IN", b"IS", b"NOT", b"LIKE", b"BETWEEN", b"DESC", b"ASC"}
_OPENING, _CLOSING = (b"(", b"[", b"{"), (b")", b"]", b"}")


def quoted(text: str) -> str:
    """The text as a string literal of ClickHouse's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """The name of a table or database as ClickHouse's SQL has it, whatever characters it has."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


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
    ``inline_values``: it goes on with VALUES, which may be expressions.
    ``input_call`` spans the arguments' brackets and name of an ``input(…)`` in ``sql``.
    ``output_format`` is what an explicit FORMAT clause of a query asks for; ``output_at`` is where that clause
    begins, or would.
    """

    sql: bytes
    verb: bytes
    rows_format: str | None = None
    rows_at: int = 0
    inline_values: bool = False
    input_call: tuple[int, int, bytes] | None = None
    output_format: str | None = None
    output_at: int = 0

    def reading_table(self, table: str) -> bytes:
        """The statement with ``input('structure')`` replaced by a table; only for one with ``input_call``."""
        if self.input_call is None:
            raise ValueError("this statement has no input() to replace")
        start, end, _ = self.input_call
        return self.sql[:start] + table.encode() + self.sql[end:]

    @property
    def input_structure(self) -> bytes:
        """The columns of ``input('structure')``, unquoted; empty when it has none."""
        literal = self.input_call[2].strip() if self.input_call else b""
        return re.sub(rb"\\(.)|''", lambda match: match[1] or b"'", literal[1:-1], flags=re.DOTALL)

    def into(self, path: str, default_format: str) -> bytes:
        """The query, writing its answer into the file at ``path``, an SQL literal."""
        outfile = f" INTO OUTFILE {path} APPEND ".encode()
        if self.output_format is None:
            return self.sql[: self.output_at] + outfile + f"FORMAT {default_format}".encode()
        return self.sql[: self.output_at] + outfile + self.sql[self.output_at :]


def tokens(text: bytes) -> Iterator[Token]:
    """Words, literals and signs, lazily: rows behind a FORMAT clause are never looked at."""
    depth = at = open_heredocs = 0
    while match := _TOKEN.match(text, at):
        kind, start, at = match.lastgroup or "sign", match.start(), match.end()
        if kind == "blank":
            continue
        if kind == "heredoc":
            closing = text.find(match.group(), at) if open_heredocs < _MOST_OPEN_HEREDOCS else -1
            if closing < 0:
                kind, at, open_heredocs = "sign", start + 1, open_heredocs + 1
            else:
                kind, at = "quoted", closing + at - start
        word = text[start:at]
        if word in _CLOSING:
            depth -= 1
        yield Token(kind, word, start, at, depth)
        if word in _OPENING:
            depth += 1


def parse(text: bytes) -> Statement:
    """The statement in ``text``, which may go on with rows after ``FORMAT name``."""
    rest = tokens(text)
    first = next(rest, None)
    if first is None:
        return Statement(text, b"")
    if first.keyword == b"INSERT":
        return _parse_insert(text, rest)
    output_format, output_at = _output_format(first, rest)
    return Statement(text, first.keyword or first.text, output_format=output_format, output_at=output_at)


def _output_format(last: Token, rest: Iterator[Token]) -> tuple[str | None, int]:
    named, at, end = None, 0, last.end
    for token in rest:
        if _names_format(last, token):
            named, at = token.text.decode(), last.start
        if token.text != b";":
            end = token.end
        last = token
    return named, at if named else end


def _parse_insert(text: bytes, rest: Iterator[Token]) -> Statement:
    input_call = None
    previous: tuple[Token | None, Token | None] = (None, None)
    for token in rest:
        before, last = previous
        if _opens_input(before, last, token) and last is not None:
            end = next((t.end for t in rest if t.text == b")" and t.depth == token.depth), len(text))
            input_call = (last.start, end, text[token.end : end - 1])
        elif token.depth == 0 and token.keyword == b"VALUES":
            return Statement(text, b"INSERT", inline_values=True)
        elif _names_format(last, token) and last is not None:
            name = token.text.decode()
            settings, rows_at = _settings_after_format(text, token.end)
            values = name.upper() == "VALUES"
            return Statement(
                sql=text[: last.start] + settings,
                verb=b"INSERT",
                rows_format=name,
                rows_at=rows_at,
                inline_values=values,
                input_call=input_call,
            )
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
    match = clause.match(text, at)
    while match:
        settings += match.group()
        at = match.end()
        match = more.match(text, at)
    blanks = re.compile(rb"[ \t\f]*;?[ \t\f]*\r?\n?").match(text, at)
    return settings, blanks.end() if blanks else at
