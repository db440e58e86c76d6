import time
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from redirector.serve.body_errors import BodyError
from redirector.serve.items import ItemError, read_item, split

GOOD: Final = b'{"link":"go.example/launch","kind":"rendered"}'
DEEP: Final = b"[" * 1500 + b"]" * 1500
DEEP_FIELD: Final = b'{"link":"go.example/launch","kind":' + DEEP + b"}"
SIZE: Final = 1 << 20
NS_A_BYTE: Final = 60
"""CPU that a body may take, as in `make fuzz`. What it takes on a quiet machine: 1 to 40."""


def refusal_of(raw: bytes) -> str:
    with pytest.raises(ItemError) as refusal:
        read_item(raw)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("body", "content_type", "count"),
    [
        (b'[{"a":1},{"a":2}]', "application/json", 2),
        (b"[]", "", 0),
        (b' {"a":1}\n', "text/plain", 1),
        (b'{"a":\n1}', "application/json", 1),
        (b'{"a":1}\n{"a":2}\n', "application/json", 2),
        (b'{"a":1}\r\n\r\n{"a":2}', "application/x-ndjson", 2),
        (b'{"a":1}\nbroken', "application/x-ndjson", 2),
        (b'\xef\xbb\xbf[{"a":1},{"a":2}]', "application/json", 2),
        (b'\xef\xbb\xbf{"a":1}\n{"a":2}', "application/x-ndjson", 2),
        (b'\xef\xbb\xbf {"a":1}', "", 1),
    ],
)
def test_a_body_is_an_array_or_lines_or_one_object_with_a_byte_order_mark_or_without(
    body: bytes, content_type: str, count: int
) -> None:
    assert len(split(body, content_type, 10)) == count


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"hello",
        b"[1,",
        b"[1]]",
        b"a=b&c=d",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"[" * 1000,
        DEEP + b"]",
        DEEP[:-1],
    ],
)
def test_what_is_no_json_at_all_is_refused(body: bytes) -> None:
    with pytest.raises(BodyError) as refusal:
        split(body, "", 10)
    assert refusal.value.status == 400


def test_utf_16_is_told_what_would_do() -> None:
    for order in ("utf-16-le", "utf-16-be"):
        with pytest.raises(BodyError, match="UTF-16: send it as UTF-8"):
            split(("\ufeff" + GOOD.decode()).encode(order), "", 10)


def test_more_items_than_allowed_are_413() -> None:
    for body in (b"[1,2,3]", b"1\n2\n3", b"[" + DEEP + b",2,3]"):
        with pytest.raises(BodyError, match="at most 2") as refusal:
            split(body, "", 2)
        assert refusal.value.status == 413


@pytest.mark.parametrize("deep", [DEEP, DEEP_FIELD, b'{"a":' * 1500 + b"1" + b"}" * 1500])
def test_nested_arrays_are_rejected_alone_and_their_neighbours_are_not(deep: bytes) -> None:
    quoted = b'{"link":"go.example/a]},[{\\"","kind":"rendered"}'
    for body in (
        b"[" + GOOD + b"," + deep + b", " + quoted + b"\n]",
        b"[" + b",".join([GOOD, deep, quoted]) + b"]",
        b"\n".join([GOOD, deep, quoted]),
    ):
        first, second, third = split(body, "", 10)
        assert read_item(first).link == "go.example/launch"
        assert read_item(third).link == 'go.example/a]},[{"'
        assert refusal_of(second)
    assert "nested too deeply" in refusal_of(DEEP_FIELD) or "Expected" in refusal_of(DEEP_FIELD)


def test_an_array_with_a_deep_item_is_split_as_any_other() -> None:
    flat = [b"1", b'"],["', b'{"a":[1,{"b":"\\\\"}],"c":2}', b"[]", b'"\\""', b"{}"]
    assert split(b"[" + b",".join([*flat, DEEP]) + b"]", "", 10) == [*flat, DEEP]
    assert split(b"[" + b",".join(flat) + b"]", "", 10) == flat


