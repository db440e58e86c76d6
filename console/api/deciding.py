"""What becomes of the changes of one transaction: each is decided on the index and on what those before it made."""

import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from console.api.changes import Change, Decision, Upsert, Write
from console.api.index import Index, link_of
from console.api.problems import Problem
from console.api.unfollowed import Unfollowed
from schemas.links import Link
from schemas.topics import LINKS

log = logging.getLogger(__name__)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change. `offsets`: by topic, up to where its transaction wrote; empty: nowhere.

    `followed`: whether the index of the console that wrote has it by now.
    """

    decision: Decision | None = None
    problem: Problem | None = None
    offsets: Mapping[str, int] = msgspec.field(default_factory=dict)
    followed: bool = True

    @property
    def made(self) -> Decision:
        """The decision. Raises Problem where there is none."""
        if self.decision is None:
            raise self.problem or Problem("failed", "this is a fault of ours; the log says more")
        return self.decision


class PendingView:
    """The index, with what it does not have yet before it: what is written, and what is decided and will be."""

    def __init__(self, index: Index, written: Unfollowed | None = None) -> None:
        self._index: Final = index
        self._written: Final = Unfollowed() if written is None else written
        self._links: Final[dict[str, bytes | None]] = {}
        self._records: Final[dict[str, bytes | None]] = {}
        self._domains: Final[dict[str, bool]] = {}

    def look_up(self, keys: Sequence[str]) -> None:
        """Take links that are going to be asked for from the index at once, which costs a third."""
        self._links.update(self._written.links(keys))  # before the index: it has what goes from there meanwhile
        asked = [key for key in keys if key not in self._links]
        self._links.update(dict.fromkeys(asked) | self._index.link_values(asked))

    def link(self, key: str) -> Link | None:
        """The link named `domain/slug`. Raises NewerLinkError."""
        if key in self._links:
            value = self._links[key]
        elif (written := self._written.link(key)) is not None:
            value = written.value
        else:
            value = self._index.link_value(key)
        return None if value is None else link_of(value)

    def record(self, key: str) -> bytes | None:
        """The value of a record of the topic `records`."""
        if key in self._records:
            return self._records[key]
        written = self._written.record(key)
        return self._index.record(key) if written is None else written.value

    def has_links(self, domain: str) -> bool:
        """Whether a domain has any link, of before this transaction or made in it."""
        known = self._domains.get(domain)
        if known is None:
            known = self._domains[domain] = self._written.has_links(domain) or self._index.has_links(domain)
        return known

    def add(self, write: Write) -> None:
        """Take note of a write that is decided and comes before what is looked at next."""
        if write.topic != LINKS:
            self._records[write.key] = write.value
            return
        self._links[write.key] = write.value
        if write.value is not None:
            self._domains[write.key.partition("/")[0]] = True


def decide_all(changes: Sequence[Change], view: PendingView, now_ms: int) -> list[Outcome]:
    """What becomes of each change, decided on what those before it made; a fault in one is its outcome alone."""
    view.look_up(_names(changes))
    outcomes = []
    for change in changes:
        try:
            decision = change.decide(view, now_ms)
        except Problem as problem:
            outcomes.append(Outcome(problem=problem))
        except Exception:  # one request's fault must not end the writer for all
            log.exception("a change could not be decided")
            outcomes.append(Outcome(problem=Problem("failed", "this is a fault of ours; the log says more")))
        else:
            for write in decision.writes:
                view.add(write)
            outcomes.append(Outcome(decision=decision))
    return outcomes


def _names(changes: Sequence[Change]) -> list[str]:
    """The links that lines of a bulk are about."""
    keys = []
    for change in changes:
        if isinstance(change, Upsert):
            with contextlib.suppress(Problem):  # it is met again where the change is decided
                keys.append("/".join(change.name()))
    return keys
