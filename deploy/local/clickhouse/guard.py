"""What no client may say to the engine, where the engine's own grants (see `access`) do not reach.

The engine's own parser says how many statements a text has and of what class they are (`classify_query`), so what
the host's parser and ours could read differently is not decided here. What is left are names: the scalar function
``file``, which no grant covers, INFILE, dictionaries of sources outside, disks made up in a statement, and whatever
would change the connection's role.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from deploy.local.clickhouse import errors
from deploy.local.clickhouse.access import TABLE_ENGINES, Role
from deploy.local.clickhouse.errors import StatementError, raised
from deploy.local.clickhouse.statement import Statement, Token, tokens

# Functions that read the host or call out, by their own names; an identifier of that name may be one as well
# (arrayMap(file, …), APPLY(file)), so identifiers are refused.
_FUNCTIONS: Final = {
    b"file", b"aigenerate", b"aiclassify", b"aiextract", b"aitranslate", b"aifilter", b"aisimilarity", b"airedact",
    b"aiembed",
}  # fmt: skip
# Reads variables of this process by their names, and no grant covers it. A column may be called so.
_TABLE_FUNCTION: Final = b"python"
# What the engine calls CONTROL and a writer may say, by the first word. Not SELECT … INTO OUTFILE, which no
# grant covers; INSERT INTO FUNCTION is left to the grants on what the function reaches.
_WRITERS_CONTROL: Final = {
    b"SET", b"USE", b"SYSTEM", b"KILL", b"ATTACH", b"DETACH", b"RENAME", b"EXCHANGE", b"CREATE", b"DROP", b"ALTER",
    b"INSERT",
}  # fmt: skip
_READERS_CONTROL: Final = {b"SET", b"USE", b"KILL"}
_DEFINES: Final = {b"CREATE", b"ATTACH", b"REPLACE", b"ALTER"}
# Grants are asked for engines of outside only, and not for all of those (Executable). No name: a literal follows.
_ENGINES: Final = {b"", b"atomic", b"ordinary", *(name.lower().encode() for name in TABLE_ENGINES)}
_SETS_ACCESS: Final = {b"ROLE", b"PROFILE"}
_READ_ONLY, _CONTROL, _UNKNOWN = "READ_ONLY", "CONTROL", "UNKNOWN"
_NON_ASCII: Final = re.compile(rb"[\x80-\xff]")
# A text without any of these is not looked at word by word; rows in VALUES may be long.
_SUSPECT: Final = re.compile(
    rb"file|python|ai[a-z]|\\x|role|identifier|interpret_expressions|[\x80-\xff]", re.IGNORECASE
)
# The end of an error about a statement, which was asked for by a function: nothing that its client wrote.
_HOW_IT_WAS_ASKED: Final = re.compile(r"(?:\. )?: In scope SELECT formatQuerySingleLine\(.*\)\. \(", re.DOTALL)
# Lets the format Values run expressions out of a string; the front sets it where it has read them.
INTERPRETS: Final = "input_format_values_interpret_expressions"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine's parser says of a text: its class, and the text as the engine would write it itself."""

    query_class: str
    canonical: Callable[[], bytes]


def examine(connection: Any, statement: Statement, version: str) -> Verdict:
    """Let the engine parse a statement.

    Raises:
        StatementError: it is no statement, or several.
    """
    text = statement.sql
    if statement.rows_format is not None:
        text += f" FORMAT {statement.rows_format}".encode()

    def canonical() -> bytes:
        literal = b"'" + text.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"
        try:
            answer: bytes = connection.query(b"SELECT formatQuerySingleLine(" + literal + b")", "RawBLOB").bytes()
        except errors.OF_ENGINE as error:
            failed = errors.from_engine(error, version)
            raise StatementError(failed.code, _HOW_IT_WAS_ASKED.sub(". (", failed.text)) from error
        return answer

    # test_clickhouse_doors checks what it says of each kind of statement.
    classified = connection._conn.classify_query(text)  # noqa: SLF001 - chDB's Connection does not wrap it
    if classified["statement_count"] > 1:
        raise raised(errors.SYNTAX_ERROR, "Multi-statements are not allowed", "SYNTAX_ERROR", version)
    if classified["query_class"].name == _UNKNOWN:
        canonical()  # raises the syntax error, with its place
        raise raised(errors.SYNTAX_ERROR, "Empty query", "SYNTAX_ERROR", version)
    return Verdict(classified["query_class"].name, canonical)


