"""Pages of links: by filters and text, from the latest made on, within a set time."""

import base64
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import msgspec

from console.api.index import Index, link_of
from console.api.index_terms import ARCHIVED, LABELS, label, searched_text
from console.api.problems import Problem
from console.api.wire import SEARCH_LEAST, LinkFilters
from schemas.links import Link, LinkError, NewerLinkError, read_domain

_FIRST_SPAN: Final = 20_000
_FEW: Final = 5_000
"""So many links of a label are looked through one by one rather than all of the text's."""
_TRIGRAM: Final = 3
_ALL_OF: Final = 8
"""Trigrams that are all asked for."""


class Page(NamedTuple):
    """Links, and where to go on; None when there is no more."""

    links: list[Link]
    cursor: str | None


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: before the link of this number in this index; another index goes by the name."""

    index: str
    number: int
    key: str


def write_cursor(cursor: Cursor) -> str:
    """A cursor as it stands in a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that stands in a URL. Raises Problem for what no page gave."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
    except (ValueError, msgspec.DecodeError) as error:
        raise Problem(
            "bad-request", "this is no cursor that a page gave: begin without one", parameter="cursor"
        ) from error


class LinkSearch:
    """Looks through an index, within `within_s` a page."""

    def __init__(self, index: Index, *, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._index: Final = index
        self._within_s: Final = within_s
        self._clock: Final = clock

    def page(self, filters: LinkFilters, *, account: str, limit: int, cursor: str) -> Page:
        """The links that fit and that `account` may see, all where it is empty. Raises Problem."""
        wanted = _Wanted.of(filters, account)
        end = self._start(cursor)
        links: list[Link] = []
        deadline = self._clock() + self._within_s
        span = _FIRST_SPAN
        few = wanted.few(self._index.reader())
        while end > 1:
            began = self._clock()
            start = 1 if few else max(1, end - span)
            last = ""
            for number, key, link in wanted.links(self._index.reader(), start, end, few=few):
                if len(links) == limit:
                    return Page(links, write_cursor(Cursor(self._index.identity, end, last)))
                links.append(link)
                end, last = number, key
                if self._clock() > deadline and number > 1:
                    return Page(links, write_cursor(Cursor(self._index.identity, number, key)))
            end = start
            now = self._clock()
            if now + 2 * (now - began) > deadline and end > 1:
                return Page(links, write_cursor(Cursor(self._index.identity, end, self._key_at(end))))
            span *= 2
        return Page(links, None)

    def all(self, filters: LinkFilters, *, account: str) -> Iterator[Link]:
        """Every link that fits, page by page: what is made meanwhile is not among them."""
        cursor = ""
        while True:
            page = self.page(filters, account=account, limit=1000, cursor=cursor)
            yield from page.links
            if page.cursor is None:
                return
            cursor = page.cursor

    def _key_at(self, number: int) -> str:
        row = (
            self._index.reader()
            .execute("SELECT key FROM links WHERE id >= ? ORDER BY id LIMIT 1", (number,))
            .fetchone()
        )
        return "" if row is None else str(row[0])

    def _start(self, text: str) -> int:
        if not text:
            row = self._index.reader().execute("SELECT ifnull(max(id), 0) + 1 FROM links").fetchone()
            return int(row[0])
        cursor = read_cursor(text)
        if cursor.index == self._index.identity:
            return min(max(1, cursor.number), 2**62)
        number = self._index.id_of(cursor.key)
        if number is None:
            raise Problem(
                "bad-request",
                "this cursor is of another console, or of an index that was made anew, and its link is gone: begin"
                " without one",
                parameter="cursor",
            )
        return number


class _Wanted:
    """The filters, as queries and as a check of one link."""

    def __init__(self, text: str, labels: dict[str, str], tag: str | None, empty: list[str], archived: str) -> None:
        self._text: Final = text.lower()
        self._labels: Final = labels
        self._tag: Final = tag
        self._empty: Final = empty
        self._archived: Final = archived
        self._numbers: Final = [label(name, value) for name, value in labels.items()]
        if tag is not None:
            self._numbers.append(label("tag", tag))
        if archived == "true":
            self._numbers.append(ARCHIVED)

    @classmethod
    def of(cls, filters: LinkFilters, account: str) -> "_Wanted":
        """Raises Problem."""
        text = filters.search.strip()
        if text and len(text) < SEARCH_LEAST:
            raise Problem("bad-request", f"search for at least {SEARCH_LEAST} characters", parameter="search")
        if not text.isprintable():
            raise Problem("bad-request", "search for what can be printed", parameter="search")
        named = {name: value for name in LABELS if (value := getattr(filters, name)) not in (None, "")}
        if "domain" in named:
            try:
                named["domain"] = read_domain(named["domain"])
            except LinkError as error:
                raise Problem("bad-request", str(error), parameter="domain") from error
        if account:
            if filters.account not in (None, account):
                raise Problem(
                    "forbidden", f"this token sees the links of account {account!r} only", parameter="account"
                )
            named["account"] = account
        empty = [name for name in LABELS if name != "domain" and getattr(filters, name) == "" and name not in named]
        return cls(text, named, filters.tag, empty, filters.archived)

    def few(self, connection: sqlite3.Connection) -> bool:
        """Whether one of the labels is on few links only."""
        return any(
            len(connection.execute("SELECT 1 FROM labels WHERE label = ? LIMIT ?", (number, _FEW)).fetchall())
            < _FEW
            for number in self._numbers
        )

    def links(
        self, connection: sqlite3.Connection, start: int, end: int, *, few: bool
    ) -> Iterator[tuple[int, str, Link]]:
        """Those with a number from `start` to before `end`, the latest first."""
        query, values = self._query(connection, few=few)
        for number, key, value in connection.execute(query, (*values, start, end)):
            try:
                link = link_of(bytes(value))
            except NewerLinkError:
                continue
            if link is not None and self._fits(link):
                yield number, key, link

    def _query(self, connection: sqlite3.Connection, *, few: bool) -> tuple[str, list[object]]:
        tables: list[str] = []
        conditions: list[str] = []
        values: list[object] = []
        if self._text and not few:
            tables.append("texts")
            conditions.append("texts MATCH ?")
            values.append(_trigrams(self._text))
        numbers = self._numbers
        if few and len(numbers) > 1:  # the rarest first
            numbers = sorted(
                numbers,
                key=lambda one: len(
                    connection.execute("SELECT 1 FROM labels WHERE label = ? LIMIT ?", (one, _FEW)).fetchall()
                ),
            )
        for place, number in enumerate(numbers):
            tables.append(f"labels AS l{place}")
            conditions.append(f"l{place}.label = ?")
            values.append(number)
        tables.append("links")
        names = [f"{table.rpartition(' ')[2]}.{'rowid' if table == 'texts' else 'id'}" for table in tables]
        conditions += [f"{name} = {names[0]}" for name in names[1:]]
        if self._archived != "any":
            conditions.append(f"links.archived = {int(self._archived == 'true')}")
        conditions += [f"{names[0]} >= ?", f"{names[0]} < ?"]
        # CROSS JOIN keeps the order of the tables: the first is walked, the others are looked up.
        query = (
            f"SELECT links.id, links.key, links.value FROM {' CROSS JOIN '.join(tables)}"  # noqa: S608 - our own names
            f" WHERE {' AND '.join(conditions)} ORDER BY {names[0]} DESC"
        )
        return query, values

    def _fits(self, link: Link) -> bool:
        return (
            all(getattr(link, name) == value for name, value in self._labels.items())
            and (self._tag is None or self._tag in link.tags)
            and not any(getattr(link, name) for name in self._empty)
            and (not self._text or self._text in searched_text(link).lower())
        )


def _trigrams(text: str) -> str:
    """A query of the trigram index. It does not know their order: the text itself decides later.

    Of a long text every third one, and the last: each more costs the look through the index as much again, and what
    they leave open is soon decided.
    """
    parts = [text[place : place + _TRIGRAM] for place in range(len(text) - _TRIGRAM + 1)]
    if len(parts) > _ALL_OF:
        parts = [*parts[::_TRIGRAM], parts[-1]]
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in dict.fromkeys(parts))
