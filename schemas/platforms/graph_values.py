"""The value of a metric of Meta's: one number, parts of one, or numbers by name."""

from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.platforms.reading import ItemError, opening

Value = int | dict[str, int] | str | None


class _Total(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw()


class Metric(msgspec.Struct):
    """A metric as it stands in `data`."""

    name: str
    values: list[dict[str, msgspec.Raw]] = []
    total_value: _Total | None = None
    period: str = "lifetime"
    id: str = ""


_decode: Final = msgspec.json.Decoder(Value).decode


def value_of(metric: Metric) -> Value:
    """A metric's value. Rows of a breakdown are parts of it, if all are by the same."""
    if metric.total_value is not None and opening(metric.total_value.value):
        return _read(metric.total_value.value)
    if not metric.values:
        raise ItemError(f"{metric.name[:64]} has no values: it is withheld, or there are none yet")
    values = [_read(row.get("value", msgspec.Raw(b"null"))) for row in metric.values]
    if len(values) == 1:
        return values[0]
    by = {frozenset(row) - {"value", "end_time"} for row in metric.values}
    numbers = [value for value in values if isinstance(value, int)]
    if len(by) > 1 or not next(iter(by)) or len(numbers) < len(values):
        raise ItemError(
            f"{metric.name[:64]} has {len(values)} values that are no parts of one: ask for the lifetime"
        )
    if min(numbers) < 0:
        raise ItemError(f"{metric.name[:64]} has {min(numbers)} in it: a part of a total cannot be below zero")
    return sum(numbers)


def entries_of(name: str, value: Value) -> Iterable[tuple[str, int]]:
    """`{"link clicks": 18}` as `link_clicks`: whatever kinds there are, each is named as clicks."""
    if not isinstance(value, dict):
        raise ItemError(f"{name[:64]} should be numbers by name")
    for kind, count in value.items():
        words = "_".join(kind.lower().split())
        yield (words if words.endswith("clicks") else f"{words}_clicks"), count


def _read(raw: msgspec.Raw) -> Value:
    value: Value = _decode(raw)
    return value
