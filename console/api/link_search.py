"""Pages of links: by filters and text, from the latest made on, within a set time."""

import base64
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec

from console.api.index import Index, link_of
from console.api.index_postings import buckets
from console.api.index_segments import candidates
from console.api.index_terms import ARCHIVED, LABELS, label, searched_text
from console.api.problems import Problem
from console.api.wire import SEARCH_LEAST, LinkFilters
from schemas.links import Link, LinkError, NewerLinkError, read_domain

_SPAN: Final = 20_000
"""Numbers of links that are gone through at once where no label and no text leads to some."""
_ROWS: Final = 100
"""Links that are read at once where they are led to."""
_ALL_OF: Final = 16
"""Terms of a text that are all asked for."""


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
        links: list[Link] = []
        deadline = self._clock() + self._within_s
        with _snapshot(self._index.reader()) as connection:
            end, key = self._start(cursor), ""
            for step in wanted.steps(connection, end):
                full = step.link is not None and len(links) == limit
                if not full:
                    end, key = step.number, step.key
                    if step.link is not None:
                        links.append(step.link)
                if full or (end > 1 and self._clock() > deadline):
                    return Page(links, write_cursor(Cursor(self._index.identity(), end, key or self._key_at(end))))
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
        if cursor.index == self._index.identity():
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


class _Step(NamedTuple):
    """All links of this number and later were looked at; this one's name, and itself where it fits."""

    number: int
    key: str = ""
    link: Link | None = None


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

    def steps(self, connection: sqlite3.Connection, end: int) -> Iterator[_Step]:
        """Links with a number below `end`, the latest first, and how far it was looked where there are none."""
        terms = list(dict.fromkeys((*self._numbers, *_asked_for(self._text))))
        if not terms:
            yield from self._all(connection, end)
            return
        for start, numbers in candidates(connection, terms, self._numbers, self._text, end=end):
            for at in range(0, len(numbers), _ROWS):
                some = numbers[at : at + _ROWS]
                asked = msgspec.json.encode(some).decode()
                yield from self._rows(connection, "id IN (SELECT value FROM json_each(?))", asked)
                yield _Step(some[-1])
            yield _Step(max(1, start))

    def _all(self, connection: sqlite3.Connection, end: int) -> Iterator[_Step]:
        while end > 1:
            start, steps = max(1, end - _SPAN), 0
            for step in self._rows(connection, "id < ? AND id >= ?", end, start):
                yield step
                end, steps = step.number, steps + 1
            if steps < _ROWS:
                end = start
                yield _Step(end)

    def _rows(self, connection: sqlite3.Connection, condition: str, *values: object) -> Iterator[_Step]:
        """At most _ROWS."""
        archived = "" if self._archived == "any" else f" AND archived = {int(self._archived == 'true')}"
        rows = connection.execute(
            f"SELECT id, key, value FROM links WHERE {condition}{archived} ORDER BY id DESC LIMIT {_ROWS}",  # noqa: S608 - our own names and question marks
            values,
        )
        for number, key, value in rows.fetchall():
            try:
                link = link_of(value)
            except NewerLinkError:
                link = None
            yield _Step(number, key, link if link is not None and self._fits(link) else None)

    def _fits(self, link: Link) -> bool:
        return (
            all(getattr(link, name) == value for name, value in self._labels.items())
            and (self._tag is None or self._tag in link.tags)
            and not any(getattr(link, name) for name in self._empty)
            and (not self._text or self._text in searched_text(link))
        )


def _asked_for(text: str) -> list[int]:
    """Terms that lead to a text. They do not know their order: the text itself decides later.

    Of a long text every third one, and the last: each more takes as long again, and what they leave open is soon
    decided.
    """
    terms = buckets(text)
    return terms if len(terms) <= _ALL_OF else [*terms[::3], terms[-1]]


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that is read within is of one moment: entries move from table to table."""
    connection.execute("BEGIN")
    try:
        yield connection
    finally:
        connection.execute("COMMIT")
