"""What clients were told: the one side of the comparison. The other is what ClickHouse holds afterwards."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Source = Literal["click", "pixel", "api", "snapshot"]
Fate = Literal["counted", "future", "too_old"]


class Tally(msgspec.Struct):
    """Events of one link and source. `unanswered` ones may have been counted; `refused` ones must not be."""

    answered: int = 0
    unanswered: int = 0
    refused: int = 0


class Item(msgspec.Struct, frozen=True):
    """One impression of a POST, `count` times; what must become of it."""

    link: str
    count: int
    fate: Fate


class Post(msgspec.Struct):
    """One POST, however often it was sent: `acknowledged` tries got a 202, `maybe` ones no answer."""

    key: str
    items: list[Item]
    acknowledged: int = 0
    maybe: int = 0


class Ledger(msgspec.Struct):
    """Tallies by "source link"; what was posted is settled once it is known whether it was acknowledged."""

    tallies: dict[str, Tally] = msgspec.field(default_factory=dict)
    dead_letters: dict[str, int] = msgspec.field(default_factory=dict)
    posts: int = 0
    retries: int = 0
    rejected: int = 0
    """Items that were refused as no impressions; the load sends none such."""
    surprises: list[str] = msgspec.field(default_factory=list)
    """Answers that nobody should have got."""

    def tally(self, source: Source, link: str) -> Tally:
        """The tally of a link and source."""
        return self.tallies.setdefault(f"{source} {link}", Tally())

    def note(self, source: Source, link: str, *, answered: bool, counted: bool = True, count: int = 1) -> None:
        """One visit or item was answered, or not."""
        tally = self.tally(source, link)
        if not answered:
            tally.unanswered += count
        elif counted:
            tally.answered += count
        else:
            tally.refused += count

    def settle(self, post: Post) -> None:
        """A POST that is not sent again. With a key it counts once, without one once for each try."""
        self.posts += 1
        self.retries += max(0, post.acknowledged + post.maybe - 1)
        sure = min(1, post.acknowledged) if post.key else post.acknowledged
        perhaps = 0 if post.key and sure else (min(1, post.maybe) if post.key else post.maybe)
        for item in post.items:
            if item.fate == "counted":
                tally = self.tally("api", item.link)
                tally.answered += sure * item.count
                tally.unanswered += perhaps * item.count
            elif sure:
                self.dead_letters[item.fate] = self.dead_letters.get(item.fate, 0) + sure


def merge(ledgers: Iterable[Ledger]) -> Ledger:
    """One ledger of several."""
    total = Ledger()
    for ledger in ledgers:
        for key, part in ledger.tallies.items():
            tally = total.tallies.setdefault(key, Tally())
            tally.answered += part.answered
            tally.unanswered += part.unanswered
            tally.refused += part.refused
        for reason, count in ledger.dead_letters.items():
            total.dead_letters[reason] = total.dead_letters.get(reason, 0) + count
        total.posts += ledger.posts
        total.retries += ledger.retries
        total.rejected += ledger.rejected
        total.surprises += ledger.surprises
    return total
