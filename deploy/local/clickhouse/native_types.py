"""How long a column of the format Native is: its type says how to walk through it."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

_U64: Final = struct.Struct("<Q")
_BYTES: Final = {
    1: "UInt8 Int8 Bool Enum8 Nothing",
    2: "UInt16 Int16 Date Enum16 BFloat16",
    4: "UInt32 Int32 Float32 Date32 DateTime Time IPv4 Decimal32",
    8: "UInt64 Int64 Float64 DateTime64 Time64 Decimal64",
    16: "UInt128 Int128 UUID IPv6 Decimal128",
    32: "UInt256 Int256 Decimal256",
}
_WIDTHS: Final = {name: width for width, names in _BYTES.items() for name in names.split()}
# Digits of a Decimal(P, S) and its bytes.
_DECIMALS: Final = ((9, 4), (18, 8), (38, 16), (76, 32))
_ALIASES: Final = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
_CALL: Final = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)
# A tuple's element may have a name before its type.
_NAMED: Final = re.compile(r"\A(?:`(?:[^`\\]|\\.)*`|\w+)\s+(?=\w)")
_HAS_KEYS: Final = 1 << 9


class UnknownTypeError(ValueError):
    """A type that cannot be walked through; the message names it."""


class Reader:
    """Bytes and a place in them."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        """A variable-length number."""
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the last byte of a number has no high bit
                return value
            shift += 7

    def string(self) -> bytes:
        """A string with its length."""
        size = self.number()
        self.at += size
        return self.data[self.at - size : self.at]

    def u64(self) -> int:
        """Eight bytes."""
        (value,) = _U64.unpack_from(self.data, self.at)
        self.at += 8
        return int(value)


class Column(Protocol):
    """A walk through a column."""

    def prefix(self, reader: Reader) -> None:
        """Pass what stands before all rows."""

    def rows(self, reader: Reader, count: int) -> None:
        """Pass the rows."""


@dataclass(frozen=True)
class _Fixed:
    width: int

    def prefix(self, reader: Reader) -> None: ...

    def rows(self, reader: Reader, count: int) -> None:
        reader.at += self.width * count


class _String:
    def prefix(self, reader: Reader) -> None: ...

    def rows(self, reader: Reader, count: int) -> None:
        data, at = reader.data, reader.at
        for _ in range(count):
            size = data[at]
            at += 1
            if size >= 0x80:  # noqa: PLR2004 - a longer number
                reader.at = at - 1
                size = reader.number()
                at = reader.at
            at += size
        reader.at = at


@dataclass(frozen=True)
class _Nullable:
    inner: Column

    def prefix(self, reader: Reader) -> None:
        self.inner.prefix(reader)

    def rows(self, reader: Reader, count: int) -> None:
        reader.at += count
        self.inner.rows(reader, count)


@dataclass(frozen=True)
class _Array:
    inner: Column

    def prefix(self, reader: Reader) -> None:
        self.inner.prefix(reader)

    def rows(self, reader: Reader, count: int) -> None:
        if count:
            reader.at += 8 * (count - 1)
            self.inner.rows(reader, reader.u64())


@dataclass(frozen=True)
class _Tuple:
    inner: tuple[Column, ...]

    def prefix(self, reader: Reader) -> None:
        for one in self.inner:
            one.prefix(reader)

    def rows(self, reader: Reader, count: int) -> None:
        for one in self.inner:
            one.rows(reader, count)


@dataclass(frozen=True)
class _LowCardinality:
    keys: Column

    def prefix(self, reader: Reader) -> None:
        reader.at += 8

    def rows(self, reader: Reader, count: int) -> None:
        if not count:
            return
        kind = reader.u64()
        if kind & _HAS_KEYS:
            self.keys.rows(reader, reader.u64())
        reader.at += 8 + (count << (kind & 0xFF))


@lru_cache(maxsize=1024)
def column(type_name: str) -> Column:
    """The walk through a column of that type.

    Raises:
        UnknownTypeError: its length does not follow from its type (JSON, Dynamic, Variant, AggregateFunction).
    """
    match = _CALL.fullmatch(type_name.strip())
    name, inner = (match[1], match[2] or "") if match else ("", "")
    if name in _ALIASES:
        return column(_ALIASES[name])
    if name in _WIDTHS:
        return _Fixed(_WIDTHS[name])
    if name.startswith("Interval"):
        return _Fixed(8)
    if name == "String":
        return _String()
    if name not in _COMPOUNDS:
        raise UnknownTypeError(
            f"a column of type {type_name} is not sent in this revision of Native: cast it to String"
        )
    return _COMPOUNDS[name](arguments(inner))


def _elements(types: list[str]) -> _Tuple:
    return _Tuple(tuple(column(_NAMED.sub("", one)) for one in types))


def _decimal(numbers: list[str]) -> Column:
    return _Fixed(next(width for digits, width in _DECIMALS if int(numbers[0]) <= digits))


def _low_cardinality(types: list[str]) -> Column:
    nullable = types[0].startswith("Nullable(")
    return _LowCardinality(column(types[0].removeprefix("Nullable(")[:-1] if nullable else types[0]))


_COMPOUNDS: Final[dict[str, Callable[[list[str]], Column]]] = {
    "FixedString": lambda numbers: _Fixed(int(numbers[0])),
    "Decimal": _decimal,
    "Nullable": lambda types: _Nullable(column(types[0])),
    "Array": lambda types: _Array(column(types[0])),
    "Map": lambda types: _Array(_Tuple((column(types[0]), column(types[1])))),
    "Tuple": _elements,
    "Nested": lambda types: _Array(_elements(types)),
    "LowCardinality": _low_cardinality,
    "SimpleAggregateFunction": lambda types: column(types[-1]),
}


def arguments(text: str) -> list[str]:
    """What stands between the commas of a type's brackets."""
    parts, depth, start, quote = [], 0, 0, ""
    at = 0
    while at < len(text):
        sign = text[at]
        if quote:
            if sign == "\\":
                at += 1
            elif sign == quote:
                quote = ""
        elif sign in "'`":
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "," and not depth:
            parts.append(text[start:at].strip())
            start = at + 1
        at += 1
    return [*parts, text[start:].strip()] if text.strip() else []
