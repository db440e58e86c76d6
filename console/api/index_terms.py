"""By what links are found: labels as numbers and a text to search in, and how the index follows their changes."""

import hashlib
import sqlite3
from functools import lru_cache
from operator import attrgetter
from typing import Final

from schemas.links import Link

LABELS: Final = ("domain", "account", "campaign", "post", "channel", "profile", "variant", "experiment")
"""The fields that a list is filtered by, and the tags."""
_KEPT: Final = 50_000
_labels: Final = attrgetter(*LABELS)


def searched_text(link: Link) -> str:
    """What a search looks at, a line each."""
    urls = () if link.rules is None else (url for _, url in link.said.destinations)
    parts = (link.slug, link.destination, *urls, link.title, *_labels(link)[1:], *link.tags)
    return "\n".join(filter(None, parts))


@lru_cache(_KEPT)
def label(name: str, value: str) -> int:
    """The number under which links with a label are found; two labels share one in 2^63."""
    return int.from_bytes(hashlib.blake2b(f"{name}={value}".encode(), digest_size=8).digest(), signed=True)


ARCHIVED: Final = label("archived", "true")
"""Under which all archived links are found, few among many."""


def labels_of(link: Link) -> set[int]:
    """The numbers of a link's labels that are not empty and of its tags, and ARCHIVED where it was put away."""
    numbers = {label(name, value) for name, value in zip(LABELS, _labels(link), strict=True) if value}
    if link.archived_at_ms is not None:
        numbers.add(ARCHIVED)
    return numbers | {label("tag", tag) for tag in link.tags}


class TermChanges:
    """By what links are to be found and no longer: gathered, for one statement of each kind a transaction."""

    def __init__(self) -> None:
        self._labels: Final[list[tuple[int, int]]] = []
        self._old_labels: Final[list[tuple[int, int]]] = []
        self._texts: Final[list[tuple[int, str]]] = []
        self._old_texts: Final[list[tuple[int, str]]] = []

    def change(self, number: int, before: Link | None, after: Link | None) -> None:
        """A link was one thing and is another, None being nothing; each number once."""
        kept = set() if after is None else labels_of(after)
        known = set() if before is None else labels_of(before)
        self._labels.extend([(one, number) for one in (kept - known if known else kept)])
        self._old_labels.extend([(one, number) for one in known - kept])
        old_text = None if before is None else searched_text(before)
        text = None if after is None else searched_text(after)
        if text != old_text:
            if old_text is not None:
                self._old_texts.append((number, old_text))
            if text is not None:
                self._texts.append((number, text))

    def write(self, connection: sqlite3.Connection) -> None:
        """What is no longer first: a text that changed is both."""
        connection.executemany("DELETE FROM labels WHERE label = ? AND id = ?", self._old_labels)
        # In the order of the table: its pages are then gone through once.
        connection.executemany("INSERT INTO labels VALUES (?, ?)", sorted(self._labels))
        # A contentless index has to be told what it is to forget.
        connection.executemany("INSERT INTO texts (texts, rowid, text) VALUES ('delete', ?, ?)", self._old_texts)
        connection.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", sorted(self._texts))
