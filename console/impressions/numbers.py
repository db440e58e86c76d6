"""Numbers as people's spreadsheets and platforms write them: thousands by any mark, dashes for nothing. Pure.

A count is whole, which settles what a lone mark means: before three digits it parts thousands, and before one or
two it would be a fraction, which no count has. Money has no such rule: what can be read in two ways is left out.
"""

import math
import re
from decimal import Decimal
from typing import Final

from schemas.events import NUMBER_LIMIT

Number = str | float | None
"""A cell: text, a number of a spreadsheet, or nothing. True and False are numbers here and refused."""

_NOTHING: Final = frozenset({"", "-", "--", "---", "–", "—", "− −", "n/a", "na", "null", "none", "nan", "#n/a"})  # noqa: RUF001 - dashes as files have them
_SPACES: Final = re.compile(r"[\s\u00a0\u2007\u202f\u2009'’_]")  # noqa: RUF001 - the Swiss apostrophe
_GROUPED: Final = re.compile(r"\d{1,3}(?:([.,])\d{2,3}(?:\1\d{2,3})*)?")
_LAST_GROUP: Final = 3
_WITH_FRACTION: Final = re.compile(r"(\d[\d.,]*?)([.,])(\d*)")
_ROUNDED: Final = re.compile(r"[\d.,\s]+\s*[kKmMbB]|(?:[<>≤≥~]|ca\.?).*")
_CURRENCY: Final = re.compile(r"^(?:[A-Z]{3}|[€$£¥₹])\s*|\s*(?:[A-Z]{3}|[€$£¥₹])$")
_MICROS: Final = 1_000_000


class NumberError(ValueError):
    """A cell that is no number of the wanted kind; the message says why and what to do."""


def is_nothing(cell: Number) -> bool:
    """Whether a cell says that there is no number: empty, a dash, n/a."""
    if isinstance(cell, float) and math.isnan(cell):
        return True
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in _NOTHING)


def whole_number(cell: Number) -> int | None:
    """A count; None for nothing. Raises NumberError."""
    if is_nothing(cell) or cell is None:
        return None
    if isinstance(cell, bool):
        raise NumberError("is true or false, no number")
    if not isinstance(cell, str):
        if not math.isfinite(cell) or cell != int(cell):
            raise NumberError("is no whole number")
        return _limited(int(cell))
    sign, digits = _sign(_SPACES.sub("", cell))
    if "%" in digits:
        raise NumberError("is a share, not a count: choose the column of the number itself")
    if _ROUNDED.fullmatch(digits):
        raise NumberError("is rounded: export the exact number")
    number = _whole(digits)
    if number is None:
        raise NumberError("is no whole number")
    return _limited(sign * number)


def micros(cell: Number) -> int | None:
    """An amount of money in millionths of its unit; None for nothing, and for what can be read in two ways.

    Raises NumberError.
    """
    if is_nothing(cell) or cell is None:
        return None
    if isinstance(cell, bool):
        raise NumberError("is true or false, no amount")
    if not isinstance(cell, str):
        if not math.isfinite(cell):
            raise NumberError("is no amount")
        return _limited(round(Decimal(str(cell)) * _MICROS))
    sign, digits = _sign(_SPACES.sub("", _CURRENCY.sub("", cell.strip())))
    digits_match = _WITH_FRACTION.fullmatch(digits)
    if digits_match is None:
        if not (digits.isascii() and digits.isdigit()):
            raise NumberError("is no amount")
        return _limited(sign * int(digits) * _MICROS)
    before, mark, fraction = digits_match[1], digits_match[2], digits_match[3]
    if len(fraction) == _LAST_GROUP and not (set(before) & set(".,") - {mark}):
        return None  # 1.234 is one and a bit or a thousand and more
    whole = _whole(before) if mark not in before else None
    if whole is None:
        raise NumberError("is no amount")
    return _limited(sign * int(Decimal(f"{whole}.{fraction or '0'}") * _MICROS))


def _sign(text: str) -> tuple[int, str]:
    """Minus by a sign, before or after, or by brackets."""
    if text.startswith("(") and text.endswith(")"):
        return -1, text[1:-1]
    for minus in ("-", "\u2212"):
        if text.startswith(minus):
            return -1, text[1:]
        if text.endswith(minus):
            return -1, text[:-1]
    return 1, text.removeprefix("+")


def _whole(digits: str) -> int | None:
    """Digits in groups, or in none; a fraction of zeros is none."""
    if not digits.isascii():
        return None
    if digits.isdigit():
        return int(digits) if len(digits) <= len(str(NUMBER_LIMIT)) else NUMBER_LIMIT
    grouped = _GROUPED.fullmatch(digits)
    if grouped is not None and len(digits.rpartition(grouped[1])[2]) == _LAST_GROUP:
        return int(digits.replace(grouped[1], ""))
    fraction = _WITH_FRACTION.fullmatch(digits)
    if fraction is None or fraction[3].strip("0") or len(fraction[3]) == _LAST_GROUP:
        return None
    return None if fraction[2] in fraction[1] else _whole(fraction[1])


def _limited(number: int) -> int:
    if abs(number) >= NUMBER_LIMIT:
        raise NumberError("is more than anything could be")
    return number
