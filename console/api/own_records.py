"""What this process wrote to a topic, applied without being read again where nobody else's records lie between.

A transaction's records have offsets in a row, and its mark has one behind them. Where the next transaction of the
same producer begins right behind that one offset, the mark is what lies there: nothing was written between.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

Change = tuple[str, bytes | None]
"""A key with its record's value; None deletes it."""


class OwnRecords(NamedTuple):
    """What one transaction wrote to the topic: in a row from an offset on."""

    first: int
    changes: Sequence[Change]

    @property
    def end(self) -> int:
        """The offset behind them, which its mark has or will have."""
        return self.first + len(self.changes)


class Next(NamedTuple):
    """What is to be applied next: of how many transactions, and up to which offset."""

    changes: list[Change]
    transactions: int
    end: int


class OwnQueue:
    """Transactions of this process that are committed and not applied, in the order of their offsets."""

    def __init__(self) -> None:
        self._waiting: Final[deque[OwnRecords]] = deque()
        self._mark = -1
        self.read_to = 0
        """Up to where the topic has to be read, for others' records lie before some of our own."""

    def add(self, own: OwnRecords) -> None:
        """The next transaction."""
        self._waiting.append(own)

    def clear(self) -> int:
        """They have to be read; how many there were."""
        count = len(self._waiting)
        if count:
            self.read_to = self._waiting[-1].end
        self._waiting.clear()
        return count

    def restart(self) -> int:
        """The topic is opened anew, and may be another one: all is read; how many transactions were waiting."""
        count = self.clear()
        self._mark, self.read_to = -1, 0
        return count

    def take(self, position: int) -> Next:
        """What stands next where everything before `position` is applied; what does not stays."""
        changes: list[Change] = []
        transactions = 0
        while self._waiting:
            own = self._waiting[0]
            if own.first != position and not (own.first == position + 1 and position == self._mark):
                break
            self._waiting.popleft()
            changes += own.changes
            transactions += 1
            position = self._mark = own.end
        return Next(changes, transactions, position)
