"""By what a link is found: labels as numbers, and a text to search in."""

import hashlib
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from schemas.links import Link

LABELS: Final = ("domain", "account", "campaign", "post", "channel", "profile", "variant", "experiment")
"""The fields that a list is filtered by, and the tags."""
_KEPT: Final = 50_000
_labels: Final = attrgetter(*LABELS)
_texts: Final = attrgetter("slug", "destination", "title", *LABELS[1:])


def searched_text(link: Link) -> str:
    """What a search looks at, a line each, in lower case."""
    parts = (*_texts(link), *link.tags)
    if link.rules is not None:
        parts = (*parts, *(url for _, url in link.said.destinations))
    return "\n".join(filter(None, parts)).lower()


@lru_cache(_KEPT)
def label(name: str, value: str) -> int:
    """The number under which links with a label are found; two labels share one in 2^63."""
    return int.from_bytes(hashlib.blake2b(f"{name}={value}".encode(), digest_size=8).digest(), signed=True)


ARCHIVED: Final = label("archived", "true")
"""Under which all archived links are found, few among many."""


@lru_cache(_KEPT)
def _numbers(values: tuple[str, ...]) -> tuple[int, ...]:
    """Links of one post have all of these in common."""
    return tuple(label(name, value) for name, value in zip(LABELS, values, strict=True) if value)


def labels_of(link: Link) -> tuple[int, ...]:
    """The numbers of a link's labels that are not empty and of its tags, and ARCHIVED where it was put away."""
    numbers = _numbers(_labels(link))
    if link.tags:
        numbers = (*numbers, *[label("tag", tag) for tag in link.tags])
    return numbers if link.archived_at_ms is None else (*numbers, ARCHIVED)


class Entry(NamedTuple):
    """By what the link of a number is found from now on, and what of that it was not found by before.

    Where all of it is new, `added` and `added_labels` are None.
    """

    number: int
    text: str
    labels: tuple[int, ...]
    added: str | None
    added_labels: tuple[int, ...] | None


def entry_of(number: int, before: Link | None, after: Link) -> Entry | None:
    """The entry of a link that was one thing and is another; None where it is found by nothing new."""
    text, labels = searched_text(after), labels_of(after)
    if before is None:
        return Entry(number, text, labels, None, None)
    known = set(searched_text(before).split("\n"))
    added = "\n".join(line for line in text.split("\n") if line not in known)
    added_labels = tuple(set(labels).difference(labels_of(before)))
    return Entry(number, text, labels, added, added_labels) if added or added_labels else None
