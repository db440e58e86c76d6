"""A little of `make fuzz`."""

import pytest

from tests.fuzz.http import requests
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", range(4))
def test_malformed_lines_crash_nothing_and_the_books_balance(name: str, seed: int) -> None:
    TARGETS[name](seed, 1700)


def test_an_expectation_that_is_no_text_is_refused_and_no_failure_of_ours() -> None:
    requests(7, 3000)
