"""A little of `make fuzz`."""

import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", range(4))
def test_malformed_lines_crash_nothing_and_the_books_balance(name: str, seed: int) -> None:
    TARGETS[name](seed, 1700)
