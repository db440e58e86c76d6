"""Which rule set counted: a number that stands beside every count and event."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from stream.agents.lists import lines_of

NUMBERS: Final = files("stream.agents").joinpath("numbers.txt")
_OWN_FROM: Final = 32_768
"""Numbers from here on are made of the fingerprint: lists or rules that no release of ours has."""


def fingerprint(rules: Iterable[object]) -> str:
    """What tells two rule sets apart: 16 hexadecimal digits of all their patterns and their order."""
    return hashlib.sha256("\n".join(map(repr, rules)).encode()).hexdigest()[:16]


def number_of(print_: str, numbers: Traversable = NUMBERS) -> int:
    """The number of a rule set: as numbers.txt has it, else one made of the fingerprint, from 32768 to 65535."""
    return _numbers(numbers).get(print_, _OWN_FROM + int(print_, 16) % _OWN_FROM)


def give_number(print_: str, versions: Mapping[str, str], today: dt.date, numbers: Traversable = NUMBERS) -> int:
    """Give a rule set the next number, in numbers.txt; the one it has, if it has one. Needs the source tree."""
    known = _numbers(numbers)
    if print_ not in known:
        number = max(known.values(), default=0) + 1
        made_of = " ".join(f"{name} {version}" for name, version in versions.items())
        with Path(str(numbers)).open("a", encoding="utf-8") as file:
            file.write(f"{number} {print_} {today} {made_of}\n")
        return number
    return known[print_]


def _numbers(numbers: Traversable) -> dict[str, int]:
    lines = (line.split() for line in lines_of(numbers.read_text("utf-8")))
    return {print_: int(number) for number, print_, *_ in lines}
