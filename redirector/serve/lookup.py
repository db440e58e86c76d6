"""From a request's Host and path to a link that is ready to be answered."""

import logging
from collections import OrderedDict
from collections.abc import Collection
from typing import Final, Literal, Protocol

from redirector.serve import answers
from redirector.serve.answers import PixelFormat
from redirector.serve.prepared import NEWER, Choice, PreparedLink, choice, redirect_of
from redirector.serve.ruled import ruled_link
from schemas.links import (
    RESERVED_PREFIXES,
    RESERVED_SLUGS,
    Link,
    LinkError,
    NewerLinkError,
    read_domain,
    slug_of_path,
)
from schemas.own_domains import destination_key, destinations_of, domain_led_to

PIXEL_PREFIX: Final = "/i/"
PIXEL_SUFFIXES: Final = (".gif", ".png", "")
"""What they are answered with: an image of that kind; without a suffix nothing, 204."""
_DOMAINS_KEPT: Final = 10_000
_DESTINATION_DOMAINS_KEPT: Final = 1_000
_NEWER_LOGGED: Final = 1000
"""Links whose newer form is named in the log, each once."""
_log: Final = logging.getLogger(__name__)
_HOPS: Final = 8
_FOLLOWED: Final = 200
"""Own links that are looked at for the destinations of one."""


class LoopError(LinkError):
    """A link that leads back to itself, perhaps over others: answering it would count one visit many times."""


class Links(Protocol):
    """What of the cache's links is used here."""

    def get(self, key: str) -> Link | None:
        """The link named `domain/slug`; None too for what can be no link's name. Raises NewerLinkError."""

    def has_domain(self, domain: str) -> bool:
        """Whether any link is of this domain."""

    def version(self) -> int:
        """Another number whenever any link changed."""

    def ready(self) -> bool:
        """Whether all links were here once."""


