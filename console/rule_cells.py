"""Variants, rules and parameters of a link as cells of an import file: lists as JSON, so that nothing is lost."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from console.link_rules import RULE_DEFAULTS, SWITCHES, TEXT_FIELDS, RuleList, Variants
from schemas.rules import LinkRules, Retired

_LISTS: Final[dict[str, Any]] = {"variants": Variants, "rules": RuleList, "retired": list[Retired]}
RULE_COLUMNS: Final = (*_LISTS, "weight", *TEXT_FIELDS, *SWITCHES)
_SWITCHED: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SHOWN: Final = 200


class CellError(ValueError):
    """A cell that says nothing that a link can have; the message says what would do."""


def read_cells(cells: Mapping[str, Any]) -> dict[str, Any]:
    """What cells say, by the names of LinkRules' fields; an empty one is the field's default. Raises CellError."""
    said: dict[str, Any] = {}
    for name, cell in cells.items():
        if not isinstance(cell, str | int | list):  # bool, too
            continue
        if isinstance(cell, str) and not cell.strip():
            said[name] = RULE_DEFAULTS.get(name, ())
        elif name in _LISTS:
            said[name] = _list(name, cell)
        elif name in SWITCHES:
            said[name] = _switch(name, cell)
        elif name == "weight":
            said[name] = whole_number(name, cell)
        else:
            said[name] = str(cell).strip()
    return said


def cells_of(rules: LinkRules) -> dict[str, Any]:
    """Rules as values of the columns; `cell_text` makes texts of them."""
    row: dict[str, Any] = {name: getattr(rules, name) for name in RULE_COLUMNS}
    return row | {
        "variants": [msgspec.structs.asdict(one) for one in rules.variants],
        "rules": [msgspec.structs.asdict(one) for one in rules.rules],
        "retired": [msgspec.structs.asdict(one) for one in rules.retired],
    }


def cell_text(name: str, value: Any) -> str:
    """A value as a cell of CSV has it."""
    if name in _LISTS:
        return msgspec.json.encode(value).decode() if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def whole_number(name: str, cell: object) -> int | None:
    """A number; None for an empty cell. Raises CellError."""
    text = str(cell).strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(2**53))):
        raise CellError(f"{name} {text[:_SHOWN]!r} is no whole number: write digits alone, or leave it empty")
    return int(text)


def _list(name: str, cell: object) -> Any:
    if not isinstance(cell, str):
        return cell
    try:
        return msgspec.json.decode(cell, type=_LISTS[name])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise CellError(
            f"{name} is no JSON list as an export writes it ({error}): correct it, or leave it empty"
        ) from error


def _switch(name: str, cell: object) -> bool:
    text = str(cell).strip().lower()
    if text not in _SWITCHED:
        raise CellError(f"{name} {text[:_SHOWN]!r} is neither true nor false: write one of them, or leave it empty")
    return _SWITCHED[text]
