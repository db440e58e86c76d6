"""A randomised model of the chain: the real protocol code, a simulated server, and everything that can go wrong.

writers      each reads the state, takes a batch of any size from the log and flushes it; two or three at
             once, none knowing of the others: owners, zombies, both
the server   checks an insert's condition when it begins and commits it later; others commit in between; it
             works on an insert for `OPERATION_LIFE` steps at most (max_execution_time)
the network  a client gives up while its insert still runs, and sends the same again
crashes      all running inserts die; one that was committing leaves its token without its rows (burned), or
             its rows without its token: neither write is synced
the window   other partitions' tokens push ours out of the deduplication log
restores     the table becomes what it was some time ago, with its deduplication log, without, or with a
             newer one
"""

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.counters import Chain
from stream.chain import NO_HEAD, Done, Flushed, Insert, InsertReply, Outcome, Reply, Step, flush_steps
from tests.unit.stream.chain_contents import Content, Contents, State

LOG_END = 30
OPERATION_LIFE = 40
WINDOW = 1000
RESTORES_APART = 100
"""Steps. Two restores within one flush of a writer that races another are more than any token can settle."""
TROUBLED_STEPS = 250
QUIET_STEPS = 3000


@dataclass(frozen=True)
class Without:
    """The protocol with parts taken out."""

    condition: bool = False
    token: bool = False
    read_back: bool = False
    remint: bool = False
    rewind: bool = False


class Part(NamedTuple):
    """A flush that was kept."""

    first: int
    last: int
    content: Content | None


@dataclass(eq=False)
class Operation:
    """An insert on the server; `holds` is what its condition said when it began."""

    flushed: Flushed
    token: str
    holds: bool
    content: Content | None = None
    age: int = 0
    reply: InsertReply | None = None


@dataclass
class Server:
    """One table and its deduplication log."""

    without: Without
    window: int
    contents: Contents | None = None
    """The log whose folds the flushes hold; None for offsets alone."""
    parts: list[Part] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    running: list[Operation] = field(default_factory=list)
    backups: list[tuple[list[Part], list[str]]] = field(default_factory=list)
    age: int = 0
    restored_at: int = -RESTORES_APART

    def head(self) -> int:
        return max((part.last for part in self.parts), default=NO_HEAD)

    def state(self) -> State | None:
        """The state as it is read back at this instant."""
        return self.contents.restored(self.flushed()) if self.contents else None

    def flushed(self) -> list[Content]:
        return [part.content for part in self.parts if part.content is not None]

    def begin(self, flushed: Flushed, token: str, content: Content | None) -> Operation:
        holds = self.without.condition or self.head() == flushed.head
        operation = Operation(flushed, token, holds, content)
        self.running.append(operation)
        return operation

    def commit(self, operation: Operation) -> None:
        self.running.remove(operation)
        if self.inserts(operation):
            self.remember(operation.token)
            self.keep(operation)
        operation.reply = InsertReply.ANSWERED

    def inserts(self, operation: Operation) -> bool:
        return operation.holds and operation.token not in self.tokens

    def keep(self, operation: Operation) -> None:
        self.parts.append(Part(operation.flushed.first, operation.flushed.last, operation.content))

    def remember(self, token: str) -> None:
        self.tokens.append(token)
        del self.tokens[: -self.window]

    def crash(self, rng: random.Random) -> None:
        """Commits hold a lock, so at most one insert is between its two writes."""
        committing = [operation for operation in self.running if self.inserts(operation)]
        if committing:
            operation = rng.choice(committing)
            fate = rng.choice(("nothing was written", "burned token", "rows without token"))
            if fate == "burned token":
                self.remember(operation.token)
            elif fate == "rows without token":
                self.keep(operation)
        self.end_all()

    def restore(self, rng: random.Random) -> None:
        if self.backups and self.age - self.restored_at >= RESTORES_APART:
            self.end_all()
            self.restored_at = self.age
            parts, tokens = rng.choice(self.backups)
            self.parts = list(parts)
            self.tokens = rng.choice((list(tokens), [], self.tokens))

    def end_all(self) -> None:
        for operation in self.running:
            operation.reply = InsertReply.UNKNOWN
        self.running.clear()