def check(
    verdict: Verdict,
    statement: Statement,
    rows: memoryview | bytes,
    parameters: Mapping[str, str],
    role: Role,
    *,
    must_read: bool,
    version: str,
) -> None:
    """Refuse what this client may not say; ``must_read`` is a GET.

    Raises:
        StatementError: 164 for what would change something and may not, 497 for the rest.
    """
    if must_read and verdict.query_class != _READ_ONLY:
        raise raised(errors.READONLY, "A GET only reads; send a POST to change something", "READONLY", version)
    allowed = _WRITERS_CONTROL if role is Role.WRITER else _READERS_CONTROL
    if verdict.query_class == _CONTROL and statement.verb not in allowed:
        raise _denied(f"{statement.verb.decode(errors='replace')} of this kind (files, functions, access)", version)
    if role is not Role.WRITER and verdict.query_class not in {_READ_ONLY, _CONTROL}:
        raise _denied(f"{statement.verb.decode(errors='replace')}: this user only reads; it", version)
    what = _what_is_wrong(_words(verdict, statement, rows), parameters, statement.verb)
    if what:
        raise _denied(what, version)


def _words(verdict: Verdict, statement: Statement, rows: memoryview | bytes) -> list[Token]:
    """The words that must be looked at, as the engine reads them."""
    text = statement.sql
    if statement.inline_values and rows:
        text += b" " + rows
    defines = statement.verb in _DEFINES
    if not defines and not _SUSPECT.search(text):
        return []
    words = list(tokens(text))
    if defines or any(_NON_ASCII.search(one.text) for one in words if one.kind == "sign"):
        # The engine knows quotes and blanks that are not ASCII.
        words = list(tokens(verdict.canonical()))
    return words


def _what_is_wrong(words: list[Token], parameters: Mapping[str, str], verb: bytes) -> str:
    names = [_name(one) for one in words]
    for before, one, name, after in zip([b"", *names], words, names, [*names[1:], b""], strict=False):
        if name in _FUNCTIONS or (name == _TABLE_FUNCTION and after == b"("):
            return f"{name.decode()}: the function reaches out of the database, so the name"
        if one.keyword in {b"INFILE", b"OUTFILE"} and before in {b"from", b"into"}:
            return f"{before.decode().upper()} {one.keyword.decode()}"
        if name == INTERPRETS.encode():
            return "Setting " + INTERPRETS
        if verb == b"SET" and name.upper() in _SETS_ACCESS:
            return f"SET {name.decode().upper()}"
    if b"identifier" in names and any(value.lower().encode() in _FUNCTIONS for value in parameters.values()):
        return "A function that reaches out of the database, as parameter,"
    return _source_outside(names) if verb in _DEFINES else ""


def _source_outside(names: list[bytes]) -> str:
    """What a definition would read from outside; empty when nothing."""
    for at, name in enumerate(names):
        if name == b"identifier" and names[at - 1] == b":":
            return "A parameter of type Identifier in a definition"
        if name == b"engine" and names[at + 1 : at + 2] == [b"="] and names[at + 2] not in _ENGINES:
            return f"Engine {names[at + 2].decode(errors='replace')}"
        if name == b"disk" and names[at + 1 : at + 2] == [b"("]:
            return "disk(…) in a statement"
        if b"dictionary" in names[:6] and name == b"source" and names[at + 1 : at + 2] == [b"("]:
            kind = names[at + 2]
            if kind != b"clickhouse" or not _HERE.isdisjoint(names[at + 3 :]):
                return f"A dictionary of source {kind.decode(errors='replace')} (only CLICKHOUSE, of this server,)"
    return ""


_HERE: Final = {b"host", b"port", b"secure", b"name", b"uri", b"url"}


def _name(token: Token) -> bytes:
    """What a token may be the name of, in small letters; empty for literals."""
    if token.kind != "quoted":
        return token.text.lower()
    if token.text[:1] not in b'`"':
        return b""
    unescaped = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda match: bytes.fromhex(match[1].decode()), token.text[1:-1])
    return unescaped.replace(b"\\", b"").lower()


def _denied(what: str, version: str) -> StatementError:
    message = (
        f"{what} is refused: this ClickHouse lets no client reach its host or network, or change its own rights"
    )
    return raised(errors.ACCESS_DENIED, message, "ACCESS_DENIED", version)


def check_settings(names: Iterable[str], version: str) -> None:
    """Refuse settings in the URL that would change what a connection may do.

    Raises:
        StatementError: 115 for what is no setting's name, 497 for ``profile``.
    """
    for name in names:
        if not name.isidentifier():
            raise raised(errors.UNKNOWN_SETTING, f"Unknown setting '{name}'", "UNKNOWN_SETTING", version)
        if name.lower() in {"profile", "role", INTERPRETS}:
            raise _denied(f"Setting {name}", version)
