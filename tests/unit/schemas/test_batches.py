import pytest

from schemas.batches import BatchHeaders, read_headers
from schemas.errors import PoisonError


def test_headers_are_ascii_text_and_decimal_numbers() -> None:
    headers = BatchHeaders(spool="00aa", first=7, last=12, prev=3).to_kafka()
    assert headers == [("spool", b"00aa"), ("first", b"7"), ("last", b"12"), ("prev", b"3")]
    assert read_headers(headers) == BatchHeaders(spool="00aa", first=7, last=12, prev=3)


def test_a_record_without_a_spool_has_no_identity() -> None:
    assert read_headers([]) is None
    assert read_headers([("first", b"x"), ("traceparent", b"00")]) is None


@pytest.mark.parametrize(
    "numbers",
    [
        {"first": b"1", "last": b"2"},
        {"first": b"1", "last": b"2", "prev": b""},
        {"first": b"1", "last": b"2", "prev": b"1"},
        {"first": b"2", "last": b"1", "prev": b"0"},
        {"first": b"1", "last": b"2", "prev": b"-1"},
        {"first": b"1", "last": b"%d" % 2**53, "prev": b"0"},
    ],
)
def test_broken_numbers_are_named(numbers: dict[str, bytes]) -> None:
    with pytest.raises(PoisonError) as caught:
        read_headers([("spool", b"00aa"), *numbers.items()])
    assert caught.value.reason == "bad_headers"
    assert "prev" in caught.value.detail
