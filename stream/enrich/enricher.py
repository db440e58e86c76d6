"""Agents and referrers together, with the number of what gives the answers."""

from importlib.metadata import version
from importlib.resources import files
from typing import Final

from stream.agents.version import fingerprint, number_of
from stream.enrich import agents, referrers
from stream.enrich.agents import Agents
from stream.enrich.referrers import Referrers

NUMBERS: Final = files("stream.enrich").joinpath("numbers.txt")
PACKAGES: Final = ("ua-parser", "ua-parser-builtins")
_LOGIC: Final = 1
"""Raised when the code decides otherwise from the same tables."""


class Enricher:
    """What is asked about each user agent and referrer, and remembered. For one thread at a time."""

    def __init__(self) -> None:
        self.agents: Final = Agents()
        self.referrers: Final = Referrers()
        self.fingerprint: Final = fingerprint([_LOGIC, *made_of().items(), agents.RULES, referrers.RULES])
        self.number: Final = number_of(self.fingerprint, NUMBERS)


def made_of() -> dict[str, str]:
    """The packages that answers depend on, with their versions."""
    return {name: version(name) for name in PACKAGES}
