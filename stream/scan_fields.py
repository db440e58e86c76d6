"""The part of the scanner that follows from the table of fields: its columns, and `scan_fields.h` for scan.c."""

import json
from typing import Final

from schemas.events import FIELDS
from schemas.fields import Field

ALWAYS_ODD: Final = ("spool", "v")
"""A line with one of these is left to its type: few have them, and they change how the line is counted."""

SCANNED: Final = tuple(field for field in FIELDS if field.name not in ALWAYS_ODD)
TEXT_FIELDS: Final = tuple(field for field in SCANNED if field.wire == "text")
NUMBER_FIELDS: Final = tuple(field for field in SCANNED if field.wire != "text")
"""A code is stored as a number: its place among the field's codes, from 1; 0 where the event has none."""


def number_type(field: Field) -> str:
    """In what a number is stored, as NumPy calls it; C adds `_t`."""
    if field.wire == "code" or field.most < 2**8:
        return "uint8"
    return "uint16" if field.most < 2**16 else "int64"


def header() -> str:
    """The text of scan_fields.h."""
    bits = [*TEXT_FIELDS, *NUMBER_FIELDS]
    letters = sorted({"t", *(field.name[0] for field in SCANNED)})
    return "\n".join(
        [
            "/* Made by stream/scan_fields.py from schemas/events.py: change those. */",
            f"enum {{ {', '.join(f'TEXT_{field.name}' for field in TEXT_FIELDS)}, TEXTS }};",
            "",
            "/* Which fields of a line were there. A text's bit is its place. */",
            *(f"#define HAS_{field.name} (UINT64_C(1) << {place})" for place, field in enumerate(bits)),
            f"#define HAS_type (UINT64_C(1) << {len(bits)})",
            "#define ANY_TEXT ((UINT64_C(1) << TEXTS) - 1)",
            f"#define CLICK_NEEDS (HAS_type{_needed('click')})",
            f"#define IMPRESSION_NEEDS (HAS_type{_needed('impression')})",
            "",
            "/* Type, name, value where a line does not say. */",
            _macro("NUMBERS(EACH)", [_number(field) for field in NUMBER_FIELDS]),
            *(_codes(field) for field in NUMBER_FIELDS if field.wire == "code"),
            _macro("CASES_BY_FIRST_LETTER", [line for letter in letters for line in _case(letter)]),
        ]
    )


def _macro(name: str, lines: list[str]) -> str:
    return " \\\n    ".join([f"#define {name}", *lines]) + "\n"


def _number(field: Field) -> str:
    return f"EACH({number_type(field)}_t, {field.name}, {field.default or 0})"


def _needed(kind: str) -> str:
    return "".join(f" | HAS_{field.name}" for field in SCANNED if field.needed and kind in field.types)


def _codes(field: Field) -> str:
    texts = ", ".join(json.dumps(code + '"') for code in field.codes)
    return f"static const char *const CODES_{field.name}[] = {{{texts}, NULL}};"


def _case(letter: str) -> list[str]:
    fields = [_read(field) for field in SCANNED if field.name[0] == letter]
    return [f"case '{letter}':", *fields, *(["TYPE"] if letter == "t" else []), "return 0;"]


def _read(field: Field) -> str:
    if field.wire == "code":
        read = f"CODE({field.name})"
    else:
        read = f"{field.wire.upper()}({field.name}, {field.least}, INT64_C({field.most}))"
    if field.types == ("impression",):
        return f"if (impressions) {{ {read} }}"
    return f"if (!impressions) {{ {read} }}" if field.types == ("click",) else read
