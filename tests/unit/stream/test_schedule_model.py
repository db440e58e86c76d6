"""What the schedule makes of freshness and of the number of flushes, in a model of ClickHouse.

A flush takes `alone_s`, and longer while another runs. Its events are visible once its counters are in: all of it
but the head that is read back.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest

from stream.schedule import Flushing, Schedule, Waiting

PARTITIONS, SLOTS, INTERVAL_S = 4, 2, 1.0
STEP_S, RELAY_S = 0.01, 0.05
TOGETHER = 1.5
"""How many times longer a flush takes while two run."""
VISIBLE = 0.8


@dataclass
class Place:
    """A partition: when its last flush began, and (arrived, events) that wait for the next."""

    began: float = -1e9
    waiting: list[tuple[float, int]] = field(default_factory=list)


@dataclass
class Flush:
    place: Place
    began: float
    left_s: float
    taken: list[tuple[float, int]]


@dataclass
class Model:
    """Seconds pass in steps; `events_per_s` come to each partition, whenever the relay makes a round."""

    events_per_s: float
    alone_s: float
    early: bool
    waits: list[float] = field(default_factory=list)
    flushes: int = 0

    def run(self, seconds: float) -> "Model":
        schedule = Schedule(INTERVAL_S, 100_000, parallel=SLOTS)
        places = [Place() for _ in range(PARTITIONS)]
        draw = np.random.default_rng(1)
        queue: list[tuple[Place, float]] = []
        running: list[Flush] = []
        took_s = 0.0
        for step in range(round(seconds / STEP_S)):
            now = step * STEP_S
            if step % round(RELAY_S / STEP_S) == 0:
                for place in places:
                    if events := int(draw.poisson(self.events_per_s * RELAY_S)):
                        place.waiting.append((now, events))
            for flush in list(running):
                flush.left_s -= STEP_S / (TOGETHER if len(running) > 1 else 1)
                if flush.left_s <= 0:
                    running.remove(flush)
                    took_s = (took_s + now - flush.began) / 2
            busy = [id(flush.place) for flush in running] + [id(place) for place, _ in queue]
            looked_at = [
                (place, Waiting(now - place.waiting[0][0], self._events(place), since_flush_s=now - place.began))
                for place in places
                if place.waiting and id(place) not in busy
            ]
            looked_at.sort(key=lambda one: schedule.share(one[1]), reverse=True)
            started = [place for place, waiting in looked_at if schedule.is_due(waiting, room=True)]
            if self.early:
                flushing = Flushing(len(busy) + len(started), took_s)
                rest = [one for one in looked_at if one[0] not in started]
                early = [place for place, waiting in rest if schedule.is_early(waiting, flushing)]
                started += early[: schedule.may_be_early(flushing)]
            for place in started:
                place.began = now
                queue.append((place, now))
            while queue and len(running) < SLOTS:
                place, asked = queue.pop(0)
                running.append(Flush(place, asked, self.alone_s, place.waiting))
                visible = now + VISIBLE * self.alone_s * (TOGETHER if len(running) > 1 else 1)
                self.waits += [visible - at for at, events in place.waiting for _ in range(min(events, 20))]
                self.flushes += 1
                place.waiting = []
        return self

    @staticmethod
    def _events(place: Place) -> int:
        return sum(events for _, events in place.waiting)

    @property
    def p99_s(self) -> float:
        return float(np.percentile(self.waits, 99))


@pytest.mark.parametrize(("events_per_s", "alone_s"), [(1050, 0.13), (5250, 0.17), (5250, 0.2)])
def test_many_events_are_visible_in_less_than_an_interval_for_twice_the_flushes(
    events_per_s: float, alone_s: float
) -> None:
    """Seen on a quiet machine without early flushes, relay and query included: 1.25 and 1.37 s."""
    before = Model(events_per_s, alone_s, early=False).run(30)
    early = Model(events_per_s, alone_s, early=True).run(30)
    assert 1.1 < before.p99_s < 1.4
    assert early.p99_s < 0.9
    assert early.flushes <= 2.2 * before.flushes


def test_where_a_flush_takes_half_of_the_interval_nothing_is_early() -> None:
    before = Model(9000, 0.5, early=False).run(30)
    early = Model(9000, 0.5, early=True).run(30)
    assert early.flushes <= 1.05 * before.flushes
    assert early.p99_s <= 1.05 * before.p99_s


def test_a_click_now_and_then_is_visible_soon_and_makes_no_more_flushes() -> None:
    before = Model(0.05, 0.06, early=False).run(600)
    early = Model(0.05, 0.06, early=True).run(600)
    assert np.median(before.waits) > INTERVAL_S
    assert np.median(early.waits) < 0.2
    assert early.flushes <= 1.1 * before.flushes


def test_a_click_a_second_makes_at_most_one_flush_an_interval() -> None:
    early = Model(1, 0.06, early=True).run(120)
    assert early.flushes <= PARTITIONS * 120
    assert np.median(early.waits) < 0.5
