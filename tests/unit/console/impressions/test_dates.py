"""A day is the day that was meant, or it is asked for."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.impressions.dates import DateError, Moment, Order, moment_of, order_of


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-01", "2026-11-01T00:00:00"),
        ("2026-11-01T09:30:00Z", "2026-11-01T09:30:00+00:00"),
        ("2026-11-01 09:30", "2026-11-01T09:30:00"),
        ("2026/11/1", "2026-11-01T00:00:00"),
        ("Tue, Jul 14, 2026", "2026-07-14T00:00:00"),
        ("Jun 09, 2018 09:30 pm", "2018-06-09T21:30:00"),
        ("Jun 09, 2018 12:05 am", "2018-06-09T00:05:00"),
        ("Jun 09, 2018 12:05 pm", "2018-06-09T12:05:00"),
        ("November 1st, 2026", "2026-11-01T00:00:00"),
        ("Nov 1, 2026", "2026-11-01T00:00:00"),
        ("1 Nov 2026", "2026-11-01T00:00:00"),
        ("1. Sept. 2026", "2026-09-01T00:00:00"),
        ("Mo., 1. März 2026", "2026-03-01T00:00:00"),
        ("1 août 2026", "2026-08-01T00:00:00"),
        ("1 de nov. de 2026", "2026-11-01T00:00:00"),
        ("1 dic 2026", "2026-12-01T00:00:00"),
        ("01.09.2026", "2026-09-01T00:00:00"),
        ("1.9.26 8:05", "2026-09-01T08:05:00"),
        ("2/8/2020 10:15:00 PM (GMT)", "2020-02-08T22:15:00"),
    ],
)
def test_dates_are_read_as_platforms_write_them(text: str, read: str) -> None:
    moment = moment_of(text, "mdy")
    assert moment is not None
    assert moment.isoformat() == read


@pytest.mark.parametrize("cell", [None, "", "--", " – "])  # noqa: RUF001 - a dash as files have it
def test_nothing_is_no_date(cell: Moment) -> None:
    assert moment_of(cell, None) is None


@pytest.mark.parametrize(("order", "month"), [("mdy", 3), ("dmy", 4)])
def test_the_order_of_day_and_month_is_as_told(order: Order, month: int) -> None:
    moment = moment_of("03/04/2026 18:12", order)
    assert moment is not None
    assert (moment.month, moment.day, moment.hour, moment.minute) == (month, 7 - month, 18, 12)


def test_it_is_never_guessed() -> None:
    with pytest.raises(DateError, match="--dates dmy or --dates mdy"):
        moment_of("03/04/2026", None)


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["03/04/2026", "13/04/2026"], "dmy"),
        (["03/04/2026", "04/13/2026"], "mdy"),
        (["12/12/2026", "03/04/2026"], None),
        (["13.04.2026", "2026-04-13", 7.0, None], None),
        ([], None),
    ],
)
def test_one_date_tells_the_order_of_a_files_others(cells: list[Moment], order: Order | None) -> None:
    assert order_of(cells) == order


def test_dates_of_two_orders_are_no_files() -> None:
    with pytest.raises(DateError, match="in one language"):
        order_of(["13/04/2026", "04/13/2026"])


@pytest.mark.parametrize(
    "cell", ["13/13/2026", "31/02/2026", "Foo 1, 2026", "soon", "Jun 09, 2018 25:30", 45_000.0, "2026-02-30"]
)
def test_what_is_no_date_is_refused(cell: Moment) -> None:
    with pytest.raises(DateError):
        moment_of(cell, "dmy")


@given(st.dates(min_value=date(1970, 1, 1), max_value=date(2199, 12, 31)), st.sampled_from(["mdy", "dmy"]))
def test_a_date_is_read_back_in_every_writing(day: date, order: Order) -> None:
    slashed = f"{day:%m/%d/%Y}" if order == "mdy" else f"{day:%d/%m/%Y}"
    for text in (
        day.isoformat(),
        slashed,
        f"{day:%d.%m.%Y}",
        f"{day:%B %d, %Y}",
        f"{day:%a, %b %d, %Y}",
        f"{day:%d %b %Y}",
    ):
        moment = moment_of(text, order)
        assert moment is not None
        assert moment.date() == day


@given(st.text(max_size=30), st.sampled_from(["mdy", "dmy", None]))
def test_any_text_is_a_date_or_nothing_or_refused(text: str, order: Order | None) -> None:
    try:
        moment_of(text, order)
    except DateError:
        return
