import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.visitor_key.day_key import DAY_MS, DayKey, day_of, decode, encode

days = st.integers(0, 400)
keys = st.builds(DayKey, day=days, key=st.binary(min_size=32, max_size=32))


@given(keys, days, days)
def test_however_often_it_is_turned_on_the_way_the_key_of_a_day_is_one(key: DayKey, one: int, other: int) -> None:
    early, late = sorted((one, other))
    assert key.on(early).on(late) == key.on(late)


@given(keys, days)
def test_there_is_no_way_back(key: DayKey, day: int) -> None:
    turned = key.on(day)
    assert turned.day == max(key.day, day)
    assert (turned == key) == (day <= key.day)


@given(keys)
def test_a_key_is_read_as_it_was_written_and_never_shown(key: DayKey) -> None:
    assert decode(encode(key)) == key
    assert repr(key) == f"DayKey(day={key.day})"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"day":1,"key":"AAAA"}', b'{"day":-1,"key":"' + b"A" * 43 + b'="}', b"\xff"]
)
def test_what_is_no_key_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(body)


def test_a_day_is_utcs_and_random_keys_differ() -> None:
    assert (day_of(DAY_MS - 1), day_of(DAY_MS)) == (0, 1)
    assert DayKey.random(3) != DayKey.random(3)
