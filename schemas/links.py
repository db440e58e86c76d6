"""Links and their keys: which link a request, an import line or an event means."""

from typing import Annotated, Final, Literal
from urllib.parse import unquote

import idna
import msgspec
from msgspec import Meta

from schemas.events import LINK_MAX_BYTES

RESERVED_SLUGS: Final = frozenset({"healthz", "readyz"})
RESERVED_PREFIXES: Final = ("i/", "v1/")
"""Paths that the redirector answers itself; no link may take them."""

RedirectStatus = Literal[301, 302, 303, 307, 308]
Label = Annotated[str, Meta(max_length=256)]


class Link(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A tracked short link, as the `links` topic, the link cache and the `links` table hold it.

    The topic's key is `key`; a record without a value deletes the link.
    """

    domain: Annotated[str, Meta(min_length=1, max_length=253)]
    slug: Annotated[str, Meta(max_length=LINK_MAX_BYTES)]
    destination: Annotated[str, Meta(min_length=1, max_length=8192)]
    campaign: Label = ""
    post: Label = ""
    channel: Label = ""
    profile: Label = ""
    variant: Label = ""
    status: RedirectStatus = 302
    expires_at_ms: int | None = None
    updated_at_ms: int = 0
    v: int = 1

    @property
    def key(self) -> str:
        """`domain/slug`: the link's name everywhere."""
        return f"{self.domain}/{self.slug}"


class LinkError(ValueError):
    """A domain, slug or destination that cannot be a link's; the message says why and what would do."""


def read_domain(text: str) -> str:
    """A host as its owner or a Host header writes it, in the one form that keys use.

    Lower case, no port, no final dot, international names in their ASCII form. Raises LinkError.
    """
    host = text.strip().lower()
    if host.startswith("["):
        end = host.find("]")
        if end < 0:
            raise LinkError(f"domain {text!r}: an IPv6 address lacks its closing bracket")
        return host[: end + 1]
    host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        raise LinkError(f"domain {text!r}: after a colon comes a port; give no scheme, and an IPv6 address in [ ]")
    host = host.rstrip(".")
    if not host:
        raise LinkError("the domain is empty: give the host that serves the link, such as go.example")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise LinkError(f"domain {text!r} is no international domain name: {error}") from error
    if any(character <= " " or character in "/?#@\\" for character in host):
        raise LinkError(f"domain {text!r} has a character that no host has: give it without scheme and path")
    return host


def slug_of_path(path: str) -> str:
    """The slug that a request path means, given without its leading slash's rest: `/a%20b?x=1` is `a b`.

    A path that is not UTF-8 once decoded keeps its escapes, so that no two paths fall together.
    """
    slug = path.partition("?")[0].removeprefix("/")
    if "%" not in slug:
        return slug
    try:
        return unquote(slug, errors="strict")
    except UnicodeDecodeError:
        return slug


def check_link(link: Link) -> None:
    """Raise LinkError when a link could never be served: reserved or too long a slug, no absolute destination."""
    if link.slug in RESERVED_SLUGS or link.slug.startswith(RESERVED_PREFIXES):
        raise LinkError(f"slug {link.slug!r} is a path the redirector answers itself: choose another")
    size = len(link.key.encode())
    if size > LINK_MAX_BYTES:
        raise LinkError(f"domain and slug together take {size} bytes, at most {LINK_MAX_BYTES} are possible")
    if any(character < " " or character == "\x7f" for character in link.slug):
        raise LinkError(f"slug {link.slug!r} has a control character")
    scheme, colon, rest = link.destination.partition(":")
    if not (colon and rest and scheme.isascii() and scheme[:1].isalpha()):
        raise LinkError(f"destination {link.destination!r} is no absolute URL: start it with https://")
    if scheme.lower() in {"javascript", "data", "vbscript"}:
        raise LinkError(f"destination {link.destination!r} would run as a script in the browser")
    if any(character <= " " or character == "\x7f" for character in link.destination):
        raise LinkError(f"destination {link.destination!r} has a space or control character: percent-encode it")
