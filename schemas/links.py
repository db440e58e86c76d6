"""Links and their keys: which link a request, an import line or an event means."""

import re
from functools import lru_cache
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote

import idna
import msgspec
from msgspec import Meta

from schemas.destinations import URL_MAX_CHARS, destination_fault
from schemas.events import LINK_MAX_BYTES, ImpressionKind
from schemas.rules import NO_RULES, RULES_VERSION, LinkRules, read_rules, rules_fault

LINK_VERSION: Final = 2
"""The newest form of a link that this code reads. What each has that a reader must not ignore: 2, rules.

A link is written in the lowest form that says what it means: an older redirector then goes on with all links
but those that it would get wrong.
"""
TAGS_MAX: Final = 32
ORIGINS_MAX: Final = 32
RULES_MAX_BYTES: Final = 65_536
CACHE_MAX_S: Final = 365 * 24 * 3600

RESERVED_SLUGS: Final = frozenset({"healthz", "readyz"})
RESERVED_PREFIXES: Final = ("i/", "v1/")
"""Paths that the redirector answers itself; no link may take them."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

RedirectStatus = Literal[301, 302, 303, 307, 308]
Aim = Literal["", "awareness"]
Label = Annotated[str, Meta(max_length=256)]
Tag = Annotated[str, Meta(min_length=1, max_length=64)]
Origin = Annotated[str, Meta(max_length=300, description="https://host or https://host:port")]


class Rules(msgspec.Struct, frozen=True):
    """What chooses among several destinations, compiled by the console: version 1 is `schemas.rules.LinkRules`.

    A redirector that does not know version `v` must not answer for the link.
    """

    v: Annotated[int, Meta(ge=1)]
    compiled: dict[str, Any]

    def read(self) -> LinkRules:
        """What they say, of a version that this release applies. Raises msgspec.ValidationError."""
        return read_rules(self.compiled)


class Link(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A tracked short link, as the `links` topic, the link cache and the `links` table hold it.

    The topic's key is `key`; a record without a value deletes the link.
    """

    domain: Annotated[str, Meta(min_length=1, max_length=253)]
    slug: Annotated[str, Meta(max_length=LINK_MAX_BYTES)]
    destination: Annotated[str, Meta(min_length=1, max_length=URL_MAX_CHARS)]
    account: Label = ""
    title: Annotated[str, Meta(max_length=512)] = ""
    tags: Annotated[tuple[Tag, ...], Meta(max_length=TAGS_MAX)] = ()
    campaign: Label = ""
    post: Label = ""
    channel: Label = ""
    profile: Label = ""
    variant: Label = ""
    experiment: Label = ""
    post_id: Annotated[Label, Meta(description="the platform's id of the post that carries the link")] = ""
    post_url: Annotated[str, Meta(max_length=URL_MAX_CHARS)] = ""
    published_at_ms: int | None = None
    impressions: Annotated[
        ImpressionKind | Literal[""], Meta(description="the kind that CTR divides by; empty: the channel's default")
    ] = ""
    aim: Annotated[Aim, Meta(description="awareness: impressions lead, CTR is not judged")] = ""
    origins: Annotated[
        tuple[Origin, ...],
        Meta(max_length=ORIGINS_MAX, description="pages that may report impressions; empty: all"),
    ] = ()
    status: RedirectStatus = 302
    cache_s: Annotated[
        int,
        Meta(
            ge=0, le=CACHE_MAX_S, description="how long a browser may keep the redirect, which hides clicks; 0: not"
        ),
    ] = 0
    click_id_parameter: Annotated[
        str,
        Meta(
            max_length=64,
            pattern=r"^[A-Za-z0-9_.~-]*(?!\n)$",
            description="query parameter by which the destination gets the click's id, such as ct_click",
        ),
    ] = ""
    expires_at_ms: int | None = None
    rules: Rules | None = None
    created_at_ms: Annotated[int | None, Meta(description="when the link was made, where that is known")] = None
    archived_at_ms: Annotated[
        int | None, Meta(description="when it was put away: it redirects as before, lists leave it out")
    ] = None
    updated_at_ms: int = 0
    v: Annotated[int, Meta(ge=1, description="2 when the link has rules, else 1")] = 1

    @property
    def key(self) -> str:
        """`domain/slug`: the link's name everywhere."""
        return f"{self.domain}/{self.slug}"

    @property
    def said(self) -> LinkRules:
        """Its rules; those of a link without say nothing.

        Raises msgspec.ValidationError, but not for what `read_link` gave.
        """
        return NO_RULES if self.rules is None else self.rules.read()


class LinkError(ValueError):
    """A domain, slug, destination or origin that cannot be a link's; the message says why and what would do."""


class NewerLinkError(Exception):
    """A link in a newer form than this code reads: whatever is answered for it would be a guess."""


class _Form(msgspec.Struct):
    """Of a link in any form, what all forms have."""

    v: int = 1


