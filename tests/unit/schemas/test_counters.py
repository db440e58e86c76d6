"""A chain's name is made and read in one place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.counters import Chain, topic_and_epoch


@given(topic=st.text(min_size=1), epoch=st.integers(1, 10**6))
def test_a_chains_name_says_its_topic_and_epoch(topic: str, epoch: int) -> None:
    assert topic_and_epoch(Chain(topic, epoch, 3).name) == (topic, epoch)


@pytest.mark.parametrize(
    ("name", "read"), [("clicks", ("clicks", 0)), ("clicks@x", ("clicks", 0)), ("@", ("@", 0))]
)
def test_a_name_without_an_epoch_is_of_epoch_0(name: str, read: tuple[str, int]) -> None:
    assert topic_and_epoch(name) == read


def test_a_chain_reads_as_its_flushes_tokens_do() -> None:
    assert str(Chain("clicks", 2, 7)) == "clicks@2-7"
