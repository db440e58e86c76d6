import pytest

from schemas.counters import Chain
from stream.chain import (
    NO_HEAD,
    Done,
    Flushed,
    Insert,
    InsertReply,
    Overtaken,
    ReadHead,
    Rewound,
    flush_steps,
    mint,
)
from stream.folds import FOLDS
from stream.state import StateFold
from tests.unit.stream.chain_contents import Contents
from tests.unit.stream.chain_model import LOG_END, Without, play
from tests.unit.stream.latest_by_link import LatestByLink

HISTORIES = 3000
FOLD_HISTORIES = 60
FLUSHED = Flushed(Chain("clicks", 1, 3), head=9, first=10, last=19)


def outcome_of_head(head: int) -> object:
    steps = flush_steps(FLUSHED)
    assert next(steps) == Insert("clicks@1-3-10")
    assert steps.send(InsertReply.ANSWERED) == ReadHead()
    try:
        return steps.send(head)
    except StopIteration as finished:
        return finished.value


def test_a_head_at_the_flush_s_last_offset_means_done() -> None:
    assert outcome_of_head(19) == Done(burned=0)


def test_while_the_head_stays_unchanged_the_ladder_of_tokens_is_climbed_from_the_bottom_each_time() -> None:
    steps = flush_steps(FLUSHED)
    tokens = []
    step = next(steps)
    for _ in range(7):
        assert isinstance(step, Insert)
        tokens.append(step.token.removeprefix("clicks@1-3-10"))
        steps.send(InsertReply.ANSWERED)
        step = steps.send(9)
    assert tokens == ["", "", "#1", "", "#1", "#2", ""]


def test_an_insert_without_an_answer_starts_the_ladder_anew() -> None:
    steps = flush_steps(FLUSHED)
    next(steps)
    for _ in range(2):
        steps.send(InsertReply.ANSWERED)
        step = steps.send(9)
    assert step == Insert("clicks@1-3-10#1")
    assert steps.send(InsertReply.UNKNOWN) == Insert("clicks@1-3-10")


@pytest.mark.parametrize("head", [10, 18, 20, 400])
def test_a_head_that_moved_elsewhere_means_that_another_writer_was_here(head: int) -> None:
    assert outcome_of_head(head) == Overtaken(head)


@pytest.mark.parametrize("head", [8, 0, NO_HEAD])
def test_a_head_before_the_known_one_means_that_the_table_was_restored(head: int) -> None:
    assert outcome_of_head(head) == Rewound(head)


def test_an_insert_without_an_answer_is_repeated_with_the_same_token_until_there_is_one() -> None:
    steps = flush_steps(FLUSHED)
    first = next(steps)
    assert [steps.send(InsertReply.UNKNOWN) for _ in range(5)] == [first] * 5


def test_every_writer_of_the_same_first_offset_mints_the_same_token_however_long_its_batch_is() -> None:
    longer = Flushed(Chain("clicks", 1, 3), head=9, first=10, last=500)
    assert mint(FLUSHED, 0) == mint(longer, 0)
    assert mint(FLUSHED, 2) == mint(longer, 2) != mint(FLUSHED, 1)


def test_a_flush_must_lie_beyond_its_head() -> None:
    with pytest.raises(ValueError, match="head < first <= last"):
        Flushed(Chain("clicks", 1, 0), head=10, first=10, last=12)


def test_no_history_loses_or_doubles_anything() -> None:
    wrong = [seed for seed in range(HISTORIES) if not play(seed, Without()).exact]
    assert wrong == []


def test_a_window_that_outlasts_every_insert_on_the_server_is_large_enough() -> None:
    wrong = [seed for seed in range(HISTORIES) if not play(seed, Without(), window=100).exact]
    assert wrong == []


def test_no_history_leaves_a_class_or_what_is_remembered_other_than_one_flush_of_the_whole_log() -> None:
    contents = Contents(LOG_END, [], clicks=True)
    counted = contents.in_one_flush()[0]
    assert isinstance(counted, dict)
    assert {name for _, name in counted} == {"human", "duplicate", "bot"}
    wrong = [seed for seed in range(FOLD_HISTORIES) if not play(seed, Without(), contents=contents).exact]
    assert wrong == []


def test_repeats_are_found_out_when_what_is_remembered_and_the_head_are_not_of_one_flush() -> None:
    contents = Contents(LOG_END, [], clicks=True)
    without = Without(condition=True)
    assert any(not play(seed, without, contents=contents).as_one for seed in range(FOLD_HISTORIES))


@pytest.mark.parametrize("kind", [None, *FOLDS, LatestByLink], ids=lambda kind: kind.name if kind else "dedup")
def test_no_history_leaves_a_fold_other_than_one_flush_of_the_whole_log(kind: type[StateFold] | None) -> None:
    contents = Contents(LOG_END, [] if kind is None else [kind])
    wrong = [seed for seed in range(FOLD_HISTORIES) if not play(seed, Without(), contents=contents).exact]
    assert wrong == []


@pytest.mark.parametrize("kind", FOLDS, ids=lambda kind: kind.name)
def test_a_fold_is_found_out_when_its_state_and_the_head_are_not_of_one_flush(kind: type[StateFold]) -> None:
    contents = Contents(LOG_END, [kind])
    without = Without(condition=True)
    assert any(not play(seed, without, contents=contents).as_one for seed in range(FOLD_HISTORIES))


@pytest.mark.parametrize(
    "without",
    [
        Without(condition=True),
        Without(token=True),
        Without(read_back=True),
        Without(remint=True),
        Without(rewind=True),
    ],
    ids=["condition", "token", "read-back", "re-mint", "rewind"],
)
def test_the_protocol_without_one_of_its_parts_is_found_out(without: Without) -> None:
    wrong = sum(not play(seed, without).exact for seed in range(400))
    assert wrong > 4, "the model would not notice if this part were missing"
