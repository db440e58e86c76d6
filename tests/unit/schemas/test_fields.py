"""The table of fields is what the event types say, and a type that it cannot hold is refused."""

from typing import Annotated, Literal

import msgspec
import pytest
from msgspec import Meta

from schemas.events import FIELDS, IMPRESSION_KINDS, IMPRESSION_SOURCES, NETWORKS, Click, Impression
from schemas.fields import NOT_STORED, Column, read_fields

TABLE = {field.name: field for field in FIELDS}


def test_every_field_of_an_event_is_in_the_table_once() -> None:
    names = {*Click.__struct_fields__, *Impression.__struct_fields__}
    assert len(FIELDS) == len(TABLE) == len(names)
    assert set(TABLE) == names
    for kind, tag in ((Click, "click"), (Impression, "impression")):
        assert {field.name for field in FIELDS if tag in field.types} == set(kind.__struct_fields__)


def test_a_code_is_in_the_order_in_which_it_was_declared() -> None:
    assert TABLE["source"].codes == IMPRESSION_SOURCES
    assert TABLE["kind"].codes == IMPRESSION_KINDS


def test_limits_columns_and_defaults_are_those_of_the_annotations() -> None:
    link, count, time = TABLE["link"], TABLE["count"], TABLE["time_ms"]
    assert (link.wire, link.least, link.most, link.needed) == ("text", 2, 511, True)
    assert (count.wire, count.least, count.most, count.default) == ("number", 1, 10**9, 1)
    assert time.column == Column("DateTime64(3, 'UTC')", "time")
    assert TABLE["ua"].column == Column("LowCardinality(String)", "ua")
    assert TABLE["v"].column is None


def test_every_field_says_what_it_means() -> None:
    assert [field.name for field in FIELDS if not field.meaning] == []


def test_no_class_of_networks_is_longer_than_its_field() -> None:
    assert max(map(len, NETWORKS)) <= TABLE["network"].most


class _Number(msgspec.Struct, tag="a"):
    bare: Annotated[int, Meta(ge=0, le=1)]


class _Endless(msgspec.Struct, tag="a"):
    endless: Annotated[str, Meta(description="as long as you like")]


class _Open(msgspec.Struct, tag="a"):
    open: Annotated[int, Meta(ge=0), NOT_STORED]


class _Fraction(msgspec.Struct, tag="a"):
    fraction: Annotated[float, Meta(ge=0, le=1)]


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        (_Number, "bare: a number needs a Column"),
        (_Endless, "endless: neither"),
        (_Open, "open: neither"),
        (_Fraction, "fraction: neither"),
    ],
)
def test_a_field_that_has_no_place_in_the_table_is_named(kind: type[msgspec.Struct], complaint: str) -> None:
    with pytest.raises(TypeError, match=complaint):
        read_fields(kind)


class _One(msgspec.Struct, tag="one"):
    both: Annotated[Literal["b", "a"], Meta(description="x")]


class _Two(_One, tag="two"):
    alone: Annotated[str, Meta(max_length=3, description="y")] = "z"


def test_a_field_of_several_types_is_one_field() -> None:
    both, alone = read_fields(_One, _Two)
    assert (both.types, both.codes, both.needed) == (("one", "two"), ("b", "a"), True)
    assert (alone.types, alone.default, alone.needed) == (("two",), "z", False)
