"""The table of an event's fields, read from its types: scanner, columns, rows and pages follow from it."""

from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_type_hints

import msgspec

Wire = Literal["number", "text", "code"]
"""How a field stands in a line: a whole number, a text, or one of a few texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where the table `events` keeps a field; `name` is given where it is not the field's own."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event as it travels and as it is stored.

    `least` and `most` are the smallest and largest number, or the shortest and longest text in characters.
    `codes` are the texts that a `code` may be. `column` is None for what `events` does not store. `types` names
    the types of events that have it, and `needed` says whether a line without it is no event.
    """

    name: str
    wire: Wire
    least: int
    most: int
    codes: tuple[str, ...]
    column: Column | None
    types: tuple[str, ...]
    needed: bool
    default: int | str
    meaning: str


NOT_STORED: Final = Column("")
_BY_DICTIONARY: Final = "LowCardinality(String)"


def read_fields(*types: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Every field of these tagged types, once, in the order in which they name them.

    A text is stored by dictionary unless its annotation says otherwise; a number has to say how. Raises TypeError
    for a field that has no place in the table.
    """
    fields: dict[str, Field] = {}
    for kind in types:
        tag = str(kind.__struct_config__.tag)
        hints = get_type_hints(kind, include_extras=True)
        for field in msgspec.structs.fields(kind):
            before = fields.get(field.name)
            fields[field.name] = _field(field, hints[field.name], (*(before.types if before else ()), tag))
    return tuple(fields.values())


def _field(field: msgspec.structs.FieldInfo, hint: Any, types: tuple[str, ...]) -> Field:
    bare, *extras = get_args(hint)
    column = next((extra for extra in extras if isinstance(extra, Column)), Column(_BY_DICTIONARY))
    wire, least, most = _bounds(field)
    if wire == "number" and column.kind == _BY_DICTIONARY:
        raise TypeError(f"field {field.name}: a number needs a Column")
    return Field(
        name=field.name,
        wire=wire,
        least=least,
        most=most,
        codes=get_args(bare) if wire == "code" else (),
        column=None if column is NOT_STORED else Column(column.kind, column.name or field.name),
        types=types,
        needed=field.required,
        default=(0 if wire == "number" else "") if field.required else field.default,
        meaning=next(extra.description for extra in extras if isinstance(extra, msgspec.Meta)) or "",
    )


def _bounds(field: msgspec.structs.FieldInfo) -> tuple[Wire, int, int]:
    (kind,) = msgspec.inspect.multi_type_info([field.type])
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if isinstance(kind, msgspec.inspect.LiteralType):
        return "code", 0, 0
    if isinstance(kind, msgspec.inspect.StrType) and kind.max_length is not None:
        return "text", kind.min_length or 0, kind.max_length
    if isinstance(kind, msgspec.inspect.IntType) and kind.ge is not None:
        if kind.le is not None:
            return "number", kind.ge, kind.le
        if kind.lt is not None:
            return "number", kind.ge, kind.lt - 1
    raise TypeError(f"field {field.name}: neither a whole number nor a text with limits, nor one of some texts")
