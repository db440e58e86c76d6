"""What clients were told of the changes of links that they asked for, and what the topic `links` says."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

import msgspec

from tests.chaos.recount import Raw

CHANGED_DOMAIN: Final = "changes.example"
"""Whose links the load changes; nobody clicks them."""

Kind = Literal["make", "patch", "delete", "restore", "line", "drop"]
"""line and drop are lines of a bulk: one that makes or changes a link, one that deletes it if it is there."""
Fate = Literal["made", "refused", "unknown"]


class LinkChange(msgspec.Struct, kw_only=True):
    """One change, however often it was sent. It writes its title, which no other has, so that it can be told.

    `before` is the title of the state that If-Match named; None where any would do. `repeats`: how often it may be
    written beyond once, for a line of a bulk has no key. `sent_s` and `answered_s` are of one monotonic clock.
    """

    title: str
    kind: Kind
    link: str = ""
    destination: str = ""
    archived: bool = False
    before: str | None = None
    fate: Fate = "unknown"
    unheard: int = 0
    repeats: int = 0
    sent_s: float = 0.0
    answered_s: float = 0.0


class LinkLedger(msgspec.Struct):
    """Every change of a run. `replayed` keys were answered again as the first time."""

    changes: list[LinkChange] = msgspec.field(default_factory=list)
    replayed: int = 0
    served: int = 0
    """Changes that the redirector answered with as soon as the console said so."""
    surprises: list[str] = msgspec.field(default_factory=list)

    def count(self, fate: Fate) -> int:
        """How many changes came out so."""
        return sum(one.fate == fate for one in self.changes)


class Version(NamedTuple):
    """A record of the topic. `title` is None where it deletes the link; times in ms."""

    offset: int
    link: str
    title: str | None
    destination: str = ""
    archived: bool = False
    created_ms: int = 0
    updated_ms: int = 0


class _Value(msgspec.Struct):
    destination: str
    title: str = ""
    archived_at_ms: int | None = None
    created_at_ms: int = 0
    updated_at_ms: int = 0


def versions(records: Iterable[Raw]) -> list[Version]:
    """The versions of the changed links, in the order of the topic."""
    read = []
    for record in sorted(records, key=lambda one: one.offset):
        link = (record.key or b"").decode()
        if record.topic != "links" or not link.startswith(f"{CHANGED_DOMAIN}/"):
            continue
        if not record.value:
            read.append(Version(record.offset, link, None))
            continue
        value = msgspec.json.decode(record.value, type=_Value)
        read.append(
            Version(
                record.offset,
                link,
                value.title,
                value.destination,
                value.archived_at_ms is not None,
                value.created_at_ms,
                value.updated_at_ms,
            )
        )
    return read


def last_versions(history: Iterable[Version]) -> dict[str, Version]:
    """How each link is at the end; deleted ones are among them."""
    return {one.link: one for one in history}
