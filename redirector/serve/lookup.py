"""From a request's Host and path to a link, its answer, and the event that it makes."""

import logging
from collections.abc import Callable, Collection
from typing import Final, Literal, Protocol

import msgspec

from redirector.serve import answers
from redirector.serve.answers import Answer, PixelFormat
from redirector.serve.counts import Outcome
from redirector.serve.request_facts import RequestFacts
from schemas.events import Click, Event, Impression
from schemas.links import (
    RESERVED_PREFIXES,
    RESERVED_SLUGS,
    Link,
    LinkError,
    NewerLinkError,
    read_domain,
    slug_of_path,
)
from schemas.own_domains import destination_key

PIXEL_PREFIX: Final = "/i/"
PIXEL_SUFFIXES: Final = (".gif", ".png", "")
"""What they are answered with: an image of that kind; without a suffix nothing, 204."""
_NEVER_MS: Final = 2**63
_DOMAINS_KEPT: Final = 10_000
_NEWER_LOGGED: Final = 1000
"""Links whose newer form is named in the log, each once."""
_log: Final = logging.getLogger(__name__)
_HOPS: Final = 8


class LoopError(LinkError):
    """A link that leads back to itself, perhaps over others: answering it would count one visit many times."""


class Links(Protocol):
    """What of the cache's links is used here."""

    def get(self, key: str) -> Link | None:
        """The link named `domain/slug`; None too for what can be no link's name. Raises NewerLinkError."""

    def version(self) -> int:
        """Another number whenever any link changed."""

    def ready(self) -> bool:
        """Whether all links were here once."""


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One of the answers that a link can give, ready to be sent: `head` is `answers.head_bytes(answer)`.

    `counted`: it makes an event. `destination` is its place among the link's destinations.
    """

    outcome: Outcome
    answer: Answer
    head: bytes
    counted: bool = False
    destination: int = 0


def choice(outcome: Outcome, answer: Answer, *, counted: bool = False) -> Choice:
    """An answer made ready."""
    return Choice(outcome=outcome, answer=answer, head=answers.head_bytes(answer), counted=counted)


UNKNOWN: Final = choice("unknown_slug", answers.UNKNOWN)
NOT_LOADED: Final = choice("unavailable", answers.NOT_LOADED)
_EXPIRED: Final = choice("expired", answers.EXPIRED)
_NEWER: Final = choice("newer_link", answers.NEWER_LINK)


class Visit(msgspec.Struct, frozen=True, gc=False):
    """What comes of one request for a link or its pixel. No event: there is nothing to count."""

    choice: Choice
    event: Event | None


class PreparedLink(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a path of a domain leads to: a link (`click`) or a link's pixel, and the answers it chooses from."""

    kind: Literal["click", "pixel"]
    key: str
    answer: Choice
    expires_at_ms: int = _NEVER_MS

    def choose(self, request_facts: RequestFacts, now_ms: int) -> Choice:  # noqa: ARG002 - rules will choose by it
        """The answer to a request of which `request_facts` are known."""
        return self.answer if now_ms < self.expires_at_ms else _EXPIRED

    def visit(self, request_facts: RequestFacts, now_ms: int, new_click_id: Callable[[], str]) -> Visit:
        """The answer that somebody gets, and the event to keep of it; it gets its number where it is recorded."""
        choice = self.choose(request_facts, now_ms)
        if not choice.counted:
            return Visit(choice, None)
        if self.kind == "pixel":
            event = Impression(time_ms=now_ms, link=self.key, source="pixel", kind="served", **request_facts)
            return Visit(choice, event)
        click = Click(
            time_ms=now_ms,
            link=self.key,
            destination=choice.destination,
            click_id=new_click_id(),
            **request_facts,
        )
        return Visit(choice, click)


class Lookup:
    """Links by Host and path, prepared once and kept until any link changes.

    At most `keep` are kept, the longest-known leave first; paths that lead nowhere are not kept, so that
    guessing cannot push links out.
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
    ) -> None:
        """`pixel_format` is what `.gif` is answered with.

        `slash_domains`: where `/a/` leads where `/a` does, if it has no link of its own.
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
        self._prepared: dict[tuple[str, str], PreparedLink] = {}
        self._domains: dict[str, str] = {}
        self._slash_domains: Final = frozenset(slash_domains)
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
        prepared_link = self._prepared.get((host, path))
        return prepared_link if prepared_link is not None else self._prepare(host, path)

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
            self._prepared.clear()

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
        if len(self._prepared) >= self._keep:
            del self._prepared[next(iter(self._prepared))]
        self._prepared[host, path] = prepared
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
        return _redirect_of(link)

    def _newer(self, key: str, error: NewerLinkError) -> PreparedLink:
        """Nothing but 503 can be said for a link that may hold a password, say, which this release cannot read."""
        if key not in self._newer_logged and len(self._newer_logged) < _NEWER_LOGGED:
            self._newer_logged.add(key)
            _log.error("%s is answered 503: %s", key, error)
        return PreparedLink(kind="click", key=key, answer=_NEWER)

    def _domain(self, host: str) -> str:
        """`read_domain`, remembered for the hosts that links were prepared for."""
        return self._domains.get(host) or read_domain(host)

    def _leads_back(self, link: Link) -> bool:
        """Whether following a link never leaves our own: imports refuse such, but two at once may miss one."""
        passed = {link.key}
        while (key := destination_key(link.destination)) is not None:
            if key in passed or len(passed) > _HOPS:
                return True
            following = self.link(key)
            if following is None:
                return False
            passed.add(key)
            link = following
        return False


def is_pixel_path(path: str) -> bool:
    """Whether a path is a link's pixel: `/i/{slug}`, `.gif` or `.png` behind it, the slug possibly empty."""
    return path.startswith(PIXEL_PREFIX)


def _redirect_of(link: Link) -> PreparedLink:
    return PreparedLink(
        kind="click",
        key=link.key,
        answer=choice("redirected", answers.redirect(link.status, link.destination), counted=True),
        expires_at_ms=_NEVER_MS if link.expires_at_ms is None else link.expires_at_ms,
    )