@pytest.mark.parametrize(
    ("raw", "repeated"),
    [
        (b'{"link":"a/b","kind":"rendered","count":1,"count":1000000}', "count"),
        (b'{"link":"a/b","link":"a/c","kind":"rendered"}', "link"),
        (b'{"link":"a/b","kind":"served","kind":"rendered"}', "kind"),
        (b'{"link":"a/b","\\u006bind":"served","kind":"rendered"}', "kind"),
        (b'{"link":"a/b","kind":"rendered","time_ms":null,"time_ms":null}', "time_ms"),
        (b'{"link":"https://a:1/b","kind":"rendered","count":1,"count":1}', "count"),
        (b'{"link":"a/b","link":"a/b","kind":"rendered","kind":"rendered"}', "link, kind"),
    ],
)
def test_a_field_that_is_given_twice_is_rejected_by_name(raw: bytes, repeated: str) -> None:
    assert refusal_of(raw) == f"it has {repeated} more than once: send each field once"


@pytest.mark.parametrize(
    "raw",
    [
        b'{"link":"a/b","kind":"rendered"}',
        b'{"link":"https://a:1/b:c:d","kind":"rendered","count":1}',
        b'{"link":"a/b","kind":"rendered","count":1,"time_ms":null,"source":null}',
        b'{"domain":"a","slug":"","kind":"rendered"}',
        b'{"domain":"a","slug":"\\"link\\":\\"link\\":","kind":"rendered"}',
    ],
)
def test_a_field_that_is_given_once_is_taken_whatever_its_value(raw: bytes) -> None:
    assert read_item(raw).kind == "rendered"


def test_an_item_that_is_not_utf_8_says_so() -> None:
    assert "UTF-8" in refusal_of(b'{"link": "go.example/\xff", "kind": "rendered"}')


@pytest.mark.parametrize("number", [b"9" * 5000, b"-" + b"9" * 5000, b"1e400", b"%d" % 2**64])
def test_a_number_of_any_length_is_rejected(number: bytes) -> None:
    for name in (b"time_ms", b"count"):
        assert len(refusal_of(b'{"link":"a/b","kind":"rendered","' + name + b'":' + number + b"}")) < 400


@given(st.binary(max_size=200))
def test_any_body_is_items_or_a_refusal(body: bytes) -> None:
    try:
        items = split(body, "", 10)
    except BodyError:
        return
    for item in items:
        try:
            read_item(item)
        except ItemError as error:
            msgspec.json.encode(str(error))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * SIZE,
        b"[{" * (SIZE // 2),
        b"[" + DEEP + b",[]" * (SIZE // 3) + b"]",
        b"[" + DEEP + b',"' + b'\\"' * (SIZE // 2),
        b"[" + DEEP + b',""' * (SIZE // 3) + b"]",
        b"[" + DEEP + b"," + b"a" * SIZE,
        b"[" + DEEP + b"," * SIZE,
        b"\r\n\r\n" * (SIZE // 4),
        b"1\n" * (SIZE // 2),
        b"[" + b",".join([DEEP, *[GOOD] * 4999]) + b"]",
        b"[" + b",".join([GOOD] * 5000) + b"]",
        b'{"kind":"rendered","link":"' + b":" * SIZE + b'"}',
        b'{"kind":"rendered","link":"' + b'","link":"' * (SIZE // 10) + b'"}',
        b"[" + b",".join([b'{"link":"https://go.example:1/a","kind":"rendered"}'] * 5000) + b"]",
    ],
)
def test_a_body_costs_what_it_weighs(body: bytes) -> None:
    spent_s = min(cpu_s(body) for _ in range(10))
    assert spent_s / len(body) * 1e9 < NS_A_BYTE


def cpu_s(body: bytes) -> float:
    began = time.process_time()
    try:
        for item in split(body, "", 5000):
            try:
                read_item(item)
            except ItemError:
                continue
    except BodyError:
        pass
    return time.process_time() - began
