"""Connections made in advance: each is given to one, and what cannot be made is met by who takes one."""

import threading
from collections.abc import Iterator

import pytest

from deploy.local.clickhouse.access import Role
from deploy.local.clickhouse.ready import Ready


class Connection:
    """Knows who made it."""

    def __init__(self, role: Role) -> None:
        self.role, self.made_by, self.closed = role, threading.current_thread(), False

    def close(self) -> None:
        self.closed = True


class Engine:
    """Makes connections; fails when told so."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.tries = threading.Semaphore(0)
        self.fails = False

    def connect(self, role: Role) -> Connection:
        try:
            if self.fails:
                raise RuntimeError("no more connections")
            self.made.append(Connection(role))
            return self.made[-1]
        finally:
            self.tries.release()

    def until_tried(self) -> None:
        assert self.tries.acquire(timeout=30)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def ready(engine: Engine) -> Iterator[Ready]:
    made = Ready(engine.connect)
    yield made
    made.close()


def test_who_finds_none_makes_it(ready: Ready, engine: Engine) -> None:
    assert ready.take(Role.READER) is engine.made[0]
    assert engine.made[0].made_by is threading.current_thread()


def test_one_made_in_advance_is_given_once_to_its_role(ready: Ready, engine: Engine) -> None:
    for role in (Role.READER, Role.WRITER):  # one after the other: when one is tried, what came before it is ready
        ready.make(role)
        engine.until_tried()
    taken = ready.take(Role.READER)
    assert taken.made_by is not threading.current_thread()
    assert taken.role is Role.READER
    assert ready.take(Role.READER) is not taken
    assert ready.take(Role.WRITER).role is Role.WRITER


def test_no_second_one_is_made_while_one_is_ready(ready: Ready, engine: Engine) -> None:
    for _ in range(3):
        ready.make(Role.WRITER)
    engine.until_tried()
    ready.close()
    assert len(engine.made) == 1


def test_a_failure_is_met_by_who_takes_one(ready: Ready, engine: Engine) -> None:
    engine.fails = True
    ready.make(Role.READER)
    engine.until_tried()
    with pytest.raises(RuntimeError, match="no more connections"):
        ready.take(Role.READER)
    engine.fails = False
    assert ready.take(Role.READER) is engine.made[0]


def test_what_is_ready_is_closed_and_nothing_is_made_afterwards(ready: Ready, engine: Engine) -> None:
    ready.make(Role.READER)
    engine.until_tried()
    ready.close()
    assert [one.closed for one in engine.made] == [True]
    ready.make(Role.READER)
    assert len(engine.made) == 1
