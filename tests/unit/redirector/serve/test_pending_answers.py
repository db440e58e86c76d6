"""Everybody of a turn is answered, truthfully, whatever becomes of the append."""

from collections.abc import Callable

import pytest

from redirector.serve.counts import Counts
from redirector.serve.latency import Latency
from redirector.serve.recorder import SETTLE_AFTER, PendingAnswers, Recorder
from schemas.events import Click
from tests.unit.redirector.serve.fakes import FakeSpool


class FakeConnection:
    """Notes what it sent, and what was in the spool when it did."""

    def __init__(self, spool: FakeSpool) -> None:
        self._spool = spool
        self.responses: list[bytes] = []
        self.sent: list[tuple[list[bytes], bool, int]] = []

    def send(self, *, kept: bool) -> None:
        self.sent.append((self.responses, kept, len(self._spool.lines)))
        self.responses = []


class World:
    """Pending answers with a spool, a clock and a loop that runs when the test says so."""

    def __init__(self, room: int = 100) -> None:
        self.spool, self.counts, self.latency = FakeSpool(room), Counts(), Latency()
        self.soon: list[Callable[[], None]] = []
        self.now_s = 0.0
        self.pending = PendingAnswers(
            Recorder(self.spool, self.counts),
            self.counts,
            self.latency,
            call_soon=self.soon.append,
            clock_s=lambda: self.now_s,
        )

    def connection(self) -> FakeConnection:
        return FakeConnection(self.spool)

    def click(self, connection: FakeConnection, response: bytes = b"302") -> None:
        self.pending.add(connection, response, "redirected", Click(time_ms=1, link="a/b"))

    def run(self) -> None:
        soon, self.soon[:] = self.soon.copy(), []
        for act in soon:
            act()


def test_one_turns_events_are_one_append_and_then_answered_in_order() -> None:
    world = World()
    one, other = world.connection(), world.connection()
    world.click(one, b"1")
    world.pending.add(other, b"2", "unknown_slug", None)
    world.click(one, b"3")
    assert (world.spool.appends, one.sent, len(world.soon)) == (0, [], 1)
    world.run()
    assert world.spool.appends == 1
    assert one.sent == [([b"1", b"3"], True, 2)]
    assert other.sent == [([b"2"], True, 2)]
    assert (world.counts.outcomes["redirected"], world.counts.outcomes["unknown_slug"]) == (2, 1)


def test_a_busy_turn_settles_before_its_end() -> None:
    world = World()
    connections = [world.connection() for _ in range(SETTLE_AFTER + 1)]
    for connection in connections[:-1]:
        world.click(connection)
    assert [len(connection.sent) for connection in connections] == [1] * SETTLE_AFTER + [0]
    world.click(connections[-1])
    assert not connections[-1].sent
    world.run()
    assert connections[-1].sent == [([b"302"], True, SETTLE_AFTER + 1)]


def test_who_was_not_kept_is_told_so() -> None:
    world = World(room=0)
    connection = world.connection()
    world.click(connection)
    world.run()
    assert connection.sent == [([b"302"], False, 0)]


def test_a_failure_nobody_foresaw_leaves_nobody_without_an_answer() -> None:
    world = World()
    world.spool.bug = OSError(24, "Too many open files")
    connections = [world.connection() for _ in range(3)]
    for connection in connections:
        world.click(connection)
    with pytest.raises(OSError, match="Too many"):
        world.run()
    assert [connection.sent for connection in connections] == [[([b"302"], False, 0)]] * 3
    assert world.counts.outcomes["redirected"] == 3
    world.spool.bug = None
    world.click(connections[0])
    world.run()
    assert connections[0].sent[-1] == ([b"302"], True, 1)


def test_a_connection_that_cannot_be_written_to_takes_no_answer_from_the_others() -> None:
    world = World()
    broken, fine = world.connection(), world.connection()
    world.click(broken)
    world.click(fine)
    broken.send = raising  # type: ignore[method-assign] # of this one alone
    with pytest.raises(RuntimeError, match="closed"):
        world.run()
    assert fine.sent == [([b"302"], True, 2)]


def raising(*, kept: bool) -> None:
    raise RuntimeError("the transport is closed", kept)


def test_nothing_to_settle_is_no_append_and_no_time() -> None:
    world = World()
    world.pending.settle()
    assert world.spool.appends == 0
    assert all(not counts[-1] for _, counts, _ in world.latency.histograms())


def test_how_long_a_turn_took_is_noted_for_each_of_its_answers() -> None:
    world = World()
    world.click(world.connection())
    world.now_s = 0.002
    world.pending.add(world.connection(), b"404", "unknown_slug", None)
    world.run()
    noted = {outcome: (counts[-1], sum_s) for outcome, counts, sum_s in world.latency.histograms() if sum_s}
    assert noted == {"redirected": (1, 0.002), "unknown_slug": (1, 0.002)}
