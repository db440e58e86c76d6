"""The flush protocol: how a range of offsets becomes durable exactly once, whoever else tries the same.

Sans I/O: `flush_steps` yields what to do next and is sent what came of it, so that the very same code runs
against ClickHouse and under a model that interleaves it with zombies, timeouts and burned tokens.

    first = head + 1 ──▶ insert, on condition that the head is still first - 1, with a token
                           │ no answer: the same bytes with the same token, until there is one
                           ▼ OK (which proves nothing)
                         read the head ──▶ last: done
                                       ──▶ unchanged: the token was burned; insert again, under a new one
                                       ──▶ beyond: another writer was here; throw the deltas away
                                       ──▶ before: the table went back in time; rebuild from there

See docs/adr/0002-exactly-once-chain.md for why each step is needed.
"""

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from schemas.counters import Chain

NO_HEAD: Final = -1
"""The head of a topic-partition of which nothing was flushed yet."""


@dataclass(frozen=True, slots=True)
class Flushed:
    """The offsets that one flush makes durable: all from `first` to `last`, on top of `head`.

    `first` is `head + 1`, or larger where retention took records before they were read (a gap).
    """

    chain: Chain
    head: int
    first: int
    last: int

    def __post_init__(self) -> None:
        if not self.head < self.first <= self.last:
            raise ValueError(f"want head < first <= last, got {self}")

    @property
    def leaves_gap(self) -> bool:
        """Whether records between the head and `first` were gone before they were read."""
        return self.head != NO_HEAD and self.first > self.head + 1


@dataclass(frozen=True, slots=True)
class Insert:
    """Insert the flush's one block under this token, if the head is still what it was."""

    token: str


@dataclass(frozen=True, slots=True)
class ReadHead:
    """Read the head; reply with the last offset applied, NO_HEAD where there is none."""


class InsertReply(Enum):
    """What came of an insert. ANSWERED says only that the server is done with it."""

    ANSWERED = "answered"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Done:
    """The flush is durable; the head is its last offset. `burned` counts tokens that had to be minted anew."""

    burned: int


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Another writer moved the head. Throw the deltas away; read on from `head + 1` if still the owner."""

    head: int


@dataclass(frozen=True, slots=True)
class Rewound:
    """The table was restored to an earlier state. Throw the deltas away and read again from `head + 1`."""

    head: int


Outcome = Done | Overtaken | Rewound
Step = Insert | ReadHead
Reply = InsertReply | int


def mint(flushed: Flushed, rung: int) -> str:
    """The token of a flush: every writer on top of the same head mints the same ones in the same order.

    Not by `first`: two writers that met retention at different times begin at different offsets.
    """
    token = f"{flushed.chain}-{flushed.head + 1}"
    return f"{token}#{rung}" if rung else token


def flush_steps(flushed: Flushed) -> Generator[Step, Reply, Outcome]:
    """Drive one flush. Answer an Insert with an InsertReply and a ReadHead with the head.

    A head read that fails is the driver's to repeat: it changes nothing.

    An unchanged head means that the token was burned, or that the table was restored in between. So the tokens
    are a ladder, climbed from the bottom each time one more rung is added: "", then "" and "#1", then "",
    "#1" and "#2". Writers that race each other meet on the lowest rung that is not burned.
    """
    rung = top = 0
    while True:
        if (yield Insert(mint(flushed, rung))) is not InsertReply.ANSWERED:
            rung = top = 0
            continue
        head = yield ReadHead()
        if not isinstance(head, int):
            raise TypeError(f"a ReadHead is answered with the head, got {head!r}")
        if head == flushed.last:
            return Done(burned=rung)
        if head < flushed.head:
            return Rewound(head)
        if head > flushed.head:
            return Overtaken(head)
        rung, top = (rung + 1, top) if rung < top else (0, top + 1)
