import itertools
import random
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from schemas.counters import SPOOL_TTL_S
from schemas.idempotency import KEY_TTL_S, key_spool
from stream.dedup import DedupState
from stream.key_memory import SHARDS, KeyMemory, Life

NOW_S = 1_790_000_000


def seq_at(state: DedupState, spool: str, now_s: int) -> int:
    state.reach(now_s)
    return state.last_seq(spool)


def advanced(state: DedupState, spool: str, seq: int, now_s: int) -> bool:
    state.reach(now_s)
    return state.advance(spool, seq)


def forget(state: DedupState, now_s: int) -> None:
    state.reach(now_s)
    state.forget_expired()


def test_a_spool_that_was_never_seen_has_seq_0() -> None:
    assert DedupState().last_seq("a") == 0


def test_the_state_begins_with_the_rows_of_the_counter_table() -> None:
    state = DedupState([("a", 7, NOW_S), ("b", 9, NOW_S)])
    assert (seq_at(state, "a", NOW_S), seq_at(state, "b", NOW_S), len(state)) == (7, 9, 2)


def test_an_advanced_spool_gives_the_row_that_will_restore_it() -> None:
    state = DedupState()
    advanced(state, "a", 12, NOW_S)
    assert DedupState([state.row("a")], NOW_S).last_seq("a") == 12


def test_a_spool_is_remembered_for_longer_than_events_are_accepted() -> None:
    state = DedupState([("a", 7, NOW_S)])
    assert seq_at(state, "a", NOW_S + SPOOL_TTL_S) == 7
    assert seq_at(state, "a", NOW_S + SPOOL_TTL_S + 1) == 0


def test_an_idempotency_key_is_remembered_for_two_days() -> None:
    state = DedupState([("k0123", 7, NOW_S)])
    assert seq_at(state, "k0123", NOW_S + KEY_TTL_S) == 7
    assert seq_at(state, "k0123", NOW_S + KEY_TTL_S + 1) == 0


def test_every_touch_prolongs_a_spools_memory_and_no_keys() -> None:
    state = DedupState([("a", 7, NOW_S), ("k0123", 7, NOW_S)])
    advanced(state, "a", 8, NOW_S + KEY_TTL_S)
    advanced(state, "k0123", 8, NOW_S + KEY_TTL_S)
    assert seq_at(state, "k0123", NOW_S + KEY_TTL_S) == 8
    assert state.row("k0123") == ("k0123", 8, NOW_S)
    assert seq_at(state, "k0123", NOW_S + KEY_TTL_S + 1) == 0
    assert seq_at(state, "a", NOW_S + KEY_TTL_S + SPOOL_TTL_S) == 8


def test_a_key_that_comes_again_after_its_life_begins_another() -> None:
    state = DedupState([("k0123", 7, NOW_S)])
    advanced(state, "k0123", 1, NOW_S + KEY_TTL_S + 1)
    assert state.row("k0123") == ("k0123", 1, NOW_S + KEY_TTL_S + 1)
    assert seq_at(state, "k0123", NOW_S + 2 * KEY_TTL_S + 1) == 1


def test_only_what_would_no_longer_be_found_is_forgotten() -> None:
    state = DedupState([("k1", 1, NOW_S), ("k2", 1, NOW_S + 1), ("a", 1, NOW_S)])
    sweep_all(state, NOW_S + KEY_TTL_S + 1)
    assert (len(state), seq_at(state, "k2", NOW_S + KEY_TTL_S + 1)) == (2, 1)
    sweep_all(state, NOW_S + SPOOL_TTL_S + 2)
    assert len(state) == 0


def sweep_all(state: DedupState, now_s: int) -> None:
    """As many flushes as it takes to look at every key."""
    for _ in range(SHARDS):
        forget(state, now_s)


def test_time_never_goes_back_so_whether_memory_was_freed_changes_no_answer() -> None:
    swept, unswept = (DedupState([("k1", 3, NOW_S)]) for _ in range(2))
    for state in (swept, unswept):
        assert seq_at(state, "a", NOW_S + KEY_TTL_S + 1) == 0
    sweep_all(swept, NOW_S + KEY_TTL_S + 1)
    restored = DedupState([], NOW_S + KEY_TTL_S + 1)
    assert [seq_at(state, "k1", NOW_S) for state in (swept, unswept, restored)] == [0, 0, 0]
    for state in (swept, unswept, restored):
        advanced(state, "k1", 2, NOW_S)
    assert {state.row("k1") for state in (swept, unswept, restored)} == {("k1", 2, NOW_S + KEY_TTL_S + 1)}


def test_a_key_that_comes_with_other_bytes_is_told_apart_and_noticed() -> None:
    one, two = key_spool("token", "order-1", b"one"), key_spool("token", "order-1", b"two")
    state = DedupState()
    assert not advanced(state, one, 1, NOW_S)
    assert advanced(state, two, 1, NOW_S)
    assert not advanced(state, two, 2, NOW_S)
    assert not advanced(state, key_spool("token", "order-2", b"one"), 1, NOW_S)
    assert not advanced(state, key_spool("other", "order-1", b"one"), 1, NOW_S)
    assert (seq_at(state, one, NOW_S), seq_at(state, two, NOW_S), len(state)) == (1, 2, 4)
    assert not advanced(state, key_spool("token", "order-1", b"three"), 1, NOW_S + KEY_TTL_S + 1)


def test_a_flush_looks_at_few_keys_and_frees_all_in_time() -> None:
    """Of a full scan at every flush 100 keyed requests a second would take 2.6 s of each."""
    state = DedupState()
    for number in range(20_000):
        advanced(state, key_spool("token", str(number), b""), 1, NOW_S)
    sizes = []
    while len(state):
        forget(state, NOW_S + KEY_TTL_S + 1)
        sizes.append(len(state))
    freed = [before - after for before, after in itertools.pairwise([20_000, *sizes])]
    assert (len(sizes), max(freed) < 200) == (SHARDS // 16, True)


def test_a_million_keys_take_less_than_40_bytes_each() -> None:
    """They took 168; 100 keyed requests a second for 48 h come to 17 million."""
    rng = random.Random(1)
    memory = KeyMemory()
    tracemalloc.start()
    try:
        for number in range(150_000):
            memory.put(rng.getrandbits(64), rng.getrandbits(64), Life(number % 50, NOW_S))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    a_million = taken / 150_000 * (1 - 150 * SHARDS / taken)  # the shards themselves are there once
    assert a_million < 40


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["adv", "last", "forget"]), st.integers(0, 6), st.integers(0, 9), st.integers(-1, 3)
        )
    )
)
def test_any_history_gives_what_a_plain_dictionary_with_a_clock_gives(
    steps: list[tuple[str, int, int, int]],
) -> None:
    state, now_s, reached_s = DedupState([], NOW_S), NOW_S, NOW_S
    lives: dict[str, tuple[int, int]] = {}
    for step, number, seq, ahead in steps:
        now_s += ahead * (KEY_TTL_S // 2) - (ahead < 0)
        reached_s = max(reached_s, now_s)
        spool = key_spool("token", str(number // 2), str(number % 2).encode())
        known, born_s = lives.get(spool, (0, reached_s))
        alive = reached_s - born_s <= KEY_TTL_S
        if step == "last":
            assert seq_at(state, spool, now_s) == (known if alive else 0)
        elif step == "adv":
            lives[spool] = seq, born_s if alive and spool in lives else reached_s
            advanced(state, spool, seq, now_s)
            assert state.row(spool) == (spool, *lives[spool])
        else:
            forget(state, now_s)
