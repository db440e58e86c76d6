"""No link leads to another of ours: every hop would count a click of its own, and a ring of them never ends."""

import re
from collections.abc import Container
from functools import lru_cache
from typing import Final

from schemas.destinations import place_of
from schemas.links import Link, LinkError, read_domain, slug_of_path

_HTTPS: Final = "https://"
_PLAIN_ORIGIN: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?")


def destination_key(destination: str) -> str | None:
    """The key of the link that a destination would be, were its domain ours; None when it is no web address.

    A port makes no difference, as it makes none in a Host header.
    """
    place = place_of(destination)
    domain = None if place is None else _domain_of(place.host)
    return None if place is None or domain is None else f"{domain}/{slug_of_path(place.path)}"


def domain_led_to(destination: str) -> str | None:
    """The domain that a link has, were it where this leads; None when it is no web address.

    That of most is told by what stands before the path, which many links have in common.
    """
    end = destination.find("/", len(_HTTPS))
    if destination.startswith(_HTTPS) and end > len(_HTTPS):
        domain = _domain_of_origin(destination[:end])
        if domain is not None:
            return domain
    place = place_of(destination)
    return None if place is None else _domain_of(place.host)


def check_leads_away(link: Link, own_domains: Container[str], *, own_allowed: bool = False) -> None:
    """Raise LinkError when a link leads to a domain that has links.

    Each new link checked against the domains that have links already makes a ring impossible, whatever its
    length: its last link leads to a domain that has some. With `own_allowed` only a link to itself is refused;
    the redirector refuses the other rings.
    """
    for destination in destinations_of(link):
        check_one_leads_away(link, destination, own_domains, own_allowed=own_allowed)


def check_one_leads_away(
    link: Link, destination: str, own_domains: Container[str], *, own_allowed: bool = False
) -> None:
    """The same of one of the link's destinations."""
    place = place_of(destination)
    domain = None if place is None else _domain_of(place.host)
    if place is None or domain is None:
        return
    if domain == link.domain and slug_of_path(place.path) == link.slug:
        raise LinkError(f"destination {destination!r} is the link itself: one visit would never end")
    if not own_allowed and (domain == link.domain or domain in own_domains):
        raise LinkError(
            f"destination {destination!r} is on {domain}, which has links itself, and each hop would count a"
            " click: name where the visit ends, or allow own domains if no link is meant"
        )


def destinations_of(link: Link) -> tuple[str, ...]:
    """Everywhere that a link may lead, the own destination first."""
    if link.rules is None:
        return (link.destination,)
    return (link.destination, *(url for _, url in link.said.destinations))


@lru_cache(maxsize=4096)
def _domain_of_origin(origin: str) -> str | None:
    """None for one in which there is anything that browsers pass over or read otherwise: what follows says more."""
    place = place_of(origin) if _PLAIN_ORIGIN.fullmatch(origin) else None
    return None if place is None else _domain_of(place.host)


@lru_cache(maxsize=4096)
def _domain_of(host: str) -> str | None:
    try:
        return read_domain(host)
    except LinkError:
        return None
