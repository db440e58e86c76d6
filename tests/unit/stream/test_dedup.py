from stream.dedup import KEY_TTL_S, SPOOL_TTL_S, DedupState

NOW_S = 1_790_000_000


def test_a_spool_that_was_never_seen_has_seq_0() -> None:
    assert DedupState().last_seq("a", NOW_S) == 0


def test_the_state_begins_with_the_rows_of_the_counter_table() -> None:
    state = DedupState([("a", 7, NOW_S), ("b", 9, NOW_S)])
    assert (state.last_seq("a", NOW_S), state.last_seq("b", NOW_S), len(state)) == (7, 9, 2)


def test_an_advanced_spool_gives_the_row_that_will_restore_it() -> None:
    state = DedupState()
    state.advance("a", 12, NOW_S)
    assert DedupState([state.row("a")]).last_seq("a", NOW_S) == 12


def test_a_spool_is_remembered_for_longer_than_events_are_accepted() -> None:
    state = DedupState([("a", 7, NOW_S)])
    assert state.last_seq("a", NOW_S + SPOOL_TTL_S) == 7
    assert state.last_seq("a", NOW_S + SPOOL_TTL_S + 1) == 0


def test_a_spool_that_is_derived_from_an_idempotency_key_is_remembered_for_two_days() -> None:
    state = DedupState([("k0123", 7, NOW_S)])
    assert state.last_seq("k0123", NOW_S + KEY_TTL_S) == 7
    assert state.last_seq("k0123", NOW_S + KEY_TTL_S + 1) == 0


def test_every_touch_prolongs_the_memory() -> None:
    state = DedupState([("k0123", 7, NOW_S)])
    state.advance("k0123", 8, NOW_S + KEY_TTL_S)
    assert state.last_seq("k0123", NOW_S + 2 * KEY_TTL_S) == 8


def test_only_what_would_no_longer_be_found_is_forgotten() -> None:
    state = DedupState([("k1", 1, NOW_S), ("k2", 1, NOW_S + 1), ("a", 1, NOW_S)])
    state.forget_expired(NOW_S + KEY_TTL_S + 1)
    assert (len(state), state.last_seq("k2", NOW_S + KEY_TTL_S + 1)) == (2, 1)
    state.forget_expired(NOW_S + SPOOL_TTL_S + 2)
    assert len(state) == 0