_decode_link: Final = msgspec.json.Decoder(Link).decode
_decode_form: Final = msgspec.json.Decoder(_Form).decode


def read_link(value: bytes | memoryview) -> Link:
    """The link that a record of the topic or the cache holds, if nothing in it must be ignored to read it.

    Raises NewerLinkError for what a newer release wrote, msgspec.DecodeError for what is no link.
    """
    try:
        link = _decode_link(value)
    except msgspec.ValidationError:
        if (form := _decode_form(value).v) > LINK_VERSION:
            raise _newer_link(form) from None
        raise
    if link.v > LINK_VERSION:
        raise _newer_link(link.v)
    if link.rules is not None and link.rules.v > RULES_VERSION:
        raise NewerLinkError(
            f"its rules are version {link.rules.v}, this release applies {RULES_VERSION}: upgrade it"
        )
    try:
        link.said  # noqa: B018 - read to know that it can be
    except msgspec.ValidationError as error:
        raise NewerLinkError(
            f"its rules are not in the form of version {RULES_VERSION}, {error}: upgrade it, or write the link"
            " again"
        ) from error
    return link


def _newer_link(form: int) -> NewerLinkError:
    return NewerLinkError(f"the link is version {form}, this release reads {LINK_VERSION}: upgrade it")


def form_of(link: Link) -> int:
    """The lowest `v` with which this link may be written."""
    return 1 if link.rules is None else 2


@lru_cache(maxsize=1024)
def _in_ascii(host: str) -> str:
    """An international host as DNS knows it; 25 µs for one never seen, and a body may name one 5,000 times."""
    return idna.encode(host, uts46=True).decode("ascii")


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
            host = _in_ascii(host)
        except idna.IDNAError as error:
            raise LinkError(f"domain {text!r} is no international domain name: {error}") from error
    if any(character <= " " or character in "/?#@\\" for character in host):
        raise LinkError(f"domain {text!r} has a character that no host has: give it without scheme and path")
    return host


def read_origin(text: str) -> str:
    """A web page's origin as a browser sends it: scheme, host and, unless it is the scheme's own, port.

    Raises LinkError.
    """
    scheme, separator, rest = text.strip().partition("://")
    scheme = scheme.lower()
    own_port = {"https": "443", "http": "80"}.get(scheme)
    if not separator or own_port is None:
        raise LinkError(f"origin {text!r} has no scheme: write it like https://www.example.com")
    host = read_domain(rest)
    _, _, port = rest.rpartition("]")[2].partition(":")
    if port and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) < 2**16):
        raise LinkError(f"origin {text!r}: {port} is no port: leave it out for the usual one")
    return f"{scheme}://{host}" if port in {"", own_port} else f"{scheme}://{host}:{int(port)}"


def slug_of_path(path: str) -> str:
    """The slug that a request's path means: without leading slash and query, decoded once. `/a%20b?x=1` is `a b`.

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
    """Raise LinkError for a link that must not be written: the redirector could not serve it, or not as it says.

    That is a slug that is reserved, too long or has control characters; a destination or `post_url` that is no
    absolute URL; a tag twice; an origin not as browsers send it; a version other than `form_of`; rules too large.
    """
    if link.slug in RESERVED_SLUGS or link.slug.startswith(RESERVED_PREFIXES):
        raise LinkError(f"slug {link.slug!r} is a path the redirector answers itself: choose another")
    size = len(link.key.encode())
    if size > LINK_MAX_BYTES:
        raise LinkError(f"domain and slug together take {size} bytes, at most {LINK_MAX_BYTES} are possible")
    if _CONTROL.search(link.slug):
        raise LinkError(f"slug {link.slug!r} has a control character")
    _check_url("destination", link.destination)
    if link.post_url:
        _check_url("post_url", link.post_url)
    if len(set(link.tags)) < len(link.tags):
        raise LinkError(f"tags {', '.join(link.tags)}: one is there twice, keep one of them")
    for origin in link.origins:
        if read_origin(origin) != origin:
            raise LinkError(f"origin {origin!r} is not as browsers send it: write {read_origin(origin)}")
    if link.v != form_of(link):
        raise LinkError(
            f"version {link.v} of a link {'with' if link.rules else 'without'} rules: it is {form_of(link)}"
        )
    if link.rules is not None:
        _check_rules(link.rules)


def _check_rules(rules: Rules) -> None:
    if len(msgspec.json.encode(rules)) > RULES_MAX_BYTES:
        raise LinkError(f"rules take more than {RULES_MAX_BYTES} bytes with all variants: make them fewer")
    try:
        fault = rules_fault(rules.read())
    except msgspec.ValidationError as error:
        raise LinkError(f"rules are not in the form of version {RULES_VERSION}: {error}") from error
    if fault is not None:
        raise LinkError(fault)


def _check_url(name: str, url: str) -> None:
    fault = destination_fault(url)
    if fault is not None:
        raise LinkError(f"{name} {url!r} {fault}")
