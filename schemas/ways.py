"""Where a link leads by the number of the destination: what redirectors answer, and consoles foretell."""

from typing import Final, NamedTuple

from schemas.links import Link, RedirectStatus
from schemas.passed_query import PassedQuery
from schemas.rules import EARLY, OWN

_FOR_NOW: Final[dict[RedirectStatus, RedirectStatus]] = {301: 302, 308: 307}
"""What is said instead of "for ever" while a link has not begun."""


class Way(NamedTuple):
    """The status that a visit is answered with, and where it is led."""

    status: int
    to: PassedQuery


def ways_of(link: Link) -> dict[int, Way]:
    """All ways that a link has; EARLY and EXPIRED are among them only where it names a destination for them."""
    rules = link.said
    return {
        number: Way(
            _FOR_NOW.get(link.status, link.status) if number == EARLY else link.status, PassedQuery(url, rules.utm)
        )
        for number, url in ((OWN, link.destination), *rules.destinations)
    }
