"""A number is what its writer meant, or none: never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.impressions.numbers import Number, NumberError, is_nothing, micros, whole_number
from schemas.events import NUMBER_LIMIT


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("0", 0),
        ("1234", 1234),
        ("1,234", 1234),
        ("1.234", 1234),
        ("1 234", 1234),
        ("1\u00a0234", 1234),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("1\u2019234", 1234),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("12,34,567", 1_234_567),
        ("1,234.00", 1234),
        ("1.234,0", 1234),
        ("40,000", 40_000),
        ("12.0", 12),
        ("12.", 12),
        (" +7 ", 7),
        ("-28", -28),
        ("\u221228", -28),
        ("28-", -28),
        ("(28)", -28),
        (12.0, 12),
        (12, 12),
        (str(NUMBER_LIMIT - 1), NUMBER_LIMIT - 1),
    ],
)
def test_thousands_are_parted_by_any_mark(cell: Number, number: int) -> None:
    assert whole_number(cell) == number


@pytest.mark.parametrize("cell", [None, "", " ", "-", "--", " --", "—", "N/A", "n/a", "null", float("nan")])
def test_a_dash_is_no_number_and_no_zero(cell: Number) -> None:
    assert whole_number(cell) is None
    assert is_nothing(cell)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("1.5", "no whole number"),
        ("1,23", "no whole number"),
        ("12.34", "no whole number"),
        ("1,234.5", "no whole number"),
        ("1,2345", "no whole number"),
        ("1234,567,8", "no whole number"),
        (12.5, "no whole number"),
        (float("inf"), "no whole number"),
        (True, "true or false"),
        ("6.48%", "a share"),
        ("6,48 %", "a share"),
        ("12K", "rounded"),
        ("1.2M", "rounded"),
        ("< 10", "rounded"),
        ("=1+1", "no whole number"),
        ("=SUM(A1:A9)", "no whole number"),
        ("1e6", "no whole number"),
        ("١٢", "no whole number"),
        ("twelve", "no whole number"),
        (str(NUMBER_LIMIT), "more than anything"),
        ("9" * 5000, "more than anything"),
        (1e300, "more than anything"),
    ],
)
def test_what_is_no_count_is_refused_with_why(cell: Number, why: str) -> None:
    with pytest.raises(NumberError, match=why):
        whole_number(cell)


@given(
    st.integers(min_value=0, max_value=NUMBER_LIMIT - 1),
    st.sampled_from([",", ".", " ", "\u00a0", "\u202f", "'"]),
    st.sampled_from(["", "-"]),
)
def test_a_count_is_read_back_whoever_wrote_it(number: int, mark: str, sign: str) -> None:
    assert whole_number(f"{sign}{number:,}".replace(",", mark)) == (-number if sign else number)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_nothing_or_refused(text: str) -> None:
    for read in (whole_number, micros):
        try:
            number = read(text)
        except NumberError:
            continue
        assert number is None or abs(number) < NUMBER_LIMIT


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.56", 1_234_560_000),
        ("1.234,56", 1_234_560_000),
        ("1234.5", 1_234_500_000),
        ("0,07 €", 70_000),
        ("EUR 12.00", 12_000_000),
        ("12", 12_000_000),
        (12.34, 12_340_000),
        ("-3.10", -3_100_000),
        ("--", None),
        ("1.234", None),
        ("1,234", None),
        ("1,234.567", 1_234_567_000),
    ],
)
def test_money_is_read_where_it_can_be_read_in_one_way(cell: Number, amount: int | None) -> None:
    assert micros(cell) == amount


@pytest.mark.parametrize("cell", ["1.2.3", "a lot", True, float("inf"), "1,2,34.5"])
def test_what_is_no_money_is_refused(cell: Number) -> None:
    with pytest.raises(NumberError):
        micros(cell)
