"""What this installation takes as a link, beyond what any redirector could serve: a pure rule."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

import ada_url

from console.api.hosts import is_host_name, is_internal
from console.api.problems import Problem
from schemas.destinations import is_plain, place_of
from schemas.link_names import read_slug
from schemas.links import Link, LinkError, check_link, read_domain
from schemas.own_domains import check_one_leads_away
from schemas.rules import UTM, LinkRules, destinations_by_place, named_places

_BREAKS_LINES: Final = {"Cc", "Zl", "Zp", "Cs"}
_TURNS_TEXT: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff")
_DOTS_ONLY: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
_WEB: Final = ("http:", "https:")
_TEXTS: Final = (
    *("account", "title", "campaign", "post", "channel", "profile", "variant", "experiment", "post_id"),
    "post_url",
)
_texts: Final = attrgetter(*_TEXTS)
_POINTED: Final = frozenset(
    {"slug", "destination", "post_url", "tags", "rules", "weight", "early_destination", "expired_destination"}
)
"""Fields that a message of `check_link` may begin with, and what others mean by their first words."""
_POINTERS: Final = {"origin": "/origins", "domain": "/slug"}
_READ_FOR_WHOM: Final = 200


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The settings that decide it."""

    domains: tuple[str, ...] = ()
    internal_destinations: bool = False
    own_destinations: bool = False

    def domain(self, text: str | None) -> str:
        """The domain that is meant, `text` being as somebody wrote it. Raises Problem."""
        if text is None:
            if not self.domains:
                raise Problem("invalid", "name the domain that serves the link", pointer="/domain")
            return self.domains[0]
        try:
            domain = _domain_of(text)
        except LinkError as error:
            raise Problem("invalid", str(error), pointer="/domain") from error
        if self.domains and domain not in self.domains:
            raise Problem(
                "invalid",
                f"links are made on {', '.join(self.domains)} only: choose one, or set CLICKTALLY_API_DOMAINS",
                pointer="/domain",
            )
        return domain

    def check(self, link: Link, is_own_domain: Callable[[str], bool]) -> None:
        """Raise Problem when the link is not taken; `is_own_domain` says which domains have links."""
        if not is_host_name(link.domain):
            raise Problem(
                "invalid",
                f"{link.domain!r} is no host name: letters, digits and hyphens, dots between",
                pointer="/domain",
            )
        _check_texts(link)
        try:
            check_link(link)
        except LinkError as error:
            raise Problem("invalid", _short(str(error)), pointer=_pointer_of(str(error))) from error
        places = [("destination", link.destination)]
        if link.rules is not None:
            _check_texts_of_rules(link.said)
            places += destinations_by_place(link.said)
        own_domains = _Domains(is_own_domain)
        for place, url in places:
            self._check_destination(url, f"/{place}")
            try:
                check_one_leads_away(link, url, own_domains, own_allowed=self.own_destinations)
            except LinkError as error:
                raise Problem("invalid", _short(str(error)), pointer=f"/{place}") from error

    def _check_destination(self, destination: str, pointer: str) -> None:
        if not is_plain(destination) and _names_somebody(destination):
            raise Problem(
                "invalid",
                "the destination has a user name before its host, which visitors take for the host: leave it out",
                pointer=pointer,
            )
        place = place_of(destination)  # none of what is no web address: check_link knows which others may be
        if place is not None and not self.internal_destinations and is_internal(place.host):
            raise Problem(
                "invalid",
                f"the destination leads to {place.host}, which is inside of a private network: name a public one,"
                " or set CLICKTALLY_API_INTERNAL_DESTINATIONS",
                pointer=pointer,
            )


def _check_texts(link: Link) -> None:
    whole = "".join((*_texts(link), *link.tags))
    if whole.isascii() and whole.isprintable():
        return
    for name in _TEXTS:
        check_text(getattr(link, name), f"/{name}")
    for number, tag in enumerate(link.tags):
        check_text(tag, f"/tags/{number}")


def _check_texts_of_rules(rules: LinkRules) -> None:
    for place, one in named_places(rules):
        check_text(one.name, f"/{place}/name")
    for name in UTM:
        check_text(getattr(rules, name), f"/{name}")


def _names_somebody(destination: str) -> bool:
    try:
        url = ada_url.URL(destination)
    except ValueError:
        return False
    return url.protocol in _WEB and bool(url.username or url.password)


_domain_of: Final = lru_cache(4096)(read_domain)
"""Many lines of a bulk name one domain."""


class _Domains:
    """A question, as a container."""

    def __init__(self, holds: Callable[[str], bool]) -> None:
        self._holds = holds

    def __contains__(self, domain: object) -> bool:
        return isinstance(domain, str) and self._holds(domain)


def slug_named(text: str) -> str:
    """The slug that `text` means, and that people can see and type. Raises Problem."""
    try:
        slug = read_slug(text)
    except LinkError as error:
        raise Problem("invalid", _short(str(error)), pointer="/slug") from error
    if _DOTS_ONLY.search(slug):
        raise Problem("invalid", "no browser asks for . or .. in a path: choose another slug", pointer="/slug")
    if slug.isascii() and slug.isprintable():
        return slug
    for character in slug:
        category = unicodedata.category(character)
        if category in _BREAKS_LINES or category == "Cf":
            raise Problem(
                "invalid", f"the slug has U+{ord(character):04X}, which nobody sees: leave it out", pointer="/slug"
            )
    if not unicodedata.is_normalized("NFC", slug):
        raise Problem(
            "invalid",
            f"the slug looks like {unicodedata.normalize('NFC', slug)!r} and is written otherwise, so that nobody"
            " who types it would find it: give it in Unicode's form NFC",
            pointer="/slug",
        )
    return slug


def check_text(text: str, pointer: str, *, lines: bool = False) -> None:
    """Raise Problem for a character that breaks or turns a line; with `lines` a text may have several."""
    if text.isascii() and text.isprintable():
        return
    for character in text:
        if lines and character in "\n\t":
            continue
        if character in _TURNS_TEXT or unicodedata.category(character) in _BREAKS_LINES:
            raise Problem(
                "invalid",
                f"there is U+{ord(character):04X} in it, which breaks or turns a line: leave it out",
                pointer=pointer,
            )


def _pointer_of(message: str) -> str:
    """The field that a message of `check_link` begins with."""
    name = message.partition(" ")[0]
    if name.startswith(("variants/", "rules/")) or name in _POINTED:
        return f"/{name}"
    return _POINTERS.get(name, "")


def _short(message: str) -> str:
    """A message that repeats what was sent, such as a URL of 8 kB, cut to what is read."""
    if len(message) <= 2 * _READ_FOR_WHOM:
        return message
    return f"{message[:_READ_FOR_WHOM]} … {message[-_READ_FOR_WHOM:]}"
