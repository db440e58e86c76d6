"""How a column's type says where the column ends."""

import pytest

from deploy.local.clickhouse.native_types import Reader, UnknownTypeError, arguments, column


@pytest.mark.parametrize(
    ("type_name", "rows", "data"),
    [
        ("UInt8", 3, b"\x01" * 3),
        ("DateTime('UTC')", 2, b"\x01" * 8),
        ("DateTime64(3, 'Asia/Kolkata')", 2, b"\x01" * 16),
        ("Decimal(9, 2)", 1, b"\x01" * 4),
        ("Decimal(10, 2)", 1, b"\x01" * 8),
        ("Decimal(38, 2)", 1, b"\x01" * 16),
        ("Decimal(39, 2)", 1, b"\x01" * 32),
        ("IntervalMonth", 1, b"\x01" * 8),
        ("FixedString(5)", 2, b"x" * 10),
        ("String", 2, b"\x00" + b"\x7f" + b"x" * 127),
        ("String", 1, b"\x80\x01" + b"x" * 128),
        ("Nullable(String)", 2, b"\x00\x01" + b"\x01a\x00"),
        ("Array(UInt16)", 2, (1).to_bytes(8, "little") + (3).to_bytes(8, "little") + b"\x01" * 6),
        ("Array(UInt16)", 1, (0).to_bytes(8, "little")),
        ("Map(String, UInt8)", 1, (2).to_bytes(8, "little") + b"\x01a\x01b" + b"\x01\x02"),
        ("Tuple(a UInt8, `b (` Enum8('x, (' = 1))", 1, b"\x01\x02"),
        ("SimpleAggregateFunction(sum, UInt64)", 1, b"\x01" * 8),
        (
            "LowCardinality(Nullable(String))",
            300,
            (0x601).to_bytes(8, "little") + (2).to_bytes(8, "little") + b"\x00\x01a"
            + (300).to_bytes(8, "little") + b"\x00" * 600,
        ),
    ],
)  # fmt: skip
def test_a_column_ends_where_its_type_says(type_name: str, rows: int, data: bytes) -> None:
    reader = Reader(data + b"next")
    walk = column(type_name)
    walk.rows(reader, rows)
    assert reader.at == len(data)


def test_a_low_cardinality_says_its_version_first_wherever_it_is_nested() -> None:
    reader = Reader(bytes(100))
    column(
        "Array(Tuple(LowCardinality(String), UInt8, Map(LowCardinality(String), LowCardinality(String))))"
    ).prefix(reader)
    assert reader.at == 24


@pytest.mark.parametrize(
    "type_name", ["JSON", "Dynamic", "Variant(String, UInt8)", "AggregateFunction(sum, UInt8)", ""]
)
def test_a_type_whose_length_does_not_follow_from_it_is_named(type_name: str) -> None:
    with pytest.raises(UnknownTypeError, match="cast it to String"):
        column(type_name)


def test_arguments_stand_between_the_outer_commas() -> None:
    assert arguments("a Tuple(b, c), `d,` Enum8('e,\\'(' = 1)") == ["a Tuple(b, c)", "`d,` Enum8('e,\\'(' = 1)"]
    assert arguments("") == []