class Writer:
    """Whoever believes to own the partition. One step is one thing that can be interleaved with others'."""

    def __init__(self, server: Server, rng: random.Random) -> None:
        self._server = server
        self._rng = rng
        self._steps: Generator[Step, Reply, Outcome] | None = None
        self._step: Step | None = None
        self._flushed: Flushed | None = None
        self._waiting: Operation | None = None
        self._head: int | None = None
        self._state: State | None = None
        self._content: Content | None = None
        self._attempts = 0
        self._unchanged = False
        self.finished = False

    @property
    def climbing(self) -> bool:
        """Replacing a burned token. A restore just now, with another writer racing, is the one history that
        tokens cannot settle (0.4 in 1,000 of these): the runbook stops the workers before a restore.
        """
        return self._steps is not None and self._unchanged

    def forget(self) -> None:
        """Restarted: everything in memory is gone; what it sent may still run."""
        self._steps = self._step = self._flushed = self._waiting = self._head = None

    def give_up_waiting(self) -> None:
        """The client's time-out: the insert goes on without it."""
        if self._waiting is not None:
            self._waiting = None
            self._send(InsertReply.UNKNOWN)

    def step(self) -> None:
        if self._waiting is not None:
            if self._waiting.reply is not None:
                reply, self._waiting = self._waiting.reply, None
                self._send(reply)
        elif self._steps is None:
            self._begin()
        elif isinstance(self._step, Insert):
            assert self._flushed is not None
            self._waiting = self._server.begin(self._flushed, self._token(self._step.token), self._content)
        else:
            self._send(self._read_head())

    def _begin(self) -> None:
        if self._head is None:
            self._head, self._state = self._server.head(), self._server.state()
        self.finished = False
        if self._head == LOG_END - 1:
            self._look_at_head_while_idle()
        else:
            last = self._rng.randint(self._head + 1, min(self._head + 6, LOG_END - 1))
            self._flushed = Flushed(Chain("clicks", 1, 0), self._head, self._head + 1, last)
            if self._server.contents is not None and self._state is not None:
                self._content = self._server.contents.flush(self._state, self._head + 1, last)
            self._steps = flush_steps(self._flushed)
            self._unchanged = False
            self._step = next(self._steps)

    def _look_at_head_while_idle(self) -> None:
        head = self._server.head()
        if head == self._head or self._server.without.rewind:
            self.finished = True
        else:
            self._head = None

    def _send(self, reply: Reply) -> None:
        assert self._steps is not None
        try:
            self._step = self._steps.send(reply)
        except StopIteration as finished:
            outcome: Outcome = finished.value
            self._steps = self._step = None
            assert self._flushed is not None
            self._head = self._flushed.last if isinstance(outcome, Done) else None

    def _token(self, token: str) -> str:
        if self._server.without.remint:
            token = token.partition("#")[0]
        if self._server.without.token:
            self._attempts += 1
            token = f"{id(self)}-{self._attempts}"
        return token

    def _read_head(self) -> int:
        assert self._flushed is not None
        head = self._server.head()
        self._unchanged |= head == self._flushed.head
        without = self._server.without
        if without.read_back or (without.rewind and head < self._flushed.head):
            return self._flushed.last
        return head


@dataclass(frozen=True)
class Count:
    """What an independent recount finds: offsets counted not at all, and more than once."""

    lost: int
    doubled: int
    drained: bool
    as_one: bool = True
    """Whether sums and folds are what one flush of the whole log would have left."""

    @property
    def exact(self) -> bool:
        return self.drained and not self.lost and not self.doubled and self.as_one


def play(
    seed: int, without: Without, *, window: int = WINDOW, restores: bool = True, contents: Contents | None = None
) -> Count:
    """One random history, then quiet until one owner is through, then the recount."""
    rng = random.Random(seed)
    server = Server(without, window, contents)
    writers = [Writer(server, rng) for _ in range(rng.randint(1, 3))]
    trouble = {
        "crash": rng.random() * 0.04,
        "restore": rng.random() * 0.02 if restores else 0.0,
        "restart": rng.random() * 0.03,
        "time-out": rng.random() * 0.2,
        "eviction": rng.random() * 0.3,
        "commit": rng.random(),
    }
    for _ in range(TROUBLED_STEPS):
        _advance(server, writers, trouble, rng)
    server.end_all()
    owner = rng.choice(writers)
    owner.finished = False
    for _ in range(QUIET_STEPS):
        if owner.finished:
            break
        _advance(server, [owner], {"commit": 1.0}, rng)
    times = Counter(offset for part in server.parts for offset in range(part.first, part.last + 1))
    return Count(
        lost=sum(times[offset] == 0 for offset in range(LOG_END)),
        doubled=sum(count > 1 for count in times.values()),
        drained=owner.finished,
        as_one=contents is None or contents.summary(server.flushed()) == contents.in_one_flush(),
    )


def _advance(server: Server, writers: list[Writer], trouble: dict[str, float], rng: random.Random) -> None:
    server.age += 1
    writer = rng.choice(writers)
    writer.step()
    for operation in list(server.running):
        operation.age += 1
        if operation.age > OPERATION_LIFE or rng.random() < trouble["commit"] * 0.5:
            server.commit(operation)
    happening = {name for name, chance in trouble.items() if rng.random() < chance}
    if "time-out" in happening:
        writer.give_up_waiting()
    if "restart" in happening:
        writer.forget()
    if "eviction" in happening:
        server.remember(f"another partition's {rng.random()}")
    if rng.random() < 0.02:
        server.backups.append((list(server.parts), list(server.tokens)))
    if "crash" in happening:
        server.crash(rng)
    if "restore" in happening and not any(one.climbing for one in writers):
        server.restore(rng)
