"""A sound chain has no finding; whatever is done to it has one at that place."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from console.audit.chain import Chain, Place, Stretch, check_chains, earlier_ends, latest
from console.audit.findings import Finding
from schemas.covered import Head

PLACE = Place("clicks@1", 3)
NOW_S = 1_000_000
DAY_S = 86_400


def chain_of(stretches: list[Stretch], gaps: list[tuple[int, int]] | None = None) -> Chain:
    """A chain whose head is where its last flush ended."""
    return Chain(Head(max(one.last for one in stretches), NOW_S), stretches, gaps or [])


def wrong(chain: Chain) -> list[Finding]:
    """What is not fine."""
    return [one for one in check_chains({PLACE: chain}, since_s=NOW_S - DAY_S) if one.severity != "ok"]


@st.composite
def sound_stretches(draw: st.DrawFn, at_least: int = 1) -> list[Stretch]:
    first = draw(st.integers(0, 10**12))
    stretches = []
    for size in draw(st.lists(st.integers(1, 5000), min_size=at_least, max_size=12)):
        stretches.append(Stretch(first, first + size - 1))
        first += size
    return stretches


@given(sound_stretches(), st.randoms())
def test_a_sound_chain_has_no_finding_wherever_it_begins(stretches: list[Stretch], random: Random) -> None:
    random.shuffle(stretches)
    assert wrong(chain_of(stretches)) == []


@given(sound_stretches(at_least=3), st.data())
def test_a_missing_flush_is_a_hole_of_exactly_its_offsets(stretches: list[Stretch], data: st.DataObject) -> None:
    lost = stretches.pop(data.draw(st.integers(1, len(stretches) - 2)))
    (hole,) = wrong(chain_of(stretches))
    assert (hole.severity, hole.name) == ("broken", "hole")
    assert hole.where == f"clicks@1-3 {lost.first}..{lost.last}"


@given(sound_stretches(at_least=3), st.data())
def test_only_a_gap_row_of_exactly_the_hole_excuses_it(stretches: list[Stretch], data: st.DataObject) -> None:
    lost = stretches.pop(data.draw(st.integers(1, len(stretches) - 2)))
    exact, shifted = (lost.first, lost.last), (lost.first, lost.last + data.draw(st.sampled_from([-1, 1, 7])))
    (gap,) = wrong(chain_of(stretches, [exact]))
    assert (gap.severity, gap.name) == ("warning", "gap")
    (hole,) = wrong(chain_of(stretches, [shifted]))
    assert (hole.severity, hole.name) == ("broken", "hole")


@given(sound_stretches(at_least=2), st.data())
def test_a_flush_over_offsets_of_another_is_an_overlap(stretches: list[Stretch], data: st.DataObject) -> None:
    whole = (stretches[0].first, stretches[-1].last)
    first = data.draw(st.integers(*whole))
    last = data.draw(st.integers(first, whole[1]))
    findings = wrong(chain_of([*stretches, Stretch(first, last)]))
    assert findings
    assert {one.name for one in findings} == {"overlap"}


@given(sound_stretches(), st.data())
def test_a_flush_inserted_twice_is_a_double(stretches: list[Stretch], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(stretches) - 1))
    twice = stretches[at]
    stretches[at] = Stretch(twice.first, twice.last, markers=1, inserted=data.draw(st.integers(2, 9)))
    (double,) = wrong(chain_of(stretches))
    assert (double.severity, double.name) == ("broken", "double")
    assert double.where == f"clicks@1-3 {twice.first}..{twice.last}"


@given(sound_stretches(), st.integers(-1000, 1000).filter(bool))
def test_a_head_that_is_not_where_the_last_flush_ended_is_found(stretches: list[Stretch], moved: int) -> None:
    (head,) = wrong(Chain(Head(stretches[-1].last + moved, NOW_S), stretches))
    assert (head.severity, head.name) == ("broken", "head_ahead" if moved > 0 else "head_behind")


def test_flushes_without_a_head_are_found() -> None:
    assert [one.name for one in wrong(Chain(None, [Stretch(0, 9)]))] == ["head_missing"]


def test_a_head_of_today_without_flushes_is_found_and_an_old_one_is_not() -> None:
    assert [one.name for one in wrong(Chain(Head(9, NOW_S)))] == ["markers_missing"]
    assert wrong(Chain(Head(9, NOW_S - 2 * DAY_S))) == []


def test_every_finding_that_is_not_fine_says_what_to_do() -> None:
    broken = Chain(Head(5, NOW_S), [Stretch(0, 3, inserted=2), Stretch(2, 4), Stretch(9, 12)])
    assert all(one.advice and one.runbook for one in wrong(broken))


def test_the_chain_that_goes_on_is_that_of_the_highest_epoch() -> None:
    old, new = Place("clicks@9", 0), Place("clicks@10", 0)
    chains = {new: Chain(Head(1, 500)), old: Chain(Head(70, 400))}
    assert latest(chains) == {("clicks", 0): new}
    assert earlier_ends(chains) == {("clicks", 0): 400}