class Lookup:
    """Links by Host and path, prepared once and kept until any link changes.

    At most `keep` are kept, the longest-known leave first; paths that lead nowhere are not kept, so that
    guessing cannot push links out. What was made ready before a change is made ready anew when it is asked for:
    throwing all of it away at once would keep everybody waiting.
    """

    def __init__(
        self,
        links: Links,
        *,
        pixel_format: Literal["gif", "204"],
        keep: int,
        refresh_ms: int,
        now_ms: int,
        slash_domains: Collection[str] = (),
        scan_parameter: str = "",
    ) -> None:
        """`pixel_format` is what `.gif` is answered with.

        `slash_domains`: where `/a/` leads where `/a` does, if it has no link of its own. `scan_parameter` tells
        scans of a QR code, and goes to no destination.
        """
        self._links: Final = links
        formats: tuple[PixelFormat, ...] = (pixel_format, "png", "204")
        self._pixels: Final = {
            suffix: choice("pixel", answers.pixel(one), counted=True)
            for suffix, one in zip(PIXEL_SUFFIXES, formats, strict=True)
        }
        self._keep: Final = keep
        self._refresh_ms: Final = refresh_ms
        self._refresh_at_ms = now_ms + refresh_ms
        self._version = links.version()
        self._prepared: Final[OrderedDict[tuple[str, str], tuple[int, PreparedLink]]] = OrderedDict()
        """By Host and path, each with the version of the links that it was made of."""
        self._own_domains: Final[dict[str, bool]] = {}
        """Of domains that links lead to, whether they have links here, now."""
        self._domains: dict[str, str] = {}
        self._slash_domains: Final = frozenset(slash_domains)
        self._scan_parameter: Final = scan_parameter
        self._newer_logged: set[str] = set()
        self._loaded = False

    def find(self, host: str, path: str, now_ms: int) -> PreparedLink | None:
        """What `path` (starting with a slash, the query with it) leads to on `host`, as the header says it.

        None: nothing, or a path the redirector answers itself. Raises LinkError when the host is none, LoopError
        when the link leads back to itself.
        """
        if not 0 < self._refresh_at_ms - now_ms <= self._refresh_ms:
            self._refresh(now_ms)
        if "?" in path:
            path = path.partition("?")[0]
        known = self._prepared.get((host, path))
        return known[1] if known is not None and known[0] == self._version else self._prepare(host, path)

    def loaded(self) -> bool:
        """Whether all links were here once: before that, a link that is not here may well exist."""
        if not self._loaded:
            self._loaded = self._links.ready()
        return self._loaded

    def link(self, key: str) -> Link | None:
        """The link named `domain/slug`. Raises NewerLinkError when a newer release wrote it."""
        return self._links.get(key)

    def _refresh(self, now_ms: int) -> None:
        self._refresh_at_ms = now_ms + self._refresh_ms
        version = self._links.version()
        if version != self._version:
            self._version = version
            self._own_domains.clear()

    def _prepare(self, host: str, path: str) -> PreparedLink | None:
        domain = self._domain(host)
        slug = slug_of_path(path)
        pixel = None
        if is_pixel_path(path):
            suffix = next(filter(path.endswith, PIXEL_SUFFIXES))
            pixel = self._pixels[suffix]
            slug = slug_of_path("/" + path[len(PIXEL_PREFIX) :].removesuffix(suffix))
        elif slug in RESERVED_SLUGS or slug.startswith(RESERVED_PREFIXES):
            return None
        try:
            prepared = self._prepared_link(domain, slug, pixel)
        except NewerLinkError as error:
            prepared = self._newer(f"{domain}/{slug}", error)
        if prepared is None:
            return None
        place = (host, path)
        if len(self._prepared) >= self._keep and place not in self._prepared:
            self._prepared.popitem(last=False)  # a dict would look for its first among all that were deleted
        self._prepared[place] = (self._version, prepared)
        if host not in self._domains and len(self._domains) < _DOMAINS_KEPT:
            self._domains[host] = domain
        return prepared

    def _prepared_link(self, domain: str, slug: str, pixel: Choice | None) -> PreparedLink | None:
        link = self.link(f"{domain}/{slug}")
        if link is None and domain in self._slash_domains and slug.endswith("/"):
            link = self.link(f"{domain}/{slug[:-1]}")
        if link is None:
            return None
        if pixel is not None:
            return PreparedLink(kind="pixel", key=link.key, answer=pixel)
        if self._leads_back(link):
            raise LoopError(f"{link.key} leads back to itself")
        if link.rules is None and not (link.cache_s or link.click_id_parameter):
            return redirect_of(link)
        return ruled_link(link, self._scan_parameter)

    def _newer(self, key: str, error: NewerLinkError) -> PreparedLink:
        """Nothing but 503 can be said for a link that may hold a password, say, which this release cannot read."""
        if key not in self._newer_logged and len(self._newer_logged) < _NEWER_LOGGED:
            self._newer_logged.add(key)
            _log.error("%s is answered 503: %s", key, error)
        return PreparedLink(kind="click", key=key, answer=NEWER)

    def _domain(self, host: str) -> str:
        """`read_domain`, remembered for the hosts that links were prepared for."""
        return self._domains.get(host) or read_domain(host)

    def _leads_back(self, link: Link) -> bool:
        """Whether following a link may never leave our own: imports refuse such, but two at once may miss one."""
        return self._meets_a_ring(link, (link.key,), set())

    def _meets_a_ring(self, link: Link, passed: tuple[str, ...], clear: set[str]) -> bool:
        """`clear` are links from which no ring was found. What leads on too often, or too far, counts as a ring."""
        for destination in destinations_of(link):
            domain = domain_led_to(destination)
            if domain is None or not self._is_own(domain):
                continue
            key = destination_key(destination)
            if key is None or key in clear:
                continue
            if key in passed or len(passed) > _HOPS or len(clear) > _FOLLOWED:
                return True
            following = self.link(key)
            if following is not None and self._meets_a_ring(following, (*passed, key), clear):
                return True
            clear.add(key)
        return False

    def _is_own(self, domain: str) -> bool:
        """Whether a domain has links here: most destinations are on one that has none, and need no look each."""
        own = self._own_domains.get(domain)
        if own is None:
            own = self._links.has_domain(domain)
            if len(self._own_domains) < _DESTINATION_DOMAINS_KEPT:
                self._own_domains[domain] = own
        return own


def is_pixel_path(path: str) -> bool:
    """Whether a path is a link's pixel: `/i/{slug}`, `.gif` or `.png` behind it, the slug possibly empty."""
    return path.startswith(PIXEL_PREFIX)
