"""The memory in C and the one in Python say the same, and the C one grows and frees."""

import zlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.click_memory import MOST_NTH, ClickMemory, FastClickMemory, MemoryLimits, PlainClickMemory
from stream.recent_clicks import COUNTED, DUPLICATE, TOO_MANY, RecentClicks, unpacked
from stream.scanner import Scanner, scanner

LIMITS = MemoryLimits(window_ms=10_000, clicks_per_minute=5, most=50)


def built() -> Scanner:
    library = scanner()
    assert library is not None, "run make setup"
    return library


def clicks_of(rng: np.random.Generator, rows: int, *, visitors: int, links: int, times: int) -> RecentClicks:
    return RecentClicks(
        visitors=rng.integers(1, visitors + 1, rows),
        links=rng.integers(0, links, rows).astype(np.uint32),
        times=rng.integers(0, times, rows),
        nths=np.zeros(rows, np.uint16),
        verdicts=np.zeros(rows, np.uint8),
        touched_s=np.sort(rng.integers(0, 2**32, rows)),
    )


def copied(clicks: RecentClicks) -> RecentClicks:
    return unpacked(clicks.packed())


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(10_000, 5), (1, 0), (60_000, 2), (0, 3)]), st.integers(1, 60))
def test_both_memories_judge_alike(seed: int, rules: tuple[int, int], most: int) -> None:
    rng = np.random.default_rng(seed)
    limits = MemoryLimits(*rules, most=most)
    both: tuple[ClickMemory, ...] = (FastClickMemory(built(), limits), PlainClickMemory(limits))
    first, floor = 1, 1
    for _ in range(int(rng.integers(1, 6))):
        rows = int(rng.integers(1, 80))
        clicks = clicks_of(rng, rows, visitors=4, links=2, times=200_000)
        floors = np.minimum(np.sort(rng.integers(floor, first + rows, rows)), np.arange(first, first + rows))
        floors = np.maximum.accumulate(floors)
        forget, known = rng.random() < 0.3, rng.random() < 0.2
        if known:
            clicks.nths[:], clicks.verdicts[:] = rng.integers(1, 9, rows), rng.integers(0, 3, rows)
        judged = []
        for memory in both:
            if forget:
                memory.forget(floor)
            one = RecentClicks(
                clicks.visitors,
                clicks.links,
                clicks.times,
                clicks.nths.copy(),
                clicks.verdicts.copy(),
                clicks.touched_s,
            )
            memory.judge(one, first, floors, known=known)
            judged.append((one.nths.tolist(), one.verdicts.tolist()))
        assert judged[0] == judged[1]
        first, floor = first + rows, int(floors[-1])


@pytest.mark.parametrize("rows", [1, 1000, 100_000])
def test_a_memory_of_any_size_finds_each_click_again(rows: int) -> None:
    rng = np.random.default_rng(rows)
    memory = FastClickMemory(built(), MemoryLimits(10_000, 5, 10**6))
    clicks = clicks_of(rng, rows, visitors=2**53 - 2, links=2**32 - 1, times=2**53)
    for number, verdict in ((1, COUNTED), (rows + 1, DUPLICATE)):
        memory.judge(clicks, number, np.ones(rows, np.int64), known=False)
        assert set(clicks.verdicts.tolist()) == {verdict}
    assert set(clicks.nths.tolist()) == {2}


def test_what_is_forgotten_takes_no_memory() -> None:
    rng = np.random.default_rng(1)
    memory = FastClickMemory(built(), MemoryLimits(10_000, 5, 10**6))
    rows = 10_000
    for turn in range(50):
        clicks = clicks_of(rng, rows, visitors=2**53 - 2, links=9, times=9)
        memory.judge(clicks, 1 + turn * rows, np.full(rows, 1 + turn * rows), known=False)
    assert memory.size_bytes < 24 * 2 * rows * 8
    memory.forget(51 * rows)
    assert memory.size_bytes == 24 * 1024


def test_so_many_clicks_of_one_minute_that_no_more_can_be_told_stay_too_many() -> None:
    memory = FastClickMemory(built(), MemoryLimits(10_000, 60_000, 10**6))
    rows = MOST_NTH + 10
    clicks = clicks_of(np.random.default_rng(1), rows, visitors=1, links=9, times=9)
    memory.judge(clicks, 1, np.ones(rows, np.int64), known=False)
    assert clicks.nths[-12:].tolist() == [MOST_NTH - 1, *[MOST_NTH] * 11]
    assert clicks.verdicts[-1] == TOO_MANY


@pytest.mark.parametrize("texts", [["go.example/ü", "", "b/"], [""], []])
def test_texts_are_hashed_as_zlib_does(texts: list[str]) -> None:
    array = pa.array(["before", *texts], pa.string()).slice(1)
    wanted = [zlib.crc32(text.encode()) for text in texts]
    for memory in (FastClickMemory(built(), LIMITS), PlainClickMemory(LIMITS)):
        assert memory.hashes(array).tolist() == wanted


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 50))
def test_packed_clicks_come_back(seed: int, rows: int) -> None:
    clicks = clicks_of(np.random.default_rng(seed), rows, visitors=2**53 - 2, links=2**32 - 1, times=2**53)
    back = unpacked(clicks.packed())
    for name in ("visitors", "links", "times", "nths", "verdicts", "touched_s"):
        assert getattr(back, name).tolist() == getattr(clicks, name).tolist()
