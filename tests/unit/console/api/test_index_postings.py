"""Postings hold the places that they were given, however many, and texts give all terms that a search asks for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.api import index_postings
from console.api.index_postings import (
    SEGMENT,
    Places,
    buckets,
    common,
    packed,
    postings_of_labels,
    postings_of_texts,
    with_places,
)

_FEW_OR_MANY = st.one_of(
    st.sets(st.integers(0, SEGMENT - 1), min_size=1, max_size=50),
    st.builds(
        lambda start, step: set(range(start, SEGMENT, step)), st.integers(0, 9), st.sampled_from([3, 15, 16, 17])
    ),
)


def places_of(numbers: set[int] | range | list[int]) -> Places:
    return np.array(sorted(numbers), np.uint16)


@pytest.mark.parametrize("count", [1, 4_095, 4_096, 4_097, SEGMENT])
def test_no_number_of_places_takes_more_than_a_bitmap(count: int) -> None:
    content = packed(places_of(range(SEGMENT - count, SEGMENT)))
    assert len(content) == min(2 * count, 8_192)
    assert common([content]).tolist() == list(range(SEGMENT - count, SEGMENT))


@pytest.mark.parametrize("added", [1, 2, 3])
def test_an_array_becomes_a_bitmap_when_it_would_take_more(added: int) -> None:
    content = with_places(packed(places_of(range(4_094))), places_of(range(5_000, 5_000 + added)))
    assert len(content) == (8_190 if added == 1 else 8_192)
    assert common([content]).tolist() == [*range(4_094), *range(5_000, 5_000 + added)]


@settings(max_examples=60, deadline=None)
@given(one=_FEW_OR_MANY, other=_FEW_OR_MANY)
def test_places_are_joined_and_met_as_sets_are(one: set[int], other: set[int]) -> None:
    joined = with_places(packed(places_of(one)), places_of(other))
    assert set(common([joined]).tolist()) == one | other
    assert common([packed(places_of(one)), joined, packed(places_of(other))]).tolist() == sorted(one & other)


_TEXT = st.text(st.sampled_from("abcü€\n"), max_size=12)


@pytest.mark.parametrize("at_once", [1, 8, 1024])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(_TEXT, min_size=1, max_size=6), data=st.data())
def test_every_part_of_a_line_leads_to_its_text(at_once: int, texts: list[str], data: st.DataObject) -> None:
    places = places_of(data.draw(st.sets(st.integers(0, SEGMENT - 1), min_size=len(texts), max_size=len(texts))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_postings, "_AT_ONCE_BYTES", at_once)
        postings = dict(postings_of_texts(places, [text.encode() for text in texts]))
    assert all((np.diff(found.astype(int)) > 0).all() for found in postings.values())
    asked: set[int] = set()
    for place, text in zip(places.tolist(), texts, strict=True):
        for line in text.split("\n"):
            for start in range(len(line) - 2):
                terms = buckets(line[start:])
                asked.update(terms)
                assert all(place in postings[term].tolist() for term in terms)
    lines = [line.encode() for text in texts for line in text.split("\n")]
    grams = {line[at : at + 3] for line in lines for at in range(len(line) - 2)}
    assert len(postings) <= len(grams), "no term goes over the end of a line"


def test_a_label_that_is_named_twice_is_at_its_place_once() -> None:
    labels = [(7, -5, 7), (), (-5,)]
    found = [(term, at.tolist()) for term, at in postings_of_labels(places_of([1, 2, 9]), labels)]
    assert found == [(-5, [1, 9]), (7, [1])]


def test_nothing_is_found_by_nothing() -> None:
    assert list(postings_of_texts(places_of([3]), [b""])) == []
    assert list(postings_of_labels(places_of([3]), [()])) == []
