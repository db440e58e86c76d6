"""The lists of bots that the rule set is made of: packages that others keep, and this package's own files."""

from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from stream.agents.matcher import Pattern

PACKAGES: Final = ("is-bot", "crawlerdetect", "crawler-user-agents")
"""PyPI's names of the lists, by licences Unlicense (its code Apache-2.0), MIT, MIT."""

OWN: Final = ("dropped", "people", "apps", "devices", "bots")
"""The files of this package: patterns of the lists to leave out; what people use; bots by their shape."""


def lines_of(text: str) -> list[str]:
    """The rules of a file: its lines without comments and empty ones."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def own_rules(name: str) -> list[str]:
    """The rules of one of this package's files."""
    return lines_of(files("stream.agents").joinpath(f"{name}.txt").read_text("utf-8"))


def packaged() -> list[Pattern]:
    """Every pattern of the packages, unabridged."""
    from crawlerdetect.providers.crawlers import data as crawlerdetect  # noqa: PLC0415 - who reads own rules alone needs no package
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # noqa: PLC0415 - the same
    from is_bot import Bots  # noqa: PLC0415 - the same

    entries: list[Any] = CRAWLER_USER_AGENTS_DATA
    return [
        *(Pattern("is-bot", expression) for expression in sorted(Bots().patterns)),
        *(Pattern("crawlerdetect", expression) for expression in crawlerdetect),
        *(Pattern("crawler-user-agents", entry["pattern"], caseless=False) for entry in entries),
    ]


def versions() -> dict[str, str]:
    """The installed version of every package."""
    return {name: version(name) for name in PACKAGES}


def without_dropped(patterns: Iterable[Pattern]) -> list[Pattern]:
    """Without those that flag people."""
    dropped = set(own_rules("dropped"))
    return [pattern for pattern in patterns if pattern.expression not in dropped]


def dropped_in_vain() -> list[str]:
    """Lines of dropped.txt that no list has any more."""
    listed = {pattern.expression for pattern in packaged()}
    return [expression for expression in own_rules("dropped") if expression not in listed]
